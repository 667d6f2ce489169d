import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interpreter } from '../../src/project/model-environment.ts';
import { freePort, type RunningServer, startAnswering, startGate, startMlflow } from './mlflow-server.ts';
import { modelEnvironment, templates } from './model-environment.ts';

const program = path.join(templates, 'model/wine_quality.py');
const shipped = path.join(templates, 'model/data');
const PASSWORD = "p@ss:w'örd %41";

interface Outcome {
  status: number;
  stderr: string;
  events: Array<Record<string, unknown>>;
  last: Record<string, unknown>;
}

let environment: string;
let mlflow: RunningServer;
let gate: RunningServer;

beforeAll(async () => {
  environment = await modelEnvironment();
  mlflow = await startMlflow();
  gate = await startGate(mlflow.url, 'ann', PASSWORD);
}, 600_000);
afterAll(async () => {
  await gate?.stop();
  await mlflow?.stop();
});

function python(args: string[], env: Record<string, string> = {}): Promise<{ status: number; stdout: string; stderr: string }> {
  const variables = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    PYTHONPYCACHEPREFIX: path.join(environment, 'bytecode'),
    ...env,
  };
  return new Promise((resolve) => {
    execFile(interpreter(environment), args, { env: variables, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

async function train(args: string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
  const given = { MLFLOW_TRACKING_URI: gate.url, MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: PASSWORD };
  const { status, stdout, stderr } = await python([program, ...args], { ...given, ...env });
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { status, stderr, events, last: events.at(-1) ?? {} };
}

async function api<T>(call: string): Promise<T> {
  const answer = await fetch(`${mlflow.url}/api/2.0/mlflow/${call}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

async function wineFolder(change: (name: string, text: string) => string | Buffer | undefined): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-wine-'));
  for (const name of ['winequality-red.csv', 'winequality-white.csv']) {
    const text = gunzipSync(await readFile(path.join(shipped, `${name}.gz`))).toString();
    const changed = change(name, text);
    if (changed !== undefined) await writeFile(path.join(folder, name), changed);
  }
  return folder;
}

const red = (change: (text: string) => string | Buffer | undefined) =>
  wineFolder((name, text) => (name.includes('red') ? change(text) : text));

describe('a run', () => {
  test('trains, logs, registers, and uses what it registered; again makes version 2 and moves alias and stage', async () => {
    const first = await train();
    expect(first.stderr).not.toContain('Traceback');
    expect(first.last).toMatchObject({
      event: 'result',
      model: {
        name: 'wine_quality',
        version: '1',
        alias: 'Production',
        stage: 'Production',
        uri: 'models:/wine_quality@Production',
      },
      rows: { train: 3898, validation: 1299, test: 1300 },
    });
    const { auc, loaded_auc, importances, predictions, run } = first.last as unknown as {
      auc: number;
      loaded_auc: number;
      importances: Array<{ feature: string; importance: number }>;
      predictions: number[];
      run: { id: string; experiment_id: string };
    };
    expect(auc).toBeGreaterThan(0.8);
    expect(auc).toBeLessThan(0.95);
    expect(loaded_auc).toBe(auc);
    expect(importances.map(({ feature }) => feature)).toContain('is_red');
    expect(importances).toHaveLength(12);
    expect(importances.reduce((sum, { importance }) => sum + importance, 0)).toBeCloseTo(1, 9);
    expect(importances).toEqual(importances.toSorted((a, b) => b.importance - a.importance));
    expect(predictions).toHaveLength(5);
    expect(predictions.every((value) => value >= 0 && value <= 1)).toBe(true);

    const logged = await api<{ run: { info: Record<string, string>; data: { metrics: unknown; params: unknown } } }>(
      `runs/get?run_id=${run.id}`,
    );
    expect(logged.run.info).toMatchObject({ run_name: 'untuned_random_forest', status: 'FINISHED' });
    expect(logged.run.data.params).toEqual([{ key: 'n_estimators', value: '10' }]);
    expect(logged.run.data.metrics).toMatchObject([{ key: 'auc', value: auc }]);
    const { files } = await api<{ files: Array<{ path: string }> }>(`artifacts/list?run_id=${run.id}`);
    expect(files.map((file) => file.path).sort()).toEqual(['feature_importances.json', 'feature_importances.png']);
    const artifact = (name: string) => fetch(`${mlflow.url}/get-artifact?run_uuid=${run.id}&path=${name}`);
    const table = (await (await artifact('feature_importances.json')).json()) as { columns: string[]; data: unknown[][] };
    expect(table).toEqual({
      columns: ['feature', 'importance'],
      data: importances.map(({ feature, importance }) => [feature, expect.closeTo(importance, 9)]),
    });
    expect(
      Buffer.from(await (await artifact('feature_importances.png')).arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');

    const second = await train();
    expect(second.last).toMatchObject({ auc, loaded_auc: auc, predictions, model: { version: '2' } });
    const versions = await api<{ model_versions: Array<Record<string, unknown>> }>(
      `model-versions/search?filter=${encodeURIComponent("name='wine_quality'")}`,
    );
    expect(versions.model_versions.map(({ version, current_stage }) => [version, current_stage])).toEqual([
      ['2', 'Production'],
      ['1', 'Archived'],
    ]);
    const aliased = await api<{ model_version: Record<string, unknown> }>(
      'registered-models/alias?name=wine_quality&alias=Production',
    );
    expect(aliased.model_version['version']).toBe('2');
  });

  test('what it registered loads in a program that has none of its files, by alias and by stage', async () => {
    await train();
    const check = `
import mlflow, pandas, sys
for uri in ("models:/wine_quality@Production", "models:/wine_quality/Production"):
    model = mlflow.pyfunc.load_model(uri)
    rows = [{column.name: 1 if column.name == "is_red" else 1.0 for column in model.metadata.get_input_schema().inputs}]
    print(round(float(model.predict(pandas.DataFrame(rows))[0]), 3), [requirement.split("==")[0] for requirement in open(mlflow.pyfunc.get_model_dependencies(uri)).read().split()])
`;
    const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-elsewhere-'));
    const file = path.join(folder, 'check.py');
    await writeFile(file, check);
    const { stdout, stderr, status } = await python([file], { MLFLOW_TRACKING_URI: mlflow.url });
    expect(status, stderr).toBe(0);
    const needed = "['mlflow-skinny', 'scikit-learn', 'numpy', 'pandas', 'cloudpickle']";
    expect(stdout.trim().split('\n')).toEqual([`0.2 ${needed}`, `0.2 ${needed}`]);
  });

  test('says what it does, with the server’s version, in events alone on stdout', async () => {
    const { events, stderr } = await train();
    expect(events.filter(({ status }) => status === 'started').map(({ step }) => step)).toEqual([
      'data',
      'server',
      'train',
      'log',
      'register',
      'load',
    ]);
    expect(events.find(({ step, status }) => step === 'server' && status === 'done')).toMatchObject({ version: '3.17.2' });
    expect(stderr).not.toContain('transition_model_version_stage');
    expect(stderr).not.toContain(PASSWORD);
  });

  test('takes other data, uncompressed and with further columns in another order', async () => {
    const shuffled = (text: string): string =>
      text
        .trim()
        .split('\n')
        .map((line, row) => [row === 0 ? '"colour"' : 'x', ...line.split(';').reverse()].join(';'))
        .join('\r\n');
    const { last } = await train(['--data', await wineFolder((_name, text) => shuffled(text)), '--experiment', 'other data'], {});
    expect(last).toMatchObject({ event: 'result', run: { experiment: 'other data' } });
    const { last: usual } = await train();
    expect(last['auc']).toBe(usual['auc']);
  });
});

describe('bad data is refused before the server is asked', () => {
  const cases: Array<[string, string, RegExp, () => Promise<string>]> = [
    ['a file is missing', 'data_missing', /no file winequality-red\.csv in /, () => red(() => undefined)],
    [
      'a column is missing',
      'data_columns',
      /winequality-red\.csv lacks the column "citric acid"\./,
      () => red((text) => text.replace('"citric acid"', '"acid"')),
    ],
    [
      'two columns are missing',
      'data_columns',
      /lacks the columns "pH", "quality"\./,
      () => red((text) => text.replace('"pH"', '"a"').replace('"quality"', '"b"')),
    ],
    ['the file is empty', 'data_format', /winequality-red\.csv is empty/, () => red(() => '')],
    ['there is a header alone', 'data_values', /holds a header but no wine/, () => red((text) => text.split('\n')[0])],
    [
      'commas separate',
      'data_format',
      /has commas between its fields where ";" is needed/,
      () => red((text) => text.replaceAll(';', ',')),
    ],
    ['it is no text', 'data_format', /winequality-red\.csv/, () => red(() => Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a, 0x9c]))],
    [
      'a word stands for a number',
      'data_values',
      /wine 2: column "volatile acidity" holds "many" where a number is needed/,
      () => red((text) => text.replace('7.8;0.88', '7.8;many')),
    ],
    [
      'a value is missing',
      'data_values',
      /wine 2: column "volatile acidity" holds nothing/,
      () => red((text) => text.replace('7.8;0.88', '7.8;')),
    ],
    [
      'a value is infinite',
      'data_values',
      /column "volatile acidity" holds "inf"/,
      () => red((text) => text.replace('7.8;0.88', '7.8;inf')),
    ],
    [
      'a line has too many fields',
      'data_format',
      /is damaged: .*line 3/,
      () => red((text) => text.replace('7.8;0.88', '7.8;0.88;1;2;3')),
    ],
    [
      'all wines are bad',
      'data_values',
      /too few of one kind/,
      () => wineFolder((_name, text) => text.replaceAll(/;\d+$/gm, ';3')),
    ],
    [
      'there are very few wines',
      'data_values',
      /hold 4 wines; at least 10/,
      () => wineFolder((_name, text) => text.split('\n').slice(0, 3).join('\n')),
    ],
  ];
  test.each(cases)('%s', async (_what, code, message, folder) => {
    const outcome = await train(['--data', await folder()], { MLFLOW_TRACKING_URI: 'http://127.0.0.1:1' });
    expect(outcome.status).toBe(1);
    expect(outcome.last).toMatchObject({ event: 'error', code, message: expect.stringMatching(message) });
  });

  test('a folder stands where the file should be, or it may not be read', async () => {
    const folder = await red(() => undefined);
    await mkdir(path.join(folder, 'winequality-red.csv'));
    expect((await train(['--data', folder])).last).toMatchObject({
      code: 'data_unreadable',
      message: expect.stringContaining('Is a directory'),
    });
    const closed = await red((text) => text);
    await chmod(path.join(closed, 'winequality-red.csv'), 0);
    // Root may read everything.
    if (process.getuid?.() !== 0) expect((await train(['--data', closed])).last).toMatchObject({ code: 'data_unreadable' });
  });

  test('the compressed file is cut short', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-wine-'));
    await cp(shipped, folder, { recursive: true });
    const file = path.join(folder, 'winequality-red.csv.gz');
    await writeFile(file, (await readFile(file)).subarray(0, 9000));
    expect((await train(['--data', folder])).last).toMatchObject({ event: 'error', code: 'data_format', file });
  });
});

describe('a server that cannot be used', () => {
  test('a wrong password', async () => {
    const { status, last, events } = await train([], { MLFLOW_TRACKING_PASSWORD: 'wrong' });
    expect(status).toBe(1);
    expect(last).toMatchObject({ event: 'error', code: 'unauthorized', status: 401 });
    expect(events.filter(({ step }) => step === 'train')).toEqual([]);
  });

  const answering: Array<[string, number, string, string]> = [
    ['a foreign host name', 403, 'Invalid Host header', 'forbidden'],
    ['a page of a sign-in', 200, '<html>Sign in</html>', 'not_mlflow'],
    ['something else', 404, 'not here', 'not_mlflow'],
    ['a failing server', 500, '{"error_code":"INTERNAL_ERROR","message":"no database"}', 'server_error'],
  ];
  test.each(answering)('%s', async (_what, status, body, code) => {
    const server = await startAnswering(status, body);
    const { last } = await train([], { MLFLOW_TRACKING_URI: server.url });
    await server.stop();
    expect(last).toMatchObject({ event: 'error', code });
  });

  test('an old server', async () => {
    // Answers the search with an empty list and /version with text that is both, as far as the program looks.
    const { createServer } = await import('node:http');
    const server = createServer((incoming, answer) => {
      incoming.resume();
      incoming.on('end', () => answer.end(incoming.url === '/version' ? '2.14.1' : '{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { last } = await train([], { MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}` });
    server.close();
    expect(last).toMatchObject({ event: 'error', code: 'server_too_old', version: '2.14.1' });
  });

  test('nothing listens, TLS where there is none, no address at all', async () => {
    const port = await freePort();
    expect((await train([], { MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}` })).last).toMatchObject({
      code: 'server_unreachable',
    });
    expect((await train([], { MLFLOW_TRACKING_URI: gate.url.replace('http:', 'https:') })).last).toMatchObject({
      code: 'tls_failed',
    });
    expect((await train([], { MLFLOW_TRACKING_URI: '' })).last).toMatchObject({ code: 'no_server' });
  });

  test('an experiment in the trash', async () => {
    const { last } = await train(['--experiment', 'trash']);
    const { experiment_id } = last['run'] as { experiment_id: string };
    await fetch(`${mlflow.url}/api/2.0/mlflow/experiments/delete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ experiment_id }),
    });
    expect((await train(['--experiment', 'trash'])).last).toMatchObject({
      event: 'error',
      code: 'experiment_deleted',
      experiment_id,
    });
  });
});
