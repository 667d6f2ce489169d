import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localHome } from '../../src/local/home.ts';
import { clusterFiles } from '../../src/local/runtime/sql/cluster-files.ts';
import { databaseLogin } from '../../src/stack/secret-values.ts';
import { builtProgram, cleanEnvironment, type Outcome, runChild, startChild, until } from '../support/program.ts';
import { callSimulator } from '../support/simulator.ts';

/** Secrets that change under a real server with a real database, while clients call it. */
const run = promisify(execFile);
const CONNECTION = 'mlflow-local:us-central1:mlflow-pgsql';
const TYPED = 'a-passphrase-of-their-own';

let place: string;
let folder: string;
let env: Record<string, string>;
/** Whatever the program said, and the command lines that were seen: no secret may be among it. */
const said: string[] = [];
/** Every value that a password ever had. */
const passwords = new Set<string>([TYPED]);

beforeAll(async () => {
  place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-secrets-'));
  folder = path.join(place, 'project');
  env = { MLFLOW_GCP_HOME: path.join(place, 'home'), CI: 'true' };
  await mkdir(folder);
});
afterAll(async () => {
  await run(process.execPath, [builtProgram, 'local', 'reset', '--yes'], { env: cleanEnvironment(env) });
  await rm(place, { recursive: true, force: true });
});

async function mlflowGcp(args: string[], input?: string): Promise<Outcome> {
  const outcome = await runChild(args, { env, cwd: folder, ...(input !== undefined && { input }) });
  if (args[0] !== 'connect') said.push(outcome.stdout, outcome.stderr);
  return outcome;
}

async function json(...args: string[]) {
  const outcome = await mlflowGcp([...args, '--json', '--verbose']);
  expect(outcome.status, outcome.stdout + outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout);
}

interface Login {
  uri: string;
  username: string;
  password: string;
}

async function login(): Promise<Login> {
  const { trackingUri, username, password } = await json('connect', '--no-check');
  return { uri: trackingUri, username, password };
}

async function secretValue(secret: string): Promise<string> {
  const { port, project } = await json('local', 'status');
  const url = `https://secretmanager.googleapis.com/v1/projects/${project}/secrets/${secret}/versions/latest:access`;
  const { body } = await callSimulator(port, 'GET', url);
  return Buffer.from(body.payload.data, 'base64').toString('utf8');
}

async function databaseUser(): Promise<{ user: string; password: string }> {
  const found = databaseLogin(await secretValue('mlflow_database_url'));
  if (found === undefined) throw new Error('the secret holds no database URL');
  return found;
}

async function remember(): Promise<void> {
  passwords.add((await login()).password).add((await databaseUser()).password);
}

/** One API call that reads the database. */
async function search({ uri, username, password }: Login): Promise<number> {
  const answer = await fetch(`${uri}/api/2.0/mlflow/experiments/search`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
    },
    body: JSON.stringify({ max_results: 10 }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Calls by `clients` at once until it is ended. */
function calls(as: Login, clients = 3) {
  const seen: Record<string, number> = {};
  let going = true;
  const client = async (): Promise<void> => {
    while (going) {
      const status = await search(as).catch((error: Error) => error.message);
      seen[status] = (seen[status] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const all = Array.from({ length: clients }, client);
  return {
    seen,
    async end() {
      going = false;
      await Promise.all(all);
      return seen;
    },
  };
}

/** Signs in at the database as the server does, over the socket of the instance. */
async function query(as: { user: string; password: string }, sql: string, options?: string): Promise<unknown[][]> {
  const host = clusterFiles(localHome(env).sql, CONNECTION).socket;
  const socket = (await readdir(host)).find((name) => /^\.s\.PGSQL\.\d+$/.test(name));
  const port = Number(socket?.split('.').at(-1));
  const client = new pg.Client({ ...as, host, port, database: 'mlflow', ...(options && { options }) });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

const OWNERS = `SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'`;

test('while the database password is rotated, twice, no call of any client fails', async () => {
  await json('init', '--local', '--yes', '--deploy');
  await remember();
  const as = await login();
  for (const [user, next] of [
    ['mlflow', 'mlflow_b'],
    ['mlflow_b', 'mlflow'],
  ]) {
    const before = await databaseUser();
    expect(before.user).toBe(user);
    const traffic = calls(as);
    const watching = watchCommandLines();
    const rotated = await json('secrets', 'rotate', 'database_url', '--grace', '2');
    await remember();
    await watching.end();
    const { 200: good, ...others } = await traffic.end();
    expect(others).toEqual({});
    expect(good).toBeGreaterThan(20);
    expect(rotated.secrets).toMatchObject([{ name: 'mlflow_database_url', resumed: false, disabled: [expect.any(String)] }]);

    const after = await databaseUser();
    expect(after.user).toBe(next);
    await expect(query(before, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    // What a migration does: either user changes and makes tables, and all of them keep one owner.
    const role = next === 'mlflow' ? undefined : '-c role=mlflow';
    await query(after, 'CREATE TABLE migrated (id int); ALTER TABLE experiments ADD COLUMN trial int', role);
    expect(await query(after, OWNERS, role)).toEqual([['mlflow']]);
    await query(after, 'DROP TABLE migrated; ALTER TABLE experiments DROP COLUMN trial', role);
  }
});

test('a rotation that is killed while its revision starts harms no call, and the same command ends it', async () => {
  const traffic = calls(await login());
  const child = startChild(['secrets', 'rotate', 'database_url', '--yes'], { env, cwd: folder });
  await until('the revision to be deployed', () => /version \d[\s\S]*Deploy a revision/.test(child.texts.stderr));
  child.process.kill('SIGKILL');
  await child.outcome;
  said.push(child.texts.stdout, child.texts.stderr);
  const again = await json('secrets', 'rotate', 'database_url', '--grace', '0');
  await remember();
  expect(again.secrets).toMatchObject([{ name: 'mlflow_database_url', resumed: true }]);
  const { 200: good, ...others } = await traffic.end();
  expect(others).toEqual({});
  expect(good).toBeGreaterThan(20);
  await json('secrets', 'verify');
});

test('after a rotation of the tracking password the old one is refused and the new one taken; verify agrees', async () => {
  const before = await login();
  await json('secrets', 'rotate', 'tracking_password', '--yes');
  const after = await login();
  await remember();
  expect(after.password).not.toBe(before.password);
  expect(await search(before)).toBe(401);
  expect(await search(after)).toBe(200);
  const verified = await json('secrets', 'verify');
  expect(verified.checks.filter(({ ok }: { ok: boolean }) => !ok)).toEqual([]);

  const set = await mlflowGcp(['secrets', 'set', 'tracking_password', '--verbose'], TYPED);
  expect(set.status, set.stderr).toBe(0);
  const early = await mlflowGcp(['secrets', 'verify', '--json']);
  expect(early.status).toBe(1);
  const wrong = JSON.parse(early.stdout).checks.filter(({ ok }: { ok: boolean }) => !ok);
  expect(wrong.map(({ check }: { check: string }) => check)).toContain('Server');
  await json('deploy');
  expect(await search({ ...after, password: TYPED })).toBe(200);
  await json('secrets', 'verify');
});

test('a deployment that does not start leaves the server serving, and says why with its last lines', async () => {
  const as = await login();
  const traffic = calls(as, 2);
  const file = path.join(folder, 'app/server.py');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('from __future__ import annotations', '$&\n\nraise RuntimeError("broken on purpose")'));
  const broken = await mlflowGcp(['deploy', '--json']);
  expect(broken.status).toBe(1);
  const { error } = JSON.parse(broken.stdout);
  expect(error).toMatchObject({ code: 'RUN_NOT_READY', message: expect.stringContaining('RuntimeError: broken on purpose') });
  await writeFile(file, text);
  expect(Object.keys(await traffic.end())).toEqual(['200']);

  // The next deployment is not held up by it, and the one before can be had back.
  await writeFile(file, `${text}\n# another build\n`);
  const next = await json('deploy');
  const back = await json('deploy', '--rollback');
  expect(back).toMatchObject({ checked: true, to: expect.stringMatching(/^mlflow-\d/) });
  expect(back.image).not.toBe(next.image);
  expect(await search(as)).toBe(200);
  await writeFile(file, text);
  await json('deploy');
});

test('no password was shown, logged, passed on a command line or written into the project folder', async () => {
  expect(passwords.size).toBeGreaterThanOrEqual(6);
  const home = env['MLFLOW_GCP_HOME'] ?? '';
  const requests = (await readdir(home, { recursive: true })).filter((name) => path.basename(name).startsWith('requests.ndjson'));
  expect(requests.length).toBeGreaterThan(0);
  const places = [folder, path.join(home, 'logs'), ...requests.map((name) => path.join(home, name))];
  for (const password of passwords) {
    for (const text of [...said, ...commandLines]) expect(text.includes(password)).toBe(false);
    const found = await run('grep', ['-rlF', '-e', password, ...places]).then(
      ({ stdout }) => stdout,
      () => '',
    );
    expect(found).toBe('');
  }
});

const commandLines = new Set<string>();

/** Collects the command lines of all processes of this machine, over and over. */
function watchCommandLines() {
  let going = true;
  const watching = (async () => {
    while (going) {
      for (const line of (await run('ps', ['-eo', 'args'])).stdout.split('\n')) commandLines.add(line);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return {
    async end() {
      going = false;
      await watching;
    },
  };
}
