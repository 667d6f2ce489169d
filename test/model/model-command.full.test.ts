import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelCommand } from '../../src/commands/model.ts';
import { type Outcome, runInMemory, temporaryFolder } from '../support/program.ts';
import { freePort, type RunningServer, startGate, startMlflow } from './mlflow-server.ts';

const PASSWORD = "p@ss:w'örd %41";
let mlflow: RunningServer;
let gate: RunningServer;

beforeAll(async () => {
  mlflow = await startMlflow();
  gate = await startGate(mlflow.url, 'ann', PASSWORD);
}, 600_000);
afterAll(async () => {
  await gate?.stop();
  await mlflow?.stop();
});

function model(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const given = { MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: PASSWORD, MLFLOW_RUN_ID: 'of another server' };
  return runInMemory(
    ['model', '--tracking-uri', gate.url, ...args],
    { commands: [modelCommand] },
    { env: { ...process.env, ...given, ...env } },
  );
}

describe('mlflow-gcp model', () => {
  test('shows steps on stderr and the result on stdout', async () => {
    // A proxy that is not there must not get between this machine and itself.
    const { status, stdout, stderr } = await model([], { HTTP_PROXY: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1' });
    expect(status, stderr).toBe(0);
    for (const title of [
      'Prepare Python',
      'Connect to the tracking server',
      'Train a random forest',
      'Register the model as wine_quality',
    ]) {
      expect(stderr).toContain(title);
    }
    expect(stdout).toMatch(/alcohol +0\.1/);
    expect(stdout).toMatch(/AUC on the test set:? +0\.8\d\d\d/);
    expect(stdout).toMatch(/wine_quality version \d+, alias Production, stage Production/);
    expect(stdout).toContain(`${gate.url}/#/experiments/`);
    expect(stdout + stderr).not.toContain(PASSWORD);
  });

  test('--json prints one document', async () => {
    const { status, stdout } = await model(['--json', '--experiment', 'mine']);
    expect(status).toBe(0);
    const document = JSON.parse(stdout) as Record<string, unknown>;
    expect(document).toMatchObject({
      ok: true,
      trackingUri: gate.url,
      model: { name: 'wine_quality', alias: 'Production', stage: 'Production' },
      run: { name: 'untuned_random_forest', experiment: 'mine' },
      auc: document['loadedAuc'],
    });
  });

  test('a wrong password ends with status 3, a server that is not there with 1, bad data with 1', async () => {
    const wrong = await model([], { MLFLOW_TRACKING_PASSWORD: 'wrong' });
    expect(wrong.status).toBe(3);
    expect(wrong.stderr).toContain('does not accept the username and password (401)');
    expect(wrong.stderr).not.toContain('Traceback');
    const gone = await model(['--json', '--tracking-uri', `http://127.0.0.1:${await freePort()}`]);
    expect(gone.status).toBe(1);
    expect(JSON.parse(gone.stdout)).toMatchObject({ ok: false, error: { code: 'SERVER_UNREACHABLE' } });
    const data = path.join(temporaryFolder(), 'wine');
    mkdirSync(data);
    writeFileSync(path.join(data, 'winequality-red.csv'), 'a;b\n1;2\n');
    writeFileSync(path.join(data, 'winequality-white.csv'), 'a;b\n1;2\n');
    const bad = await model(['--json', '--data', data]);
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      error: { code: 'MODEL_DATA_COLUMNS', message: expect.stringContaining('winequality-red.csv lacks the columns') },
    });
  });

  test('Ctrl-C ends with status 130 and leaves no run open', async () => {
    const abort = new AbortController();
    const { InterruptedError } = await import('../../src/errors.ts');
    const { PassThrough } = await import('node:stream');
    const stderr = new PassThrough();
    let text = '';
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('Train a random forest')) abort.abort(new InterruptedError({ message: 'Interrupted.', hint: 'Again.' }));
    });
    const env = { ...process.env, MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: PASSWORD };
    const args = ['model', '--tracking-uri', gate.url, '--experiment', 'interrupted'];
    const { status } = await runInMemory(args, { commands: [modelCommand] }, { env, stderr, signal: abort.signal });
    expect(status).toBe(130);
    const call = (name: string, body?: object) =>
      fetch(
        `${mlflow.url}/api/2.0/mlflow/${name}`,
        body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      );
    const found = (await (await call('experiments/get-by-name?experiment_name=interrupted')).json()) as {
      experiment: { experiment_id: string };
    };
    const { runs = [] } = (await (await call('runs/search', { experiment_ids: [found.experiment.experiment_id] })).json()) as {
      runs?: Array<{ info: { status: string } }>;
    };
    expect(runs.map(({ info }) => info.status)).toEqual(['FAILED']);
  });
});
