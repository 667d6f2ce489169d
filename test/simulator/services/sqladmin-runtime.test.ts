import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import type { Runtime } from '../../../src/local/runtime-port.ts';
import { type SqlPlace, sqlPlace } from '../../local/runtime/sql-setup.ts';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { body, finished, INSTANCES, makeInstance, refusal } from './sqladmin-client.ts';

const MAIN = `${INSTANCES}/main`;
const CONNECTION = `${PROJECT}:europe-west3:main`;
const password = 'pass/word ünï';

let place: SqlPlace;
let sql: ReturnType<SqlPlace['open']>;
let sim: TestSimulator;

/** The runtime's databases alone: nothing here builds or serves. */
beforeAll(async () => {
  place = await sqlPlace();
  sql = place.open();
  const runtime = { sql, run: {}, stop: () => sql.stopAll() } as unknown as Runtime;
  sim = await startChecked(['sqladmin'], { runtime });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
  await sql.stopAll();
  await place.remove();
});

async function query(config: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}
const socket = (user: string, secret: string, database = 'wine') => ({
  host: sql.socketFolder(CONNECTION) ?? '',
  port: 5432,
  user,
  password: secret,
  database,
});

test('what the API makes is there in a real PostgreSQL', async () => {
  await makeInstance(sim, 'main', { ipConfiguration: { sslMode: 'ENCRYPTED_ONLY' } }, { rootPassword: 'root password' });
  expect((await sim.call('POST', `${MAIN}/databases`, { name: 'wine' })).status).toBe(200);
  expect((await sim.call('POST', `${MAIN}/users`, { name: 'mlflow', password })).status).toBe(200);
  expect(await query(socket('mlflow', password), 'SELECT current_user, current_database()')).toEqual(['mlflow', 'wine']);
  expect(await query(socket('postgres', 'root password'), 'SELECT 1')).toEqual([1]);
  await sim.call('PUT', `${MAIN}/users?name=mlflow`, { password: 'changed' });
  await expect(query(socket('mlflow', password), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  await query(socket('mlflow', 'changed'), 'CREATE TABLE kept AS SELECT 7 AS a');
});

test('no password of a user is ever on the disk of the simulator', () => {
  for (const name of ['records.sqlite', 'records.sqlite-wal', 'requests.ndjson']) {
    const bytes = readFileSync(join(sim.dataDir, name));
    for (const secret of [password, 'changed']) expect(bytes.includes(JSON.stringify(secret))).toBe(false);
  }
});

test('the certificates that the API gives are those that the server wants and shows', async () => {
  await finished(
    sim,
    await sim.call('PATCH', MAIN, { settings: { ipConfiguration: { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' } } }),
  );
  const made = await sim.call('POST', `${MAIN}/sslCerts`, { commonName: 'laptop' });
  await finished(sim, made);
  const { host, port } = await addressOf();
  // As libpq's verify-ca: the authority has to fit, the name of the host does not.
  const tls = { ca: made.body.serverCaCert.cert, checkServerIdentity: () => undefined };
  const login = { host, port, user: 'mlflow', password: 'changed', database: 'wine' };
  const { cert } = made.body.clientCert.certInfo;
  expect(
    await query(
      { ...login, ssl: { ...tls, cert, key: made.body.clientCert.certPrivateKey } },
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    ),
  ).toEqual([true]);
  await expect(query({ ...login, ssl: tls }, 'SELECT 1')).rejects.toThrow();
  await expect(query({ ...login, ssl: { cert, key: made.body.clientCert.certPrivateKey } }, 'SELECT 1')).rejects.toThrow();
});

test('a client certificate that was deleted opens nothing any more, while others do', async () => {
  const { host, port } = await addressOf();
  const certificate = async (commonName: string) => {
    const made = await sim.call('POST', `${MAIN}/sslCerts`, { commonName });
    await finished(sim, made);
    const { certInfo, certPrivateKey } = made.body.clientCert;
    const tls = { ca: made.body.serverCaCert.cert, checkServerIdentity: () => undefined };
    const ssl = { ...tls, cert: certInfo.cert, key: certPrivateKey };
    return { url: `${MAIN}/sslCerts/${certInfo.sha1Fingerprint}`, login: { ...login, ssl } };
  };
  const login = { host, port, user: 'mlflow', password: 'changed', database: 'wine' };
  const [lost, kept] = [await certificate('lost'), await certificate('kept')];
  expect(await query(lost.login, 'SELECT 1')).toEqual([1]);
  await finished(sim, await sim.call('DELETE', lost.url));
  await expect(query(lost.login, 'SELECT 1')).rejects.toThrow(/revoked|SSL|ECONNRESET/i);
  expect(await query(kept.login, 'SELECT 1')).toEqual([1]);
  await finished(sim, await sim.call('PATCH', MAIN, { settings: { ipConfiguration: { sslMode: 'ENCRYPTED_ONLY' } } }));
  await expect(query(lost.login, 'SELECT 1')).rejects.toThrow();
  expect(await query({ ...login, ssl: { rejectUnauthorized: false } }, 'SELECT 1')).toEqual([1]);
  await finished(sim, await sim.call('POST', `${MAIN}/resetSslConfig`));
  await expect(query({ ...kept.login, port: (await addressOf()).port }, 'SELECT 1')).rejects.toThrow();
  expect((await sim.call('GET', `${MAIN}/sslCerts`)).body.items).toBeUndefined();
});

test("what the database refuses is the API's refusal", async () => {
  const owner = await sim.call('DELETE', `${MAIN}/users?name=mlflow`);
  expect(refusal(owner).slice(0, 2)).toEqual([400, 'invalid']);
  expect(refusal(owner)[2]).toContain('cannot be dropped because some objects depend on it');
  expect((await sim.call('GET', `${MAIN}/users/mlflow`)).status).toBe(200);
});

test('after a restart of everything the server runs again with its data', async () => {
  await sql.stopAll();
  await sim.restart();
  expect(await query(socket('mlflow', 'changed'), 'SELECT a FROM kept')).toEqual([7]);
});

test('another major version is refused rather than pretended', async () => {
  expect((await sim.call('PATCH', MAIN, { databaseVersion: 'POSTGRES_17' })).status).toBe(501);
});

test('switched off it takes no connections, deleted it is gone', async () => {
  await finished(sim, await sim.call('PATCH', MAIN, { settings: { activationPolicy: 'NEVER' } }));
  await expect(query(socket('mlflow', 'changed'), 'SELECT 1')).rejects.toThrow();
  await finished(sim, await sim.call('PATCH', MAIN, { settings: { activationPolicy: 'ALWAYS' } }));
  expect(await query(socket('mlflow', 'changed'), 'SELECT 1')).toEqual([1]);
  await finished(sim, await sim.call('DELETE', MAIN));
  expect(sql.socketFolder(CONNECTION)).toBeUndefined();
});

test('a server that does not start fails the operation, in its own words; the instance can be deleted', async () => {
  const refuse = () => Promise.reject(new UserError({ code: 'LOCAL_NO_ROOM', message: 'The disk is full.', hint: 'Make room.' }));
  const broken = { start: refuse, stop: async () => undefined, remove: async () => undefined };
  const other = await startChecked(['sqladmin'], { runtime: { sql: broken, run: {} } as unknown as Runtime });
  try {
    const operation = await finished(
      other,
      await other.call('POST', INSTANCES, body('broken', {}, { rootPassword: 'root password' })),
    );
    expect(operation.error.errors).toEqual([
      { kind: 'sql#operationError', code: 'INTERNAL_ERROR', message: 'The disk is full. Make room.' },
    ]);
    expect((await other.call('GET', `${INSTANCES}/broken`)).body.state).toBe('FAILED');
    expect((await other.call('PATCH', `${INSTANCES}/broken`, { settings: { tier: 'db-g1-small' } })).status).toBe(400);
    await finished(other, await other.call('DELETE', `${INSTANCES}/broken`));
    expect((await other.call('GET', `${INSTANCES}/broken`)).status).toBe(404);
    expect(other.bugs).toEqual([]);
  } finally {
    await other.remove();
  }
});

test('a server that cannot be started again keeps nothing else from starting, and is tried again', async () => {
  const failure = { happens: false };
  const start = async () => {
    if (failure.happens) throw new UserError({ code: 'LOCAL_POSTGRES_FAILED', message: 'Broken.', hint: 'Mend it.' });
    return { host: '127.0.0.1', port: 1 };
  };
  const fragile = { start, stop: async () => undefined, remove: async () => undefined };
  const other = await startChecked(['sqladmin'], { runtime: { sql: fragile, run: {} } as unknown as Runtime });
  const state = async () => (await other.call('GET', `${INSTANCES}/fragile`)).body.state;
  try {
    expect(await makeInstance(other, 'fragile')).toMatchObject({ state: 'RUNNABLE' });
    failure.happens = true;
    await other.restart();
    expect(await state()).toBe('FAILED');
    expect((await other.call('GET', INSTANCES)).status).toBe(200);
    failure.happens = false;
    await other.restart();
    expect(await state()).toBe('RUNNABLE');
    expect(other.bugs).toEqual([]);
  } finally {
    await other.remove();
  }
});

test('a reset of the simulator leaves no server behind', async () => {
  await makeInstance(sim, 'second', {}, { rootPassword: 'root password' });
  const second = `${PROJECT}:europe-west3:second`;
  expect(sql.socketFolder(second)).toBeDefined();
  expect((await sim.control('POST', '/_simulator/reset')).status).toBe(200);
  expect(sql.socketFolder(second)).toBeUndefined();
});

async function addressOf(): Promise<{ host: string; port: number }> {
  const [port] = await query(socket('postgres', 'root password'), "SELECT current_setting('port')::int");
  return { host: '127.0.0.1', port: Number(port) };
}
