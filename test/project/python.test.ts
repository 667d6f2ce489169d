import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { UsageError, UserError } from '../../src/errors.ts';
import { findPython } from '../../src/project/python.ts';
import { fakePath, fakePython } from './fake-path.ts';

async function failure(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('findPython', () => {
  test('takes python3 when it is new enough', async () => {
    const PATH = await fakePath({ python3: fakePython('3.11.0'), 'python3.13': fakePython('3.13.1') });
    expect(await findPython({ PATH })).toEqual({ path: '/opt/python/3.11.0/bin/python3', version: '3.11.0' });
  });

  test('takes the newest named one when python3 is too old or broken', async () => {
    const others = { 'python3.12': fakePython('3.12.9'), 'python3.11': fakePython('3.11.2') };
    const old = await fakePath({ python3: fakePython('3.9.18'), ...others });
    expect((await findPython({ PATH: old })).version).toBe('3.12.9');
    const broken = await fakePath({ python3: 'echo "pyenv: no version is set" >&2; exit 127', ...others });
    expect((await findPython({ PATH: broken })).version).toBe('3.12.9');
  });

  test('says that there is none', async () => {
    const error = await failure(findPython({ PATH: await fakePath({}) }));
    expect(error.code).toBe('PYTHON_MISSING');
    expect(error.message).toBe('Python 3.11 or newer was not found: there is no python3 on PATH.');
    expect(error.hint).toContain('MLFLOW_GCP_PYTHON=');
    expect(error.exitStatus).toBe(1);
  });

  test('says what it found when all are too old or broken', async () => {
    const PATH = await fakePath({
      python3: fakePython('3.10.4'),
      'python3.13': 'echo "cannot load libpython" >&2; exit 1',
      python: fakePython('2.7.18'),
    });
    const error = await failure(findPython({ PATH }));
    expect(error.code).toBe('PYTHON_TOO_OLD');
    expect(error.message).toBe(
      'Python 3.11 or newer was not found; /opt/python/3.10.4/bin/python3 is Python 3.10.4; python3.13 does not work (cannot load libpython); ' +
        '/opt/python/2.7.18/bin/python3 is Python 2.7.18.',
    );
  });

  test('treats 3.9 as older than 3.11 and 4.0 as newer', async () => {
    expect((await failure(findPython({ PATH: await fakePath({ python3: fakePython('3.9.0') }) }))).code).toBe('PYTHON_TOO_OLD');
    expect((await findPython({ PATH: await fakePath({ python3: fakePython('4.0.0') }) })).version).toBe('4.0.0');
  });

  test('does not take a program that answers with something else', async () => {
    const error = await failure(findPython({ PATH: await fakePath({ python3: 'echo hello' }) }));
    expect(error.message).toContain('python3 does not work (exit status 0)');
  });

  test('passes over a file that may not be run', async () => {
    const PATH = await fakePath({ 'python3.12': fakePython('3.12.0') });
    const file = path.join(PATH, 'python3');
    await writeFile(file, '#!/bin/sh\n');
    await chmod(file, 0o644);
    expect((await findPython({ PATH })).version).toBe('3.12.0');
  });

  test('MLFLOW_GCP_PYTHON wins, and is not replaced by another one when it is unfit', async () => {
    const PATH = await fakePath({ python3: fakePython('3.12.0'), mine: fakePython('3.13.5'), old: fakePython('3.8.1') });
    expect((await findPython({ PATH, MLFLOW_GCP_PYTHON: path.join(PATH, 'mine') })).version).toBe('3.13.5');
    for (const named of ['old', 'absent']) {
      const error = await failure(findPython({ PATH, MLFLOW_GCP_PYTHON: path.join(PATH, named) }));
      expect(error).toBeInstanceOf(UsageError);
      expect(error.code).toBe('PYTHON_UNFIT');
    }
  });
});
