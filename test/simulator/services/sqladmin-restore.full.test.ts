import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Runtime } from '../../../src/local/runtime-port.ts';
import { type SqlPlace, sqlPlace } from '../../local/runtime/sql-setup.ts';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { finished, INSTANCES, makeInstance, SQL } from './sqladmin-client.ts';

const MAIN = `${INSTANCES}/main`;

let place: SqlPlace;
let sql: ReturnType<SqlPlace['open']>;
let sim: TestSimulator;

/** Backups of a real PostgreSQL, through the API alone. */
beforeAll(async () => {
  place = await sqlPlace();
  sql = place.open();
  const runtime = { sql, run: {}, stop: () => sql.stopAll() } as unknown as Runtime;
  sim = await startChecked(['sqladmin'], { runtime });
  await makeInstance(sim, 'main');
  await sim.call('POST', `${MAIN}/databases`, { name: 'wine' });
  await sim.call('POST', `${MAIN}/users`, { name: 'mlflow', password: 'first' });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
  await sql.stopAll();
  await place.remove();
});

async function query(text: string, instance = 'main', password = 'first'): Promise<unknown[]> {
  const host = sql.socketFolder(`${PROJECT}:europe-west3:${instance}`) ?? '';
  const client = new pg.Client({ host, port: 5432, user: 'mlflow', password, database: 'wine' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}
const done = async (answer: Awaited<ReturnType<TestSimulator['call']>>): Promise<void> =>
  expect((await finished(sim, answer)).error).toBeUndefined();
const backups = () => {
  const folder = join(place.folder, 'sql', 'backups');
  return existsSync(folder) ? readdirSync(folder) : [];
};

test('a restore brings the rows back and loses what came later, and whoever was connected', async () => {
  await query('CREATE TABLE grapes AS SELECT 1 AS a');
  const made = await sim.call('POST', `${MAIN}/backupRuns`, {});
  await done(made);
  await query('INSERT INTO grapes VALUES (2)');
  await sim.call('PUT', `${MAIN}/users?name=mlflow`, { password: 'second' });
  await sim.call('POST', `${MAIN}/databases`, { name: 'later' });
  const { backupId: backupRunId } = made.body.backupContext;
  await done(await sim.call('POST', `${MAIN}/restoreBackup`, { restoreBackupContext: { backupRunId, instanceId: 'main' } }));
  expect(await query('SELECT a FROM grapes')).toEqual([1]);
  expect((await sim.call('GET', `${MAIN}/databases/later`)).status).toBe(404);
  expect((await sim.call('POST', `${MAIN}/databases`, { name: 'later' })).status).toBe(200);
  await done(await sim.call('DELETE', `${MAIN}/backupRuns/${backupRunId}`));
  expect(backups()).toEqual([]);
});

test('a clone goes its own way', async () => {
  await done(await sim.call('POST', `${MAIN}/clone`, { cloneContext: { destinationInstanceName: 'copy' } }));
  await query('INSERT INTO grapes VALUES (3)', 'copy');
  expect(await query('SELECT a FROM grapes ORDER BY a', 'copy')).toEqual([1, 3]);
  expect(await query('SELECT a FROM grapes')).toEqual([1]);
  expect(backups()).toEqual([]);
  await done(await sim.call('DELETE', `${INSTANCES}/copy`));
});

test('a final backup comes back as a new instance, also after a restart; with certificates of its own', async () => {
  await query('INSERT INTO grapes VALUES (4)');
  const { serverCaCert } = (await sim.call('GET', MAIN)).body;
  await done(await sim.call('DELETE', `${MAIN}?enableFinalBackup=true&finalBackupTtlDays=7`));
  expect(sql.socketFolder(`${PROJECT}:europe-west3:main`)).toBeUndefined();
  await sim.restart();
  const [{ name }] = (await sim.call('GET', `${SQL}/backups`)).body.backups;
  await done(await sim.call('POST', `${INSTANCES}/again/restoreBackup`, { backup: name }));
  expect(await query('SELECT a FROM grapes ORDER BY a', 'again')).toEqual([1, 4]);
  const again = (await sim.call('GET', `${INSTANCES}/again`)).body;
  expect(again.serverCaCert.sha1Fingerprint).not.toBe(serverCaCert.sha1Fingerprint);
  await sim.call('POST', `${INSTANCES}/again/users`, { name: 'other', password: 'x' });
  expect((await sim.call('GET', `${INSTANCES}/again/users`)).body.items.map(({ name: user }: { name: string }) => user)).toEqual([
    'mlflow',
    'other',
    'postgres',
  ]);
});

test('a copy that is gone fails the operation, in the runtime’s words, and leaves what there was', async () => {
  const again = `${INSTANCES}/again`;
  const made = await sim.call('POST', `${again}/backupRuns`, {});
  await done(made);
  const { backupId: backupRunId, name } = made.body.backupContext;
  await sql.removeBackup(name.replace(/^projects\/([^/]+)\/backups\//, '$1/'));
  const answer = await sim.call('POST', `${again}/restoreBackup`, { restoreBackupContext: { backupRunId, instanceId: 'again' } });
  expect((await finished(sim, answer)).error.errors[0]).toMatchObject({
    code: 'INTERNAL_ERROR',
    message: expect.stringContaining('There are no data of a database in'),
  });
  expect((await sim.call('GET', again)).body.state).toBe('RUNNABLE');
  expect(await query('SELECT a FROM grapes ORDER BY a', 'again')).toEqual([1, 4]);
});

test('a reset leaves no copies behind', async () => {
  expect(backups().length).toBeGreaterThan(0);
  expect((await sim.control('POST', '/_simulator/reset')).status).toBe(200);
  expect(backups()).toEqual([]);
});
