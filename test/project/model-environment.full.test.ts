import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureModelEnvironment, interpreter, type ModelEnvironmentOptions } from '../../src/project/model-environment.ts';
import { findPython } from '../../src/project/python.ts';
import { ensureUv } from '../../src/project/uv.ts';
import { modelRequirements, templates } from '../model/model-environment.ts';

const { env } = process;
let given: ModelEnvironmentOptions;

beforeAll(async () => {
  const cache = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-cache-'));
  const python = await findPython(env);
  const { PATH: _path, ...withoutPath } = env;
  // No uv on PATH, so that the real installation is tried.
  const uv = () =>
    ensureUv({
      env: { ...withoutPath, PATH: '/usr/bin:/bin' },
      cache,
      requirements: path.join(templates, 'tools/uv.txt'),
      python: async () => python,
    });
  given = { env, cache, requirements: modelRequirements, python, uv };
});

describe('ensureModelEnvironment', () => {
  test('two at once install uv and the packages, and both get the one whole environment', async () => {
    const [one, two] = await Promise.all([ensureModelEnvironment(given), ensureModelEnvironment(given)]);
    expect(one).toBe(two);
    expect((await readdir(given.cache)).sort()).toEqual([path.basename(one), 'uv-0.13.9']);
    const version = execFileSync(interpreter(one), ['-c', 'import mlflow, sklearn, matplotlib; print(mlflow.__version__)'], {
      encoding: 'utf8',
    });
    expect(version.trim()).toBe('3.17.2');
  });

  test('is not asked for twice, and made anew when its interpreter is gone', async () => {
    const folder = await ensureModelEnvironment({ ...given, uv: () => expect.unreachable('it is there') });
    await rm(interpreter(folder));
    await symlink('/nowhere/python3', interpreter(folder));
    expect(await ensureModelEnvironment(given)).toBe(folder);
    execFileSync(interpreter(folder), ['-c', 'import mlflow']);
  });

  test('says what could not be installed, and leaves nothing behind', async () => {
    const requirements = path.join(given.cache, 'requirements.txt');
    await writeFile(requirements, `pandas==3.1.1 --hash=sha256:${'0'.repeat(64)}\n`);
    const failing = ensureModelEnvironment({ ...given, requirements });
    await expect(failing).rejects.toMatchObject({ code: 'MODEL_ENVIRONMENT_FAILED', message: expect.stringMatching(/hash/i) });
    expect((await readdir(given.cache)).filter((name) => name.startsWith('new-'))).toEqual([]);
  });
});
