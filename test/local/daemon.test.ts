import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { localTarget } from '../../src/local/client.ts';
import { isAlive } from '../../src/local/runtime/process-identity.ts';
import { databaseAccount } from '../../src/local/runtime/sql/account.ts';
import { clusterFiles } from '../../src/local/runtime/sql/cluster-files.ts';
import type { Ui } from '../../src/ui/ui.ts';
import { type DaemonPlace, daemonPlace } from './daemon-setup.ts';

const CONNECTION = 'mlflow-local:europe-west3:main';
const PASSWORD = 'a good password';

/** The way to the instance's database, as a server on this machine has it. */
async function query(place: DaemonPlace, sql: string): Promise<unknown[]> {
  const client = new pg.Client({
    host: clusterFiles(place.home.sql, CONNECTION).socket,
    user: 'mlflow',
    password: PASSWORD,
    database: 'postgres',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

async function makeInstance(place: DaemonPlace): Promise<void> {
  const project = place.record().project;
  const sql = `https://sqladmin.googleapis.com/v1/projects/${project}`;
  expect(
    (
      await place.api(
        'POST',
        `https://serviceusage.googleapis.com/v1/projects/${project}/services/sqladmin.googleapis.com:enable`,
        {},
      )
    ).status,
  ).toBe(200);
  const settings = {
    tier: 'db-f1-micro',
    edition: 'ENTERPRISE',
    ipConfiguration: { ipv4Enabled: true, sslMode: 'ENCRYPTED_ONLY' },
  };
  await expect
    .poll(
      async () =>
        (
          await place.api('POST', `${sql}/instances`, {
            name: 'main',
            region: 'europe-west3',
            databaseVersion: 'POSTGRES_18',
            settings,
          })
        ).status,
      { timeout: 20_000 },
    )
    .toBe(200);
  await expect
    .poll(async () => (await place.api('GET', `${sql}/instances/main`)).body.state, { timeout: 30_000 })
    .toBe('RUNNABLE');
  expect((await place.api('POST', `${sql}/instances/main/users`, { name: 'mlflow', password: PASSWORD })).status).toBe(200);
  await expect.poll(() => query(place, 'SELECT 1').catch(() => []), { timeout: 20_000 }).toEqual([1]);
}

describe('the background process', () => {
  let place: DaemonPlace;
  beforeEach(async () => {
    place = await daemonPlace();
  });
  afterEach(() => place.remove());

  it('starts once, is found by a second start, and stops', async () => {
    const first = await place.run('local', 'start');
    expect(first).toMatchObject({ status: 0, json: { ok: true, started: true, folder: place.home.folder } });
    const { pid } = first.json;
    expect(await place.run('local', 'start')).toMatchObject({ status: 0, json: { started: false, pid } });
    expect(await place.run('local', 'status')).toMatchObject({
      status: 0,
      json: { state: 'running', pid, project: 'mlflow-local' },
    });
    expect(statSync(place.home.daemonFile).mode & 0o077).toBe(0);
    expect(statSync(place.home.folder).mode & 0o077).toBe(0);
    const record = place.record();
    expect(await place.run('local', 'stop')).toMatchObject({ status: 0, json: { outcome: 'stopped' } });
    expect(isAlive(record)).toBe(false);
    expect(await place.run('local', 'stop')).toMatchObject({ status: 0, json: { outcome: 'was not running' } });
    expect(await place.run('local', 'status')).toMatchObject({ status: 0, json: { state: 'stopped' } });
  });

  it('is one when several start it at once', async () => {
    const outcomes = await Promise.all([place.run('local', 'start'), place.run('local', 'start'), place.run('local', 'start')]);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(new Set(outcomes.map(({ json }) => json.pid)).size).toBe(1);
    expect(readFileSync(place.home.daemonLog, 'utf8').match(/Serving at/g)).toHaveLength(1);
  });

  it('outlives the end of the terminal that it was started from', async () => {
    const starter = place.spawn(['local', 'start']);
    await once(starter, 'close');
    const { pid } = place.record();
    // A session of its own: what ends with the terminal's session does not reach it.
    const session = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]);
    expect(session).toBe(pid);
    expect(await place.run('local', 'status')).toMatchObject({ json: { state: 'running', pid } });
  });

  it('of another version is started again', async () => {
    const { json } = await place.run('local', 'start');
    await writeFile(place.home.daemonFile, JSON.stringify({ ...place.record(), version: '0.0.1' }));
    const again = await place.run('local', 'start');
    expect(again).toMatchObject({ status: 0, json: { started: true } });
    expect(again.json.pid).not.toBe(json.pid);
    expect(place.record().version).not.toBe('0.0.1');
  });

  it('is not mistaken for another process that got its number', async () => {
    await place.run('local', 'start');
    const real = place.record();
    await place.run('local', 'stop');
    await writeFile(place.home.daemonFile, JSON.stringify({ ...real, pid: process.pid }));
    expect(await place.run('local', 'status')).toMatchObject({ json: { state: 'died' } });
    expect(await place.run('local', 'stop')).toMatchObject({ status: 0, json: { outcome: 'had died' } });
  });
});

describe('what it keeps', () => {
  let place: DaemonPlace;
  beforeAll(async () => {
    place = await daemonPlace();
    await place.run('local', 'start');
  });
  afterAll(() => place.remove());

  it('is a real database for an instance that is made through the API', async () => {
    await makeInstance(place);
    await query(place, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(await query(place, 'SELECT answer FROM kept')).toEqual([42]);
  });

  const databases = async () => (await place.run('local', 'status')).json.processes;

  it('runs again with its data after a stop and a start', async () => {
    await place.run('local', 'stop');
    await expect(query(place, 'SELECT 1')).rejects.toThrow();
    expect(await databases()).toEqual([]);
    await place.run('local', 'start');
    expect(await query(place, 'SELECT answer FROM kept')).toEqual([42]);
    expect(await databases()).toEqual([`PostgreSQL ${CONNECTION}`]);
  });

  it('is not lost by a kill: the next command says what happened and how to go on', async () => {
    const { pid } = place.record();
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(place.record())).toBe(false);
    // The database lives on for the moment.
    expect(await query(place, 'SELECT answer FROM kept')).toEqual([42]);
    expect(await place.run('local', 'status')).toMatchObject({ status: 0, json: { state: 'died' } });
    expect(await place.run('connect', '--local')).toMatchObject({
      status: 1,
      json: { ok: false, error: { code: 'LOCAL_DIED', hint: 'mlflow-gcp local start' } },
    });
    expect(await place.run('local', 'start')).toMatchObject({ status: 0, json: { started: true } });
    expect(await query(place, 'SELECT answer FROM kept')).toEqual([42]);
    expect(readFileSync(place.home.daemonLog, 'utf8')).toContain(`Ended what was left running: PostgreSQL ${CONNECTION}`);
    expect(await databases()).toHaveLength(1);
  });

  it('is cleared up by a stop after a kill', async () => {
    process.kill(place.record().pid, 'SIGKILL');
    await expect.poll(() => isAlive(place.record())).toBe(false);
    expect(await place.run('local', 'stop')).toMatchObject({ status: 0, json: { outcome: 'had died' } });
    expect(await databases()).toEqual([]);
    await place.run('local', 'start');
    expect(await query(place, 'SELECT answer FROM kept')).toEqual([42]);
  });

  it('is reached as a target: by proxy settings, an authority and a token', async () => {
    const deps = { env: { MLFLOW_GCP_HOME: place.home.folder } } as unknown as Deps;
    const target = await localTarget(deps, {} as Ui);
    const { port, ca } = place.record();
    expect(target).toMatchObject({ kind: 'local', accessToken: 'local', defaultProject: 'mlflow-local' });
    expect(target.proxyFor('storage.googleapis.com')?.href).toBe(`http://127.0.0.1:${port}/`);
    expect(target.proxyFor('127.0.0.1')).toBeUndefined();
    expect(target.authorities).toEqual([readFileSync(ca, 'utf8')]);
    expect(target.childEnvironment()).toMatchObject({ HTTPS_PROXY: `http://127.0.0.1:${port}`, SSL_CERT_FILE: ca });
    await writeFile(place.home.doorsFile, JSON.stringify({ s: { port: 1234, urls: ['https://s-1.r.run.app'] } }));
    expect(await target.reachableUrl('https://s-1.r.run.app')).toBe('http://127.0.0.1:1234');
    expect(await target.reachableUrl('https://s-1.r.run.app/a?b=c')).toBe('http://127.0.0.1:1234/a?b=c');
    expect(await target.reachableUrl('https://other.run.app')).toBe('https://other.run.app');
    await rm(place.home.doorsFile);
  });

  it('has its lines in the logs, also while they come', async () => {
    const { json } = await place.run('local', 'logs', '--lines', '1000');
    expect(json.lines.map((line: { text: string }) => line.text).join('\n')).toContain('Serving at');
    const following = place.spawn(['local', 'logs', '--follow', '--lines', '1']);
    let output = '';
    following.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    await expect.poll(() => output, { timeout: 10_000 }).toMatch(/^local \| .*\n$/);
    await place.run('local', 'stop');
    await place.run('local', 'start');
    await expect.poll(() => output, { timeout: 10_000 }).toMatch(/\nlocal \| .* Ending\.\n[\s\S]*local \| .* Serving at/);
    following.kill('SIGINT');
    await once(following, 'close');
    expect(await place.run('local', 'logs', '--follow')).toMatchObject({
      status: 2,
      json: { error: { code: 'FOLLOW_AND_JSON' } },
    });
    expect(await place.run('local', 'logs', '--service', 'nothing')).toMatchObject({
      status: 1,
      json: { error: { code: 'LOCAL_NO_LOGS' } },
    });
  });

  it('goes with a reset, which wants a yes', async () => {
    expect((await place.run('local', 'reset')).status).not.toBe(0);
    expect(await query(place, 'SELECT answer FROM kept')).toEqual([42]);
    await writeFile(join(place.home.folder, 'mine.txt'), 'not of the local target');
    expect(await place.run('local', 'reset', '--yes')).toMatchObject({ status: 0, json: { deleted: true } });
    // The program's cache and its log of steps are not the local target's.
    expect(readdirSync(place.home.folder).sort()).toEqual(['cache', 'log', 'mine.txt']);
    expect(existsSync(place.home.sql)).toBe(false);
    expect(await place.run('local', 'status')).toMatchObject({ json: { state: 'stopped', services: [], processes: [] } });
  });
});

describe('a folder that cannot be used', () => {
  let folder: string;
  let place: DaemonPlace;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-refused-'));
    place = await daemonPlace();
  });
  afterAll(async () => {
    await place.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (home: string, user: { uid?: number; gid?: number } = {}) => {
    const child = place.spawn(['local', 'start', '--json'], { ...user, env: { MLFLOW_GCP_HOME: home } });
    const [stdout, [status]] = await Promise.all([text(child.stdout!), once(child, 'close')]);
    return { status, ...JSON.parse(stdout) };
  };

  it('because a file is in the way, is named with what to do', async () => {
    await writeFile(join(folder, 'file'), '');
    const outcome = await start(join(folder, 'file', 'home'));
    expect(outcome).toMatchObject({ status: 1, ok: false, error: { code: 'LOCAL_FOLDER_NOT_WRITABLE' } });
    expect(outcome.error.message).toContain(join(folder, 'file', 'home'));
    expect(outcome.error.hint).toContain('MLFLOW_GCP_HOME=');
  });

  it('because it is not ours to write to, is named with what to do', async () => {
    const account = databaseAccount(process.getuid?.());
    const refused = join(folder, 'refused');
    await mkdir(refused);
    await chmod(folder, 0o755);
    if (account !== undefined) await chown(refused, account.uid, account.gid);
    await chmod(refused, 0o555);
    const outcome = await start(join(refused, 'home'), account === undefined ? {} : { uid: account.uid, gid: account.gid });
    expect(outcome).toMatchObject({ status: 1, ok: false, error: { code: 'LOCAL_FOLDER_NOT_WRITABLE' } });
  });

  /** Mounts a small file system of its own, where the tests may do so. */
  const mounted = async (options: string, work: (point: string) => Promise<void>, skip: () => void) => {
    const point = join(folder, 'mount');
    await mkdir(point, { recursive: true });
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', point]);
    if (mount.status !== 0) return skip();
    try {
      await work(point);
    } finally {
      spawnSync('umount', ['-l', point]);
    }
  };

  it('because the disk is full, is named with what to do', async ({ skip }) => {
    await mounted(
      'size=2m',
      async (point) => expect(await start(join(point, 'home'))).toMatchObject({ status: 1, error: { code: 'LOCAL_DISK_FULL' } }),
      skip,
    );
  });

  it('because it is mounted read-only, is named with what to do', async ({ skip }) => {
    await mounted(
      'size=2m,ro',
      async (point) => {
        const outcome = await start(join(point, 'home'));
        expect(outcome).toMatchObject({ status: 1, error: { code: 'LOCAL_FOLDER_NOT_WRITABLE' } });
        expect(outcome.error.message).toContain('read-only');
      },
      skip,
    );
  });
});
