import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localHome } from '../../src/local/home.ts';
import { databaseAddress } from '../../src/local/runtime/sql-engines.ts';
import { mysqlPrograms, NEEDS_MYSQL } from '../support/mysql.ts';
import { builtProgram, cleanEnvironment, type Outcome, runChild } from '../support/program.ts';
import { serverEnvironment } from '../support/python.ts';
import { callSimulator } from '../support/simulator.ts';

/** The journey with MySQL on this machine: the built program, a real MariaDB or MySQL, the real server, the real client. */
const run = promisify(execFile);
const programs = await mysqlPrograms();

let place: string;
let folder: string;
let env: Record<string, string>;

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

async function databaseUrl(): Promise<string> {
  const { port, project } = await json('local', 'status');
  const url = `https://secretmanager.googleapis.com/v1/projects/${project}/secrets/mlflow_database_url/versions/latest:access`;
  const { body } = await callSimulator(port, 'GET', url);
  return Buffer.from(body.payload.data, 'base64').toString('utf8');
}

/** Calls the server as fast as it answers until told to stop; returns every status that was not 200. */
function keepCalling(login: { trackingUri: string; username: string; password: string }) {
  const refused: number[] = [];
  const state = { calls: 0, stopped: false };
  const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const calling = (async () => {
    while (!state.stopped) {
      const answer = await fetch(`${login.trackingUri}/api/2.0/mlflow/experiments/search?max_results=5`, {
        headers: { authorization },
      });
      await answer.arrayBuffer();
      state.calls += 1;
      if (answer.status !== 200) refused.push(answer.status);
    }
  })();
  return {
    async stop() {
      state.stopped = true;
      await calling;
      return { calls: state.calls, refused };
    },
  };
}

describe.skipIf(programs === undefined)(`with MySQL ${NEEDS_MYSQL}`, () => {
  beforeAll(async () => {
    place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-mysql-'));
    folder = path.join(place, 'project');
    env = { MLFLOW_GCP_HOME: path.join(place, 'home'), CI: 'true' };
    await mkdir(folder);
  });
  afterAll(async () => {
    await run(process.execPath, [builtProgram, 'local', 'reset', '--yes'], { env: cleanEnvironment(env) });
    await rm(place, { recursive: true, force: true });
  });

  test('init and deploy lead to a server that keeps its records in MySQL', async () => {
    const made = await json('init', '--local', '--database', 'mysql', '--yes');
    expect(made.resources.every(({ outcome }: { outcome: string }) => outcome === 'created')).toBe(true);
    expect(await json('deploy')).toMatchObject({ checked: true });
    await client('write');
    const found = JSON.parse(await client('read'));
    expect(found).toMatchObject({ losses: [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5], text: 'grüße', large: true, champion: '1' });
  });

  test('names that differ in their case alone stay two, as in PostgreSQL', async () => {
    const { trackingUri, username, password } = await json('connect', '--no-check');
    const call = async (api: string, body: object) => {
      const answer = await fetch(`${trackingUri}/api/2.0/mlflow/${api}`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      expect(answer.status, text).toBe(200);
      return JSON.parse(text);
    };
    const { experiment_id } = await call('experiments/create', { name: 'Case' });
    await call('experiments/create', { name: 'case' });
    const { run: started } = await call('runs/create', { experiment_id, start_time: 1 });
    const { run_id } = started.info;
    for (const [key, value] of [
      ['Loss', 1],
      ['loss', 2],
    ])
      await call('runs/log-metric', { run_id, key, value, timestamp: 1 });
    const { runs } = await call('runs/search', { experiment_ids: [experiment_id], filter: 'metrics.loss = 2' });
    expect(runs[0].data.metrics.map(({ key, value }: { key: string; value: number }) => [key, value]).sort()).toEqual([
      ['Loss', 1],
      ['loss', 2],
    ]);
  });

  test('connect --database leads to the server of this machine, over TLS', async () => {
    const { stdout, status } = await mlflowGcp('connect', '--database', '--format', 'command');
    expect(status).toBe(0);
    const address = databaseAddress(localHome(env).sql, 'mlflow-local:us-central1:mlflow-mysql');
    expect(stdout).toContain(`mysql --host=127.0.0.1 --port=${address?.port} --user=mlflow --loose-ssl-mode=VERIFY_CA --ssl-ca=`);
    // MariaDB's own client says some of these things otherwise.
    if (programs?.flavour !== 'mysql') return;
    const way = `${path.dirname(process.execPath)}:${path.dirname(programs.client)}:${process.env['PATH']}`;
    const asked = await run('bash', ['-c', `mlflow-gcp() { node ${builtProgram} "$@"; }; ${stdout.trim()} -e 'SELECT 41 + 1'`], {
      env: { ...cleanEnvironment(env), PATH: way },
      cwd: folder,
    });
    expect(asked.stdout).toContain('42');
  });

  test('a rotation of the database password locks nobody out while it goes on', async () => {
    const before = await databaseUrl();
    const calls = keepCalling(await json('connect', '--no-check'));
    const rotated = await mlflowGcp('secrets', 'rotate', 'database_url', '--yes', '--grace', '0', '--json');
    const { calls: made, refused } = await calls.stop();
    expect(rotated.status, rotated.stdout + rotated.stderr).toBe(0);
    expect(refused).toEqual([]);
    expect(made).toBeGreaterThan(5);
    expect(before).toMatch(/^mysql\+pymysql:\/\/mlflow:/);
    expect(await databaseUrl()).toMatch(/^mysql\+pymysql:\/\/mlflow_b:/);
    // The new user finds and changes what the other made, tables and triggers too.
    expect(JSON.parse(await client('read'))).toMatchObject({ depth: '3', champion: '1' });
    expect((await json('secrets', 'verify')).checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);
  });

  test('records outlive a stop and a start, and a kill of the background process with its database', async () => {
    const before = await client('read');
    await json('local', 'stop');
    expect(await databaseProcesses()).toEqual([]);
    await json('local', 'start');
    await json('status', '--wait', '--timeout', '300');
    expect(await client('read')).toBe(before);

    const { pid } = await json('local', 'status');
    process.kill(pid, 'SIGKILL');
    for (const database of await databaseProcesses()) process.kill(database, 'SIGKILL');
    await json('local', 'start');
    await json('status', '--wait', '--timeout', '300');
    expect(await client('read')).toBe(before);
  });

  test('no password of the database is in the folder, the logs, or any process’s arguments', async () => {
    const password = /:([^:@]+)@/.exec(await databaseUrl())?.[1] ?? '';
    expect(password.length).toBeGreaterThan(20);
    const logs = path.join(env['MLFLOW_GCP_HOME'] ?? '', 'logs');
    const found = await run('grep', ['-rlF', password, folder, logs]).then(
      ({ stdout }) => stdout,
      () => '',
    );
    expect(found).toBe('');
    expect((await run('ps', ['-eo', 'args'])).stdout).not.toContain(password);
  });

  test('destroy with the data leaves no server and no records but the last backup', async () => {
    await json('destroy', '--yes', '--delete-data', '--confirm', 'mlflow');
    expect(await databaseProcesses()).toEqual([]);
    const left = await readdir(path.join(localHome(env).sql, 'mysql'));
    expect(left.filter((name) => name !== 'backups')).toEqual([]);
  });
});

/** Numbers of the database servers whose data are in this test's own home. */
async function databaseProcesses(): Promise<number[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,args=']);
  const ours = stdout.split('\n').filter((line) => line.includes(`--defaults-file=${localHome(env).sql}`));
  return ours.map((line) => Number.parseInt(line.trim(), 10));
}
