import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { temporaryFolder } from './cache-folder.ts';
import type { Python } from './python.ts';
import { type Environment, lastLines, runTool } from './tool.ts';

// The first with all that is used here: locking for every platform, hashes, tool.uv.constraint-dependencies, relocatable environments.
export const OLDEST_UV = [0, 5, 0] as const;
const ASK_SECONDS = 20;

export interface UvOptions {
  /** The user's own environment, their proxies and index settings among it. */
  env: Environment;
  /** Where our own uv is kept; made when missing. */
  cache: string;
  /** Pinned requirements file with uv alone. */
  requirements: string;
  /** Asked only when uv has to be installed. */
  python: () => Promise<Python>;
  /** Told what takes time. */
  progress?: (detail: string) => void;
  signal?: AbortSignal;
}

/**
 * Returns the path of a working uv: the one on PATH if it is new enough, else ours, which is installed into `cache` with
 * `python3 -m venv` and pip the first time. Two processes may do so at once: the program is moved into place whole.
 *
 * Throws a {@link UserError}: PYTHON_VENV_MISSING, UV_INSTALL_FAILED, CACHE_NOT_WRITABLE, or what `python` throws.
 */
export async function ensureUv(options: UvOptions): Promise<string> {
  if (await works('uv', options)) return 'uv';
  const pin = /^uv==([\w.]+)/m.exec(await readFile(options.requirements, 'utf8'))?.[1] ?? 'unpinned';
  const ours = path.join(options.cache, `uv-${pin}`, 'uv');
  if (await works(ours, options)) return ours;
  options.progress?.(`installing uv ${pin}`);
  await install(ours, options);
  return ours;
}

async function works(uv: string, { env, signal }: UvOptions): Promise<boolean> {
  const result = await runTool(uv, ['--version'], { env, timeoutSeconds: ASK_SECONDS, ...(signal ? { signal } : {}) });
  const version = /^uv (\d+)\.(\d+)\.(\d+)/.exec(result.stdout)?.slice(1).map(Number);
  if (!result.ok || !version) return false;
  const at = version.findIndex((part, index) => part !== OLDEST_UV[index]);
  return at < 0 || (version[at] ?? 0) > (OLDEST_UV[at] ?? 0);
}

async function install(target: string, options: UvOptions): Promise<void> {
  const python = await options.python();
  const workplace = await temporaryFolder(options.cache);
  try {
    await step(python.path, ['-m', 'venv', workplace], options, venvFailed);
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--require-hashes',
    ];
    await step(path.join(workplace, 'bin', 'python'), [...pip, '-r', options.requirements], options, pipFailed);
    // uv is one program that needs nothing beside it, so the environment that brought it can go.
    await mkdir(path.dirname(target), { recursive: true });
    const whole = path.join(workplace, 'uv');
    await copyFile(path.join(workplace, 'bin', 'uv'), whole);
    await rename(whole, target);
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

async function step(file: string, args: string[], options: UvOptions, failed: (output: string) => UserError): Promise<void> {
  const { PYTHONHOME: _home, PYTHONPATH: _path, ...env } = options.env;
  const result = await runTool(file, args, { env, cwd: options.cache, ...(options.signal ? { signal: options.signal } : {}) });
  if (!result.ok) throw failed(lastLines(`${result.stdout}\n${result.stderr}`, 5));
}

function venvFailed(output: string): UserError {
  return new UserError({
    code: 'PYTHON_VENV_MISSING',
    message: `Python could not make a virtual environment: ${output}`,
    hint: 'Install the missing part (Debian, Ubuntu: apt install python3-venv), or install uv: https://docs.astral.sh/uv/getting-started/installation/',
  });
}

function pipFailed(output: string): UserError {
  return new UserError({
    code: 'UV_INSTALL_FAILED',
    message: `pip could not install uv: ${output}`,
    hint: 'Check the network and pip’s own settings (HTTPS_PROXY, PIP_INDEX_URL), or install uv: https://docs.astral.sh/uv/getting-started/installation/',
  });
}
