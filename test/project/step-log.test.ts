import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openStepLog } from '../../src/project/step-log.ts';
import { strikeOut } from '../../src/project/strike-out.ts';
import { startCloud } from '../support/deployment.ts';
import { exampleProgram, runChild, startChild, temporaryFolder, until } from '../support/program.ts';

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('every step of a run is a line when it begins and one when it ends, in a file of the user’s own', async () => {
  const home = temporaryFolder();
  const cloud = await startCloud();
  const env = { ...cloud.env, MLFLOW_GCP_HOME: home, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  const cache = { XDG_CACHE_HOME: path.join(home, 'cache') };
  const ok = await runChild(['init', '--yes'], { env: { ...env, ...cache }, cwd: cloud.folder });
  expect(ok.status).toBe(0);
  const file = path.join(home, 'log', 'steps.ndjson');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  const lines = linesOf(file);
  const instance = lines.filter(({ resource }) => resource === 'sql-instance');
  expect(instance).toEqual([
    expect.objectContaining({ command: 'init', event: 'begun', action: 'create', step: 'Cloud SQL instance mlflow-pgsql' }),
    expect.objectContaining({ command: 'init', event: 'ended', action: 'create', outcome: 'created', ms: expect.any(Number) }),
  ]);
  expect(new Set(lines.map(({ run }) => run)).size).toBe(1);
  expect(lines.filter(({ event }) => event === 'begun')).toHaveLength(lines.filter(({ event }) => event === 'ended').length);
  for (const { time } of lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

  // What fails says where to read on; the line holds the code and nothing of the message.
  await cloud.fault({ match: 'GET run\\.googleapis', times: 50, status: 403 });
  const failed = await runChild(['status'], { env, cwd: cloud.folder });
  expect(failed.status).not.toBe(0);
  expect(failed.stderr).toContain(`Each step is in ${file}`);
  const [last, before] = linesOf(file).toReversed();
  expect(last).toMatchObject({ command: 'status', event: 'failed', error: expect.stringMatching(/^[A-Z_]+$/) });
  expect(before).toMatchObject({ command: 'status', event: 'failed', error: last.error });
  expect(readFileSync(file, 'utf8')).not.toContain('token-of-a-person');
});

test('a run that is killed leaves the steps that were under way', async () => {
  const home = temporaryFolder();
  const cloud = await startCloud();
  await cloud.fault({ match: 'instances', times: 50, delayMs: 20_000 });
  const env = { ...cloud.env, MLFLOW_GCP_HOME: home, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  const child = startChild(['status'], { env, cwd: cloud.folder });
  const file = path.join(home, 'log', 'steps.ndjson');
  await until('a step to begin', () => {
    try {
      return readFileSync(file, 'utf8').includes('\n');
    } catch {
      return false;
    }
  });
  child.process.kill('SIGKILL');
  expect((await child.outcome).status).toBe(137);
  expect(linesOf(file)).toEqual([expect.objectContaining({ command: 'status', event: 'begun', step: 'Look at the project' })]);
});

test('a command without steps writes nothing, and a log that cannot be written stops nothing', async () => {
  const home = temporaryFolder();
  expect((await runChild(['completion', 'bash'], { env: { MLFLOW_GCP_HOME: home } })).status).toBe(0);
  expect(readdirSync(home)).not.toContain('log');
  const taken = path.join(temporaryFolder(), 'taken');
  writeFileSync(taken, '');
  const { status, stderr } = await runChild(['work'], { env: { XDG_STATE_HOME: taken }, program: exampleProgram });
  expect(status).toBe(0);
  expect(stderr).toContain('done');
});

test('the file is put aside when it is full, and two are kept', () => {
  const home = temporaryFolder();
  const write = (command: string): string => {
    const log = openStepLog({ MLFLOW_GCP_HOME: home }, () => new Date());
    log.write({ command, run: 'r', event: 'begun' });
    return log.file;
  };
  const file = write('one');
  truncateSync(file, 3_000_000);
  write('two');
  truncateSync(file, 3_000_000);
  write('three');
  expect(readdirSync(path.dirname(file)).sort()).toEqual(['steps.ndjson', 'steps.ndjson.1']);
  expect(linesOf(file)).toEqual([expect.objectContaining({ command: 'three' })]);
});

test.each([
  ['postgresql+psycopg2://mlflow:hu%21sh@/mlflow?host=/cloudsql/p:r:i', 'hu%21sh'],
  ['Authorization: Bearer ya29.a0AfH6SMB-x_y', 'a0AfH6SMB'],
  ['{"password": "correct horse"}', 'correct'],
  ['MLFLOW_TRACKING_PASSWORD=hush', 'hush'],
  ['-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----', 'MIIEvQ'],
  ['refresh 1//0gabc-DEF', 'gabc'],
  ['id eyJhbGciOi.eyJzdWIiOi.c2lnbmF0', 'eyJzdWIiOi'],
])('%s is struck out', (text, secret) => {
  expect(text).toContain(secret);
  expect(strikeOut(text)).not.toContain(secret);
});
