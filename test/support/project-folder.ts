import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../../src/project/cache-folder.ts';
import { ensureLock } from '../../src/project/lock.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';
import { cleanEnvironment, packageRoot, temporaryFolder } from './program.ts';

/**
 * A folder with a lock of the template's packages in it, as a first `init` leaves it. Made with the machine's own network settings:
 * in a test that sends the program's https through a simulator, uv could not reach the package index.
 */
export async function lockedFolder(name = 'mlflow'): Promise<string> {
  const folder = temporaryFolder();
  const template = await readFile(path.join(packageRoot, 'src/templates/project/pyproject.toml'), 'utf8');
  await writeFile(path.join(folder, 'pyproject.toml'), template.replaceAll(/\{\{ *name *\}\}/g, name));
  await mkdir(path.join(folder, '.mlflow-gcp'));
  const env = { ...cleanEnvironment(), PATH: process.env['PATH'] };
  const cache = cacheFolder(process.env);
  const requirements = path.join(packageRoot, 'src/templates/tools/uv.txt');
  await ensureLock(folder, { env, uv: () => ensureUv({ env, cache, requirements, python: () => findPython(env) }) });
  const fresh = temporaryFolder();
  await mkdir(path.join(fresh, '.mlflow-gcp'));
  for (const file of ['uv.lock', '.mlflow-gcp/locked.json']) await copyFile(path.join(folder, file), path.join(fresh, file));
  return fresh;
}
