import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtProgram, cleanEnvironment, type Outcome, packageRoot, runChild } from '../support/program.ts';
import { serverEnvironment } from '../support/python.ts';

/** The whole journey on this machine, as a user goes it: the built program, the real PostgreSQL, the real server, the real client, a browser. */
const run = promisify(execFile);
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const SHOTS = path.join(packageRoot, 'test-output');

let place: string;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-journey-'));
  folder = path.join(place, 'project');
  env = { MLFLOW_GCP_HOME: path.join(place, 'home'), CI: 'true' };
  await mkdir(folder);
});
afterAll(async () => {
  await run(process.execPath, [builtProgram, 'local', 'reset', '--yes'], { env: cleanEnvironment(env) });
  await rm(place, { recursive: true, force: true });
});

const mlflowGcp = (...args: string[]): Promise<Outcome> => runChild(args, { env, cwd: folder });

async function json(...args: string[]) {
  const outcome = await mlflowGcp(...args, '--json');
  expect(outcome.status, outcome.stdout + outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout);
}

async function client(action: 'write' | 'read'): Promise<string> {
  const { variables } = await json('connect');
  const python = path.join(await serverEnvironment(), 'bin/python');
  const program = path.join(import.meta.dirname, 'client.py');
  const { stdout } = await run(python, [program, action], { env: { ...cleanEnvironment(), ...variables }, cwd: place });
  return stdout;
}

test('init, deploy and model lead from nothing to a model in use', async () => {
  const made = await json('init', '--local', '--yes');
  expect(made.resources.every(({ outcome }: { outcome: string }) => outcome === 'created')).toBe(true);
  const deployed = await json('deploy');
  expect(deployed).toMatchObject({
    checked: true,
    with: 'api',
    url: expect.stringMatching(/^https:\/\/mlflow-\d+\.us-central1\.run\.app$/),
  });
  expect(deployed.trackingUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

  const model = await json('model');
  expect(model.auc).toBeGreaterThan(0.8);
  expect(model.auc).toBeLessThan(1);
  const shown = await mlflowGcp('model');
  expect(shown.status).toBe(0);
  for (const word of ['AUC', 'alcohol', 'wine_quality', 'Production', '2']) expect(shown.stdout).toContain(word);
});

test('the real client logs, uploads 40 MB, registers, and finds it all again', async () => {
  await client('write');
  const found = JSON.parse(await client('read'));
  expect(found).toEqual({
    artifactLocation: expect.stringMatching(/^mlflow-artifacts:/),
    losses: [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5],
    depth: '3',
    text: 'grüße',
    large: true,
    champion: '1',
    models: ['client-model', 'wine_quality'],
  });
});

test('a second deploy builds nothing, and status sees everything in order', async () => {
  const again = await json('deploy');
  expect(again.image).toMatch(/@sha256:/);
  const status = await json('status');
  expect(status.server).toBe('answers');
  expect(status.resources.filter(({ state }: { state: string }) => state !== 'ok')).toEqual([]);
});

test('connect prints lines that a shell takes, and a wrong password is refused with the way on', async () => {
  const printed = await mlflowGcp('connect');
  const { stdout } = await run('bash', [
    '-c',
    `${printed.stdout}\ncurl -s -o /dev/null -w '%{http_code}' -u "$MLFLOW_TRACKING_USERNAME:$MLFLOW_TRACKING_PASSWORD" "$MLFLOW_TRACKING_URI/api/2.0/mlflow/experiments/search?max_results=1"`,
  ]);
  expect(stdout).toBe('200');
  const uri = (await json('connect')).trackingUri;
  const wrong = await runChild(['model', '--tracking-uri', uri, '--json'], {
    env: { ...env, MLFLOW_TRACKING_USERNAME: 'mlflow', MLFLOW_TRACKING_PASSWORD: 'not-it' },
    cwd: folder,
  });
  expect(wrong.status).toBe(3);
  expect(wrong.stdout).not.toContain('not-it');
});

test('what was stored is there after a stop and a start', async () => {
  const before = await client('read');
  await json('local', 'stop');
  await json('local', 'start');
  await json('status', '--wait', '--timeout', '120');
  expect(await client('read')).toBe(before);
});

test('no password is in the project folder, in the logs, or in the argv of any process', async () => {
  const { variables } = await json('connect');
  const password = variables.MLFLOW_TRACKING_PASSWORD;
  expect(password.length).toBeGreaterThan(20);
  const found = await run('grep', ['-rlF', password, folder, path.join(env['MLFLOW_GCP_HOME']!, 'logs')]).then(
    ({ stdout }) => stdout,
    () => '',
  );
  expect(found).toBe('');
  const { stdout: processes } = await run('ps', ['-eo', 'args']);
  expect(processes).not.toContain(password);
  const verbose = await mlflowGcp('status', '--verbose');
  expect(verbose.stdout + verbose.stderr).not.toContain(password);
});

test.skipIf(CHROMIUM === undefined)('a browser sees experiment, run, metric, plot and registered model', async () => {
  const { chromium } = await import('playwright-core');
  const { trackingUri, variables } = await json('connect');
  await mkdir(SHOTS, { recursive: true });
  const browser = await chromium.launch({
    executablePath: CHROMIUM!,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--no-first-run',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
    ],
  });
  try {
    const httpCredentials = { username: variables.MLFLOW_TRACKING_USERNAME, password: variables.MLFLOW_TRACKING_PASSWORD };
    const context = await browser.newContext({ httpCredentials, viewport: { width: 1400, height: 900 } });
    const page = await context.newPage();
    const refused: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 403 || response.status() >= 500)
        refused.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    const runs = await page.request.post(`${trackingUri}/api/2.0/mlflow/runs/search`, {
      data: {
        experiment_ids: await experimentIds(page.request, trackingUri),
        filter: "tags.mlflow.runName = 'untuned_random_forest'",
      },
    });
    const [wine] = (await runs.json()).runs;
    const { run_id: runId, experiment_id: experimentId } = wine.info;

    await page.goto(`${trackingUri}/#/experiments/${experimentId}/runs`);
    await page.getByText('untuned_random_forest').first().waitFor({ timeout: 60_000 });
    await page.screenshot({ path: path.join(SHOTS, 'experiment.png') });

    await page.goto(`${trackingUri}/#/experiments/${experimentId}/runs/${runId}`);
    await page.getByText('n_estimators').first().waitFor({ timeout: 60_000 });
    await page.getByText('auc').first().waitFor();
    await page.screenshot({ path: path.join(SHOTS, 'run.png') });

    await page.goto(`${trackingUri}/#/experiments/${experimentId}/runs/${runId}/artifacts`);
    await page
      .getByText(/importances.*\.png/)
      .first()
      .click({ timeout: 60_000 });
    await page
      .locator('img[src^="blob:"], img[src*="get-artifact"], img[alt*="importances"], canvas, .plotly')
      .first()
      .waitFor({ timeout: 60_000 });
    await page.screenshot({ path: path.join(SHOTS, 'plot.png') });

    await page.goto(`${trackingUri}/#/models/wine_quality`);
    await page
      .getByText(/production/i)
      .first()
      .waitFor({ timeout: 60_000 });
    await page.screenshot({ path: path.join(SHOTS, 'model.png') });
    expect(refused).toEqual([]);
    for (const shot of ['experiment', 'run', 'plot', 'model'])
      expect((await readFile(path.join(SHOTS, `${shot}.png`))).length).toBeGreaterThan(10_000);
  } finally {
    await browser.close();
  }
});

async function experimentIds(
  request: {
    post(url: string, options: object): Promise<{ json(): Promise<{ experiments: Array<{ experiment_id: string }> }> }>;
  },
  uri: string,
): Promise<string[]> {
  const answer = await request.post(`${uri}/api/2.0/mlflow/experiments/search`, { data: { max_results: 100 } });
  return (await answer.json()).experiments.map(({ experiment_id: id }) => id);
}

test('a killed background process is noticed, and nothing is lost', async () => {
  const before = await client('read');
  const { pid } = await json('local', 'status');
  process.kill(pid, 'SIGKILL');
  const next = await mlflowGcp('status', '--json');
  expect(next.status).toBe(1);
  expect(JSON.parse(next.stdout).error).toMatchObject({
    code: 'LOCAL_DIED',
    hint: expect.stringContaining('mlflow-gcp local start'),
  });
  await json('local', 'start');
  await json('status', '--wait', '--timeout', '120');
  expect(await client('read')).toBe(before);
});

test('destroy keeps the data and takes the server; init and deploy bring it back with everything', async () => {
  const before = await client('read');
  await json('destroy', '--yes');
  expect((await json('status')).server).toBe('not deployed');
  await json('init', '--yes');
  await json('deploy');
  expect(await client('read')).toBe(before);
});
