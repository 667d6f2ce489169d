import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { cacheFolder } from '../../src/project/cache-folder.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';
import { startChecked } from '../simulator/services/checked-simulator.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../..');
const PACKAGES = [
  'google-cloud-secret-manager==2.32.0',
  'google-cloud-storage==3.17.1',
  'google-auth==2.62.2',
  'google-api-core==2.44.0',
];

/** The python of an environment with Google's libraries; kept in the user's cache under a hash of what is in it. */
async function librariesPython(): Promise<string> {
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

test('Google’s Python libraries for storage and secrets work over REST through the proxy', async () => {
  const python = await librariesPython();
  const sim = await startChecked(['secretmanager']);
  try {
    const { stdout } = await run(python, [path.join(import.meta.dirname, 'google-libraries.py')], {
      env: {
        PATH: process.env['PATH'],
        HOME: sim.dataDir,
        PROJECT: sim.project.projectId,
        HTTPS_PROXY: sim.url,
        NO_PROXY: '127.0.0.1,localhost',
        REQUESTS_CA_BUNDLE: sim.ca,
      },
      timeout: 120_000,
    });
    const { storage, secrets } = JSON.parse(stdout);
    expect(storage).toEqual({
      same: true,
      part: 'again',
      before: 'hello there',
      names: ['dir/large.bin', 'dir/small.txt'],
      copies: ['copies/one', 'copies/two'],
      refused: 412,
      viewers: ['user:a@example.com'],
      labels: { a: 'b' },
      location: 'EUROPE-WEST1',
      gone: 404,
    });
    expect(secrets).toEqual({
      name: `projects/${sim.project.projectNumber}/secrets/pw`,
      data: Buffer.from('hush \xff', 'latin1').toString('hex'),
      checksum: expect.any(Number),
      states: ['DISABLED', 'DESTROYED'],
      refused: 400,
      twice: 409,
      latest: 'second',
      versions: ['ENABLED', 'DESTROYED'],
      members: ['user:a@example.com'],
      labels: { c: 'd' },
      left: [],
    });
    expect(sim.bugs).toEqual([]);
  } finally {
    await sim.remove();
  }
});
