import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildFailed } from '../../runtime-port.ts';

export interface EnvironmentOptions {
  /** Holds one folder for each lock. */
  folder: string;
  /** Path of a working uv. */
  uv(): Promise<string>;
  python(): Promise<{ path: string; version: string }>;
  /** The user's own environment: proxies and index settings for uv. */
  env: Readonly<Record<string, string | undefined>>;
}

/** Left in an environment that is whole. */
const COMPLETE = '.complete';
const LAST_LINES = 15;

/**
 * The Python environment that `pyproject.toml` and `uv.lock` in `source` describe, made by uv the first time; later sources with the same
 * lock share it. Returns its name in the folder. Throws {@link BuildFailed} with uv's last lines.
 */
export async function lockedEnvironment(
  source: string,
  options: EnvironmentOptions,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const files = await Promise.all(
    ['pyproject.toml', 'uv.lock'].map((file) => readFile(join(source, file)).catch(() => missing(file))),
  );
  const python = await options.python();
  const name = environmentName(files, python);
  const target = join(options.folder, name);
  if (existsSync(join(target, COMPLETE))) {
    log(`The environment of this uv.lock is there already (Python ${python.version}).`);
    return name;
  }
  // Programs in an environment hold its path, so it is made in its place; what a kill left of an earlier try goes.
  await rm(target, { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  log(`Installing what uv.lock names, with Python ${python.version}.`);
  await syncWithUv(await options.uv(), ['--python', python.path], { source, target, env: options.env, log, signal });
  await writeFile(join(target, COMPLETE), '');
  return name;
}

function environmentName(files: Buffer[], python: { path: string; version: string }): string {
  const name = createHash('sha256').update(JSON.stringify([process.platform, process.arch, python.path, python.version]));
  for (const file of files) name.update(file);
  return name.digest('hex').slice(0, 24);
}

function missing(file: string): never {
  throw new BuildFailed(
    `The source has no ${file}. The local target builds the environment from pyproject.toml and uv.lock: run "uv lock" in the project folder.`,
  );
}

interface Sync {
  source: string;
  target: string;
  env: EnvironmentOptions['env'];
  log(line: string): void;
  signal: AbortSignal;
}

async function syncWithUv(uv: string, python: string[], { source, target, env, log, signal }: Sync): Promise<void> {
  const { execa } = await import('execa');
  // Unlike in the image, bytecode is not compiled in advance: here the server writes it at its first start, for the quarter of the modules
  // that it loads. That start takes some three seconds longer, and the build a twentieth of its time.
  const child = execa(uv, ['sync', '--locked', '--no-dev', '--no-install-project', '--no-progress', ...python], {
    cwd: source,
    env: {
      ...env,
      VIRTUAL_ENV: undefined,
      UV_PROJECT: undefined,
      UV_PROJECT_ENVIRONMENT: target,
      UV_PYTHON_DOWNLOADS: 'never',
    },
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
    cancelSignal: signal,
  });
  const lines: string[] = [];
  for await (const line of child.iterable({ from: 'all' })) {
    log(line);
    lines.push(line);
  }
  const result = await child;
  signal.throwIfAborted();
  if (result.failed)
    throw new BuildFailed([`uv sync failed (exit status ${result.exitCode}):`, ...lines.slice(-LAST_LINES)].join('\n'));
}

/** Compiles the sources in place, so that nothing has to be written when they are run. Faults in them show when they run. */
export async function compileSources(environment: string, source: string): Promise<void> {
  const { execa } = await import('execa');
  await execa(join(environment, 'bin', 'python'), ['-m', 'compileall', '-q', '.'], {
    cwd: source,
    stdin: 'ignore',
    reject: false,
  });
}
