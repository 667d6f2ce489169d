import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { UserError } from '../errors.ts';
import type { Environment } from './tool.ts';

const TEMPORARY = 'new-';
const FORGOTTEN_MS = 24 * 60 * 60_000;

/**
 * Absolute path of the folder for what can be made again: Python environments and uv. With `MLFLOW_GCP_HOME`, all that the program keeps
 * lies there; else `XDG_CACHE_HOME` decides, as the XDG base directory specification says
 * (https://specifications.freedesktop.org/basedir-spec/latest/); relative values are ignored, as there.
 */
export function cacheFolder(env: Environment): string {
  const own = env['MLFLOW_GCP_HOME'];
  if (own) return path.resolve(own, 'cache');
  const set = env['XDG_CACHE_HOME'];
  if (set && path.isAbsolute(set)) return path.join(set, 'mlflow-gcp');
  const home = env['HOME'] || homedir();
  return process.platform === 'darwin'
    ? path.join(home, 'Library', 'Caches', 'mlflow-gcp')
    : path.join(home, '.cache', 'mlflow-gcp');
}

/**
 * A new folder inside the cache, which is made first when missing. Those that killed processes left behind are removed after a day.
 * Throws a {@link UserError} CACHE_NOT_WRITABLE.
 */
export async function temporaryFolder(cache: string): Promise<string> {
  return writing(cache, async () => {
    await removeForgotten(cache);
    return mkdtemp(path.join(cache, TEMPORARY));
  });
}

async function removeForgotten(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const folder = path.join(cache, name);
    const made = (await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - made > FORGOTTEN_MS) await rm(folder, { recursive: true, force: true });
  }
}

/** Puts a file into the cache, whole at any moment for those who read it. Returns its path. Throws a {@link UserError} CACHE_NOT_WRITABLE. */
export async function cachedFile(cache: string, name: string, text: string): Promise<string> {
  const file = path.join(cache, name);
  const beside = `${file}.${randomBytes(4).toString('hex')}`;
  return writing(cache, async () => {
    await writeFile(beside, text);
    await rename(beside, file);
    return file;
  });
}

async function writing<T>(cache: string, work: () => Promise<T>): Promise<T> {
  try {
    await mkdir(cache, { recursive: true });
    return await work();
  } catch (cause) {
    throw new UserError({
      code: 'CACHE_NOT_WRITABLE',
      message: `Nothing can be written to ${cache} (${(cause as NodeJS.ErrnoException).code}).`,
      hint: 'Free some space or mend the permissions of that folder, or name another one: XDG_CACHE_HOME=/path/to/folder',
      cause,
    });
  }
}
