import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';
import { type Environment, lastLines, runTool } from './tool.ts';

/** Hash of the pyproject.toml that uv.lock was last made from. */
const RECORD = '.mlflow-gcp/locked.json';

export interface LockOptions {
  /** The user's own environment: package indexes and proxies of theirs apply. */
  env: Environment;
  /** Asked for only when there is something to lock. */
  uv: () => Promise<string>;
  progress?: (detail: string) => void;
  signal?: AbortSignal;
}

/**
 * Makes `uv.lock` in the project folder where it is missing, or where `pyproject.toml` changed since. pyproject.toml pins every
 * package of the tree, so the lock has the same versions wherever it is made. Says whether it was made.
 * Throws a {@link UserError} LOCK_FAILED with uv's last lines. https://docs.astral.sh/uv/concepts/projects/sync/
 */
export async function ensureLock(folder: string, options: LockOptions): Promise<boolean> {
  const hash = createHash('sha256')
    .update(await readFile(path.join(folder, 'pyproject.toml')))
    .digest('hex');
  if ((await lockedHash(folder)) === hash) return false;
  options.progress?.('locking the packages');
  const uv = await options.uv();
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const result = await runTool(uv, ['lock', '--no-progress'], { env: options.env, cwd: folder, ...signal });
  if (!result.ok) throw lockFailed(folder, lastLines(result.stderr, 6));
  await mkdir(path.join(folder, path.dirname(RECORD)), { recursive: true });
  await writeFile(path.join(folder, RECORD), `${JSON.stringify({ pyproject: hash })}\n`);
  return true;
}

/** Whether the folder has a lock of ours, of whatever age. */
export async function isLocked(folder: string): Promise<boolean> {
  return (await lockedHash(folder)) !== undefined;
}

/** The version of a package in the folder's uv.lock; undefined where it is not in there. https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile */
export async function lockedVersion(folder: string, name: string): Promise<string | undefined> {
  const text = await readFile(path.join(folder, 'uv.lock'), 'utf8').catch(() => '');
  return new RegExp(`^name = "${name}"\\r?\\nversion = "([^"]+)"`, 'm').exec(text)?.[1];
}

async function lockedHash(folder: string): Promise<string | undefined> {
  try {
    await readFile(path.join(folder, 'uv.lock'));
    return (JSON.parse(await readFile(path.join(folder, RECORD), 'utf8')) as { pyproject?: string }).pyproject;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function lockFailed(folder: string, lines: string): UserError {
  return new UserError({
    code: 'LOCK_FAILED',
    message: `uv could not lock the packages of ${path.join(folder, 'pyproject.toml')}:\n${lines}`,
    hint: 'Check pyproject.toml and that the package index can be reached (UV_DEFAULT_INDEX names another one), then run the same command again.',
  });
}
