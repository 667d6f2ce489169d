import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/project/cache-folder.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../..');

/**
 * The folder of a Python environment with exactly what `src/templates/project/pyproject.toml` pins; its programs are in `bin`. It is kept in
 * the user's cache under a hash of that file, so that only the first run pays for it; two runs may make it at once.
 */
export async function serverEnvironment(): Promise<string> {
  const manifest = path.join(ROOT, 'src/templates/project/pyproject.toml');
  const python = await findPython(process.env);
  const text = await readFile(manifest, 'utf8');
  const hash = createHash('sha256').update(`${python.path}\n${python.version}\n${text}`).digest('hex').slice(0, 16);
  const cache = path.join(cacheFolder(process.env), 'test-environments');
  const folder = path.join(cache, hash);
  if (await exists(path.join(folder, 'bin', 'python'))) return folder;

  await mkdir(cache, { recursive: true });
  const workplace = await mkdtemp(path.join(cache, 'new-'));
  try {
    await cp(manifest, path.join(workplace, 'pyproject.toml'));
    const requirements = path.join(ROOT, 'src/templates/tools/uv.txt');
    const uv = await ensureUv({ env: process.env, cache, requirements, python: async () => python });
    const options = { cwd: workplace, env: { ...process.env, UV_PYTHON: python.path, UV_PYTHON_DOWNLOADS: 'never' } };
    await run(uv, ['lock', '--quiet'], options);
    await run(uv, ['venv', '--quiet', '--relocatable'], options);
    await run(uv, ['sync', '--quiet', '--locked', '--no-dev', '--compile-bytecode'], options);
    await moveIntoPlace(path.join(workplace, '.venv'), folder);
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
  return folder;
}

async function moveIntoPlace(made: string, folder: string): Promise<void> {
  try {
    await rename(made, folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
