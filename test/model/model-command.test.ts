import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { modelCommand } from '../../src/commands/model.ts';
import { otherServer } from '../../src/commands/server-access.ts';
import { fakePath, fakePython } from '../project/fake-path.ts';
import { runInMemory, temporaryFolder } from '../support/program.ts';

const parts = { commands: [modelCommand] };

async function fails(args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = await runInMemory(['model', ...args, '--json'], parts, { env });
  expect(stderr).not.toContain('    at ');
  const document = JSON.parse(stdout) as { ok: boolean; error: Record<string, string> };
  expect(document.ok).toBe(false);
  return { status, ...document.error };
}

describe('mlflow-gcp model, before anything is installed or asked', () => {
  test('--dry-run tells the steps', async () => {
    const { status, stdout } = await runInMemory(['model', '--dry-run', '--tracking-uri', 'http://127.0.0.1:5000'], parts);
    expect(status).toBe(0);
    expect(stdout).toContain('train a random forest on the wine-quality data that is built in');
    expect(stdout).toContain('log it to http://127.0.0.1:5000, experiment wine-quality');
  });

  test('a data folder that is not there, or is a file', async () => {
    expect(await fails(['--data', 'nowhere'])).toMatchObject({
      status: 2,
      code: 'DATA_FOLDER_MISSING',
      message: expect.stringContaining('nowhere'),
    });
    const file = path.join(temporaryFolder(), 'wine.csv');
    writeFileSync(file, '');
    expect(await fails(['--data', file])).toMatchObject({
      status: 2,
      code: 'DATA_FOLDER_MISSING',
      message: expect.stringContaining(file),
    });
  });

  test.each(['nonsense', 'ftp://example.com', 'sqlite:///mlflow.db', 'databricks'])('%s is no address', async (address) => {
    expect(await fails(['--tracking-uri', address])).toMatchObject({ status: 2, code: 'TRACKING_URI_INVALID' });
  });

  test('an address with a password is refused, and not repeated', async () => {
    const error = await fails(['--tracking-uri', 'https://ann:s3cret@example.com']);
    expect(error).toMatchObject({ status: 2, code: 'TRACKING_URI_WITH_PASSWORD' });
    expect(JSON.stringify(error)).not.toContain('s3cret');
  });

  test('no Python, too old a one', async () => {
    const home = { MLFLOW_GCP_HOME: temporaryFolder() };
    const given = ['--tracking-uri', 'http://127.0.0.1:1'];
    expect(await fails(given, { ...home, PATH: await fakePath({}) })).toMatchObject({ status: 1, code: 'PYTHON_MISSING' });
    const old = { ...home, PATH: await fakePath({ python3: fakePython('3.10.12') }) };
    expect(await fails(given, old)).toMatchObject({
      status: 1,
      code: 'PYTHON_TOO_OLD',
      message: expect.stringContaining('3.10.12'),
    });
  });

  test('a cache that cannot be written to', async () => {
    const home = temporaryFolder();
    writeFileSync(path.join(home, 'cache'), 'a file where the folder should be');
    const env = { MLFLOW_GCP_HOME: home, PATH: await fakePath({ python3: fakePython('3.12.0'), uv: 'echo uv 0.13.9' }) };
    expect(await fails(['--tracking-uri', 'http://127.0.0.1:1'], env)).toMatchObject({ status: 1, code: 'CACHE_NOT_WRITABLE' });
  });

  test('packages that cannot be installed', async () => {
    const uv = 'if [ "$1" = --version ]; then echo uv 0.13.9; else echo "error: no network" >&2; exit 2; fi';
    const home = temporaryFolder();
    mkdirSync(path.join(home, 'cache'));
    const env = { MLFLOW_GCP_HOME: home, PATH: await fakePath({ python3: fakePython('3.12.0'), uv }) };
    const error = await fails(['--tracking-uri', 'http://127.0.0.1:1'], env);
    expect(error).toMatchObject({
      status: 1,
      code: 'MODEL_ENVIRONMENT_FAILED',
      message: expect.stringContaining('error: no network'),
    });
  });
});

describe('otherServer', () => {
  test('takes username and password from MLflow’s own variables, and the address without its end', () => {
    const env = { MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 'p' };
    expect(otherServer('https://example.com/mlflow//', env)).toEqual({
      trackingUri: 'https://example.com/mlflow',
      username: 'ann',
      password: 'p',
    });
    expect(otherServer('http://127.0.0.1:5000', {})).toEqual({ trackingUri: 'http://127.0.0.1:5000' });
  });
});
