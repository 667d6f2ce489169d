import { mkdir, mkdtemp, readdir, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder, temporaryFolder } from '../../src/project/cache-folder.ts';

test('the cache is where the user says', () => {
  expect(cacheFolder({ MLFLOW_GCP_HOME: '/srv/home', XDG_CACHE_HOME: '/x' })).toBe('/srv/home/cache');
  expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/mlflow-gcp');
  expect(cacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/home/ann' })).toMatch(/^\/home\/ann\/.*mlflow-gcp$/);
});

test('what a killed process left behind goes after a day; what another one is making stays', async () => {
  const cache = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-cache-'));
  for (const name of ['new-old', 'new-young', 'model-old']) await mkdir(path.join(cache, name));
  const long = new Date(Date.now() - 25 * 60 * 60_000);
  for (const name of ['new-old', 'model-old']) await utimes(path.join(cache, name), long, long);
  const made = path.basename(await temporaryFolder(cache));
  expect((await readdir(cache)).sort()).toEqual(['model-old', made, 'new-young'].sort());
});
