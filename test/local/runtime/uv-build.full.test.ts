import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRuntime, type LocalBuildRuntime } from '../../../src/local/runtime/build/build-runtime.ts';
import { findPython } from '../../../src/project/python.ts';
import { ensureUv } from '../../../src/project/uv.ts';
import { sourceOf } from './run-setup.ts';
import { packageRoot } from './sql-setup.ts';

const PROJECT = `[project]
name = "small"
version = "0"
requires-python = ">=3.11"
dependencies = ["idna==3.10"]
[dependency-groups]
dev = ["iniconfig==2.0.0"]
[tool.uv]
package = false
`;

describe('a build with pyproject.toml and uv.lock', () => {
  let folder: string;
  let builds: LocalBuildRuntime;
  let files: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-uv-build-'));
    const python = await findPython(process.env);
    const cache = join(folder, 'cache');
    const uv = await ensureUv({
      env: process.env,
      cache,
      requirements: join(packageRoot, 'src/templates/tools/uv.txt'),
      python: async () => python,
    });
    const environments = {
      folder: join(folder, 'environments'),
      uv: async () => uv,
      python: async () => python,
      env: process.env,
    };
    builds = buildRuntime({ folder: join(folder, 'builds'), environments, inUse: () => new Set() });
    await writeFile(join(folder, 'pyproject.toml'), PROJECT);
    execFileSync(uv, ['lock', '--quiet', '--python', python.path], { cwd: folder });
    files = {
      Dockerfile: 'FROM python:3.13\n',
      'app.py': 'import idna\n',
      'pyproject.toml': PROJECT,
      'uv.lock': await readFile(join(folder, 'uv.lock'), 'utf8'),
    };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const build = async (changes: Record<string, string>) => {
    const lines: string[] = [];
    const source = await sourceOf({ ...files, ...changes });
    const request = {
      id: '1',
      image: 'h/p/r/n:t',
      source: Readable.from([source]),
      dockerfile: 'Dockerfile',
      log: (line: string) => void lines.push(line),
      signal: new AbortController().signal,
    };
    return { ...(await builds.build(request)), lines: lines.join('\n') };
  };

  it('has what the lock names, without the development group; a change of the sources makes no new environment', async () => {
    const first = await build({});
    const built = builds.find(first.digest);
    const python = join(built?.path[0] ?? '', 'python');
    expect(execFileSync(python, ['-c', 'import idna; print(idna.__version__)'], { encoding: 'utf8' })).toBe('3.10\n');
    expect(() => execFileSync(python, ['-c', 'import iniconfig'], { stdio: 'ignore' })).toThrow();
    const second = await build({ 'app.py': 'import idna, sys\n' });
    expect(second.digest).not.toBe(first.digest);
    expect(second.lines).toContain('is there already');
    expect(builds.find(second.digest)?.path).toEqual(built?.path);
  });

  it('fails with uv’s own words when the lock does not fit the project', async () => {
    await expect(build({ 'pyproject.toml': PROJECT.replace('idna==3.10', 'idna==3.9') })).rejects.toThrow(
      /uv sync failed[\s\S]*lock/,
    );
  });

  it('fails when the project wants another Python', async () => {
    const other = {
      'pyproject.toml': PROJECT.replace('>=3.11', '>=3.99'),
      'uv.lock': (files['uv.lock'] ?? '').replace('>=3.11', '>=3.99'),
    };
    await expect(build(other)).rejects.toThrow(/uv sync failed[\s\S]*3\.99/);
  });
});
