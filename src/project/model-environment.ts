import { createHash } from 'node:crypto';
import { access, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { temporaryFolder } from './cache-folder.ts';
import type { Python } from './python.ts';
import { type Environment, lastLines, runTool } from './tool.ts';

export interface ModelEnvironmentOptions {
  /** The user's own environment, their proxies and index settings among it. */
  env: Environment;
  cache: string;
  /** Pinned requirements file, with hashes. */
  requirements: string;
  python: Python;
  /** Gives the uv to use; asked only when there is something to install. */
  uv: () => Promise<string>;
  progress?: (detail: string) => void;
  signal?: AbortSignal;
}

/**
 * Returns the folder of a Python environment that holds exactly what `requirements` names. It is kept in `cache` under a hash of the
 * file and of the interpreter, so it is made once, and anew after an upgrade of either. It is built aside and moved into place whole:
 * an interrupted run leaves none that is half full, and two processes may do it at once.
 *
 * Throws a {@link UserError}: MODEL_ENVIRONMENT_FAILED, CACHE_NOT_WRITABLE, or what `uv` throws.
 */
export async function ensureModelEnvironment(options: ModelEnvironmentOptions): Promise<string> {
  const folder = path.join(options.cache, `model-${await key(options)}`);
  // Follows the link to the interpreter: an environment whose Python was uninstalled is not taken.
  if (await exists(interpreter(folder))) return folder;
  const uv = await options.uv();
  options.progress?.('installing Python packages');
  const aside = await temporaryFolder(options.cache);
  try {
    await run(
      uv,
      ['venv', '--quiet', '--relocatable', '--no-project', '--allow-existing', '--python', options.python.path, aside],
      options,
    );
    // Wheels alone: nothing is compiled on this machine, and a Python too new for the pins is told so at once.
    const install = ['pip', 'install', '--quiet', '--only-binary', ':all:', '--require-hashes', '--python', interpreter(aside)];
    await run(uv, [...install, '--requirements', options.requirements], options);
    await moveInto(folder, aside);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return folder;
}

export function interpreter(folder: string): string {
  return path.join(folder, 'bin', 'python');
}

async function key({ requirements, python }: ModelEnvironmentOptions): Promise<string> {
  const hash = createHash('sha256').update(await readFile(requirements));
  return hash.update(`\n${python.path}\n${python.version}`).digest('hex').slice(0, 16);
}

async function run(uv: string, args: string[], options: ModelEnvironmentOptions): Promise<void> {
  // From inside the cache, so that no uv project of the current folder takes part.
  const result = await runTool(uv, args, {
    env: options.env,
    cwd: options.cache,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (result.ok) return;
  throw new UserError({
    code: 'MODEL_ENVIRONMENT_FAILED',
    message: `The Python packages of the model could not be installed for Python ${options.python.version}:\n${lastLines(result.stderr, 8)}`,
    hint: 'Check the network and uv’s own settings (HTTPS_PROXY, UV_DEFAULT_INDEX) and run the command again; a Python too new for the packages is avoided with MLFLOW_GCP_PYTHON.',
  });
}

async function moveInto(folder: string, aside: string): Promise<void> {
  try {
    await rename(aside, folder);
  } catch (error) {
    // Another process was faster: what it made is the same.
    if (await exists(interpreter(folder))) return;
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await rm(folder, { recursive: true, force: true });
    await rename(aside, folder);
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
