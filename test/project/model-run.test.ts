import { chmod, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { AccessError, InterruptedError } from '../../src/errors.ts';
import { type ModelRunOptions, runModel } from '../../src/project/model-run.ts';
import { recordingUi } from './recording-ui.ts';

const RESULT = {
  event: 'result',
  auc: 0.85,
  loaded_auc: 0.85,
  importances: [{ feature: 'alcohol', importance: 1 }],
  model: { name: 'wine_quality', version: '3', alias: 'Production', stage: null, uri: 'models:/wine_quality@Production' },
  run: { id: 'abc', name: 'untuned_random_forest', experiment: 'wine-quality', experiment_id: '1' },
  rows: { train: 60, validation: 20, test: 20 },
  predictions: [0, 1],
  run_url: 'http://127.0.0.1:1/#/experiments/1/runs/abc',
  model_url: 'http://127.0.0.1:1/#/models/wine_quality/versions/3',
};
const STARTED = { event: 'step', step: 'train', status: 'started', title: 'Train a random forest' };
const DONE = { event: 'step', step: 'train', status: 'done', seconds: 1, auc: 0.85 };

const say = (event: object): string => `echo '${JSON.stringify(event)}'`;

/** What runs in place of Python is a shell script, so that any end can be had. */
async function options(script: string[]): Promise<{ given: ModelRunOptions; shown: string[]; abort: AbortController }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-run-'));
  const python = path.join(folder, 'bin', 'python');
  await mkdir(path.dirname(python));
  await writeFile(python, `#!/bin/sh\n${script.join('\n')}\n`);
  await chmod(python, 0o755);
  const { ui, shown } = recordingUi();
  const abort = new AbortController();
  const env = { PATH: process.env['PATH'], MLFLOW_TRACKING_PASSWORD: 'p w' };
  const logFile = path.join(folder, 'logs', 'model.log');
  return {
    given: {
      environment: folder,
      program: 'wine_quality.py',
      args: ['--experiment', 'a b'],
      env,
      logFile,
      ui,
      signal: abort.signal,
    },
    shown,
    abort,
  };
}

describe('runModel', () => {
  test('shows each step with its outcome and returns the result', async () => {
    const { given, shown } = await options([say(STARTED), say(DONE), 'echo "library talk" >&2', say(RESULT)]);
    expect(await runModel(given)).toEqual(RESULT);
    expect(shown.filter((line) => !line.startsWith('debug'))).toEqual([
      '> Train a random forest',
      '< Train a random forest: AUC 0.8500',
    ]);
    expect(shown).toContain('debug library talk');
    await expect(stat(given.logFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('hands over arguments and environment, and nothing of its own process', async () => {
    process.env['MLFLOW_GCP_TEST_LEAK'] = 'yes';
    const { given, shown } = await options(['echo "$@" >&2', 'env >&2', say(RESULT)]);
    await runModel(given);
    delete process.env['MLFLOW_GCP_TEST_LEAK'];
    expect(shown).toContain('debug wine_quality.py --experiment a b');
    expect(shown).toContain('debug MLFLOW_TRACKING_PASSWORD=p w');
    expect(shown.join('\n')).not.toContain('MLFLOW_GCP_TEST_LEAK');
  });

  test('an error event fails the step that it came in, with a hint; the output is kept for its owner alone', async () => {
    const failed = { event: 'error', code: 'server_unreachable', message: 'http://x could not be reached.' };
    const { given, shown } = await options([say(STARTED), 'echo Traceback >&2', say(failed), 'exit 1']);
    await expect(runModel(given)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', message: failed.message, exitStatus: 1 });
    expect(shown).toContain('x Train a random forest');
    expect(await readFile(given.logFile, 'utf8')).toBe('Traceback\n');
    expect((await stat(given.logFile)).mode & 0o777).toBe(0o600);
  });

  test.each(['unauthorized', 'forbidden'])('%s ends with status 3', async (code) => {
    const { given } = await options([say({ event: 'error', code, message: 'no' }), 'exit 1']);
    const error = await runModel(given).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AccessError);
    expect(error).toMatchObject({ exitStatus: 3 });
  });

  test('an error that has no hint of its own names the log', async () => {
    const { given } = await options([say({ event: 'error', code: 'failed', message: 'OSError: disk full' }), 'exit 1']);
    await expect(runModel(given)).rejects.toMatchObject({ code: 'MODEL_FAILED', hint: expect.stringContaining(given.logFile) });
  });

  test.each([
    ['ends in the middle', [say(STARTED), 'echo killed >&2', 'exit 137']],
    ['says nothing', ['exit 0']],
    ['says what is no event', ['echo hello', 'echo "{}"', 'exit 0']],
  ])('a program that %s is told as such', async (_what, script) => {
    const { given } = await options(script);
    await expect(runModel(given)).rejects.toMatchObject({
      code: 'MODEL_PROGRAM_DIED',
      hint: expect.stringContaining(given.logFile),
    });
  });

  test('a log that cannot be written does not hide the error', async () => {
    const { given, shown } = await options([say({ event: 'error', code: 'not_mlflow', message: 'no' }), 'exit 1']);
    await writeFile(path.dirname(given.logFile), 'a file where the folder should be');
    await expect(runModel(given)).rejects.toMatchObject({ code: 'SERVER_NOT_MLFLOW' });
    expect(shown.some((line) => line.startsWith('warn '))).toBe(true);
  });

  test('Ctrl-C asks the program to stop and waits until it has closed its run', async () => {
    const { given, shown, abort } = await options([
      `trap 'echo closing >&2; ${say({ event: 'error', code: 'interrupted', message: 'Interrupted.' })}; exit 130' TERM`,
      say(STARTED),
      'echo ready >&2',
      'while :; do sleep 0.05; done',
    ]);
    given.ui.debug = (text) => {
      shown.push(text);
      if (text === 'ready') abort.abort();
    };
    await expect(runModel(given)).rejects.toBeInstanceOf(InterruptedError);
    expect(shown).toContain('closing');
  });
});
