import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LocalSqlRuntime } from '../../../src/local/runtime/sql/sql-runtime.ts';
import { instanceNamed, type SqlPlace, sqlPlace } from './sql-setup.ts';

const MAIN = 'some-project:europe-west3:main';
const COPY = 'some-project:europe-west3:copy';
const password = 'first';

let place: SqlPlace;
let sql: LocalSqlRuntime;

beforeAll(async () => {
  place = await sqlPlace();
  sql = place.open();
  await sql.start(await instanceNamed('main'));
  await sql.createDatabase(MAIN, { name: 'wine' });
  await sql.setUser(MAIN, { name: 'mlflow', password });
});
afterAll(async () => {
  await sql.stopAll();
  await place.remove();
});

const login = (name = MAIN, secret = password): pg.ClientConfig => ({
  host: sql.socketFolder(name) ?? '',
  port: 5432,
  user: 'mlflow',
  password: secret,
  database: 'wine',
});
async function query(config: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const results = [await client.query({ text, rowMode: 'array' })].flat();
    return results.flatMap(({ rows }) => rows).flat();
  } finally {
    await client.end();
  }
}

it('copies a cluster while it is written to, whole as of one moment', async () => {
  await query(login(), 'CREATE TABLE pair (a int, b int); INSERT INTO pair VALUES (0, 0)');
  const client = new pg.Client(login());
  await client.connect();
  let writing = true;
  const writer = (async () => {
    // Each statement keeps both sums equal; a copy that mixes moments would not.
    for (let i = 0; writing; i += 1) {
      await client.query('INSERT INTO pair SELECT n, n FROM generate_series($1::int, $1::int + 200) n', [i]);
      if (i % 5 === 0) await client.query('DELETE FROM pair WHERE a % 3 = 1');
    }
  })();
  await expect.poll(async () => Number((await query(login(), 'SELECT count(*) FROM pair'))[0]) > 1000).toBe(true);
  await sql.backUp(MAIN, 'one');
  writing = false;
  await writer;
  await client.end();
  // Of those that no deletion takes, what was written last only grows.
  const newest = 'max(a) FILTER (WHERE a % 3 <> 1)';
  const [last] = await query(login(), `SELECT ${newest} FROM pair`);
  await sql.restoreBackup(COPY, 'one');
  await sql.start(await instanceNamed('copy'));
  const [count, copied, sumA, sumB] = await query(login(COPY), `SELECT count(*)::int, ${newest}, sum(a), sum(b) FROM pair`);
  expect(sumA).toBe(sumB);
  expect(count).toBeGreaterThan(500);
  expect(copied).toBeLessThanOrEqual(Number(last));
});

it('goes back to what there was, passwords too, and loses what came later', async () => {
  await query(login(), 'CREATE TABLE kept AS SELECT 7 AS a');
  await sql.backUp(MAIN, 'two');
  await query(login(), 'CREATE TABLE later AS SELECT 8 AS a; UPDATE kept SET a = 9');
  await sql.createDatabase(MAIN, { name: 'extra' });
  await sql.setUser(MAIN, { name: 'mlflow', password: 'second' });
  // A copy that is there stays as it is.
  await sql.backUp(MAIN, 'two');
  await sql.restoreBackup(MAIN, 'two');
  await expect(query(login(), 'SELECT 1')).rejects.toThrow();
  await sql.start(await instanceNamed('main'));
  expect(await query(login(), 'SELECT a FROM kept')).toEqual([7]);
  await expect(query(login(), 'SELECT a FROM later')).rejects.toMatchObject({ code: '42P01' });
  await expect(query({ ...login(), database: 'extra' }, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
  await expect(query(login(MAIN, 'second'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  await sql.setUser(MAIN, { name: 'mlflow', password });
});

it('outlives the instance, also one that is stopped, and another process can bring it back', async () => {
  await query(login(), 'UPDATE kept SET a = 10');
  await sql.stop(MAIN);
  await sql.backUp(MAIN, 'last');
  await sql.remove(MAIN);
  expect(sql.socketFolder(MAIN)).toBeUndefined();
  await sql.stopAll();
  sql = place.open();
  await sql.restoreBackup(MAIN, 'last');
  await sql.start(await instanceNamed('main'));
  expect(await query(login(), 'SELECT a FROM kept')).toEqual([10]);
});

it('is for its owner alone, and goes when it is removed', async () => {
  const folder = join(place.folder, 'sql', 'backups');
  const folders = await readdir(folder);
  expect(folders).toHaveLength(3);
  for (const name of folders) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  for (const id of ['one', 'two', 'last', 'never']) await sql.removeBackup(id);
  expect(await readdir(folder)).toEqual([]);
  await expect(sql.restoreBackup(MAIN, 'one')).rejects.toMatchObject({ code: 'LOCAL_NO_BACKUP_DATA' });
  await expect(sql.backUp('some-project:europe-west3:none', 'x')).rejects.toMatchObject({ code: 'LOCAL_NO_BACKUP_DATA' });
});
