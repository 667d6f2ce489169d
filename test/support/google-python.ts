import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../src/project/cache-folder.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../..');
const PACKAGES = [
  'google-cloud-secret-manager==2.32.0',
  'google-cloud-storage==3.17.1',
  'google-auth==2.62.2',
  'google-api-core==2.44.0',
];

/** The python of an environment with Google's libraries; kept in the user's cache under a hash of what is in it. */
export async function librariesPython(): Promise<string> {
  const python = await findPython(process.env);
  const hash = createHash('sha256')
    .update([python.path, python.version, ...PACKAGES].join('\n'))
    .digest('hex')
    .slice(0, 16);
  const cache = path.join(cacheFolder(process.env), 'test-environments');
  const folder = path.join(cache, `libraries-${hash}`);
  const program = path.join(folder, 'bin', 'python');
  if (await exists(program)) return program;
  await mkdir(cache, { recursive: true });
  const workplace = await mkdtemp(path.join(cache, 'new-'));
  try {
    const requirements = path.join(ROOT, 'src/templates/tools/uv.txt');
    const uv = await ensureUv({ env: process.env, cache, requirements, python: async () => python });
    const made = path.join(workplace, 'venv');
    await run(uv, ['venv', '--quiet', '--relocatable', '--python', python.path, made]);
    await run(uv, ['pip', 'install', '--quiet', '--python', path.join(made, 'bin', 'python'), ...PACKAGES]);
    await rename(made, folder).catch(async (error: unknown) => {
      // Another run was faster.
      if (!(await exists(program))) throw error;
    });
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
  return program;
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
