import { homedir } from 'node:os';
import path from 'node:path';
import type { Environment } from './tool.ts';

/**
 * Absolute path of the folder for what can be made again: Python environments and uv. `XDG_CACHE_HOME` decides where it is, as the
 * XDG base directory specification says (https://specifications.freedesktop.org/basedir-spec/latest/); relative values are ignored, as there.
 */
export function cacheFolder(env: Environment): string {
  const home = env['HOME'] || homedir();
  const set = env['XDG_CACHE_HOME'];
  if (set && path.isAbsolute(set)) return path.join(set, 'mlflow-gcp');
  return process.platform === 'darwin'
    ? path.join(home, 'Library', 'Caches', 'mlflow-gcp')
    : path.join(home, '.cache', 'mlflow-gcp');
}
