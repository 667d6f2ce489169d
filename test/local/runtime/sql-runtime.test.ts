import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { processRegister } from '../../../src/local/runtime/process-register.ts';
import { databaseAccount } from '../../../src/local/runtime/sql/account.ts';
import { isReachable } from '../../../src/local/runtime/sql/binaries-copy.ts';
import { clusterFiles } from '../../../src/local/runtime/sql/cluster-files.ts';
import type { LocalSqlRuntime } from '../../../src/local/runtime/sql/sql-runtime.ts';
import { certificates } from './certificates.ts';
import { instanceNamed, packageRoot, type SqlPlace, sqlPlace } from './sql-setup.ts';

const password = `it's "a" \\pass$word; ünï`;

async function query(config: pg.ClientConfig, sql: string): Promise<unknown[]> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

describe('a Cloud SQL instance on this machine', () => {
  let place: SqlPlace;
  let sql: LocalSqlRuntime;
  const name = 'some-project:europe-west3:main';
  const socket = (user = 'mlflow') => ({ host: sql.socketFolder(name) ?? '', port: 5432, user, password, database: 'mlflow' });

  beforeAll(async () => {
    place = await sqlPlace();
    sql = place.open();
    await sql.start(await instanceNamed('main', { rootPassword: 'root password' }));
    await sql.createDatabase(name, { name: 'mlflow' });
    await sql.setUser(name, { name: 'mlflow', password });
  });
  afterAll(async () => {
    await sql.stopAll();
    await place.remove();
  });

  it('is reached over the unix socket under the port that Cloud Run gives it, with the password alone', async () => {
    expect(await query(socket(), 'SELECT current_user, current_database()')).toEqual(['mlflow', 'mlflow']);
    await expect(query({ ...socket(), password: 'wrong' }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('gives users made through the API the rights of cloudsqlsuperuser, and no more', async () => {
    expect(
      await query(
        socket(),
        "SELECT rolcreatedb, rolcreaterole, rolsuper, pg_has_role('cloudsqlsuperuser', 'member') FROM pg_roles WHERE rolname = current_user",
      ),
    ).toEqual([true, true, false, true]);
    await query(socket(), 'CREATE TABLE public.t AS SELECT 7 AS a');
    expect(await query(socket(), 'SELECT a FROM t')).toEqual([7]);
    await expect(query(socket(), "COPY t TO PROGRAM 'id'")).rejects.toMatchObject({ code: '42501' });
  });

  it('sets the password of postgres when the instance is made', async () => {
    expect(
      await query({ ...socket('postgres'), password: 'root password', database: 'postgres' }, 'SELECT current_user'),
    ).toEqual(['postgres']);
  });

  it('takes the same calls twice, and a new password', async () => {
    await sql.start(await instanceNamed('main', { rootPassword: 'another' }));
    await sql.createDatabase(name, { name: 'mlflow' });
    await sql.setUser(name, { name: 'changing', password: 'first' });
    await sql.setUser(name, { name: 'changing', password: 'second' });
    await expect(query({ ...socket('changing'), password: 'first' }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    expect(await query({ ...socket('changing'), password: 'second' }, 'SELECT 1')).toEqual([1]);
    expect(await query({ ...socket('postgres'), password: 'root password', database: 'postgres' }, 'SELECT 1')).toEqual([1]);
    await sql.dropUser(name, { name: 'changing' });
    await sql.dropUser(name, { name: 'changing' });
    await expect(query({ ...socket('changing'), password: 'second' }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('quotes names of databases and users', async () => {
    const odd = `o"dd'; DROP TABLE x; --`;
    await sql.createDatabase(name, { name: odd, charset: 'UTF8', collation: 'en_US.UTF8' });
    await sql.setUser(name, { name: odd, password });
    expect(await query({ ...socket(odd), database: odd }, 'SELECT current_database(), current_user')).toEqual([odd, odd]);
    await sql.dropDatabase(name, odd);
    await sql.dropUser(name, { name: odd });
    await expect(sql.setUser(name, { name: 'cloudsqladmin', password })).rejects.toMatchObject({ code: 'LOCAL_DATABASE_NAME' });
    await expect(sql.createDatabase(name, { name: 'x'.repeat(64) })).rejects.toMatchObject({ code: 'LOCAL_DATABASE_NAME' });
  });

  it('shows no password in argv or logs', async () => {
    await sql.setUser(name, { name: 'logged', password: 'needle-in-the-log' });
    const log = join(place.folder, 'logs');
    for (const file of await readdir(log)) expect(await readFile(join(log, file), 'utf8')).not.toContain('needle-in-the-log');
    const adminPassword = await readFile(clusterFiles(join(place.folder, 'sql'), name).adminPassword, 'utf8');
    expect(execFileSync('ps', ['axww', '-o', 'args='], { encoding: 'utf8' })).not.toContain(adminPassword);
    expect((await stat(clusterFiles(join(place.folder, 'sql'), name).adminPassword)).mode & 0o077).toBe(0);
  });

  it.runIf(process.getuid?.() === 0)('runs as an unprivileged user when we are root', async () => {
    const data = clusterFiles(join(place.folder, 'sql'), name).data;
    const owner = (await stat(data)).uid;
    expect(owner).not.toBe(0);
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\s+${owner}\\s+${owner}`, 'm'));
    expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Groups:\s*$/m);
  });
});

describe('the TLS modes over TCP', () => {
  let place: SqlPlace;
  let sql: LocalSqlRuntime;
  const name = 'some-project:europe-west3:tls';
  const tcp = async (): Promise<pg.ClientConfig> => ({
    ...(await sql.start(await current())),
    user: 'mlflow',
    password,
    database: 'postgres',
  });
  let current = () => instanceNamed('tls');

  beforeAll(async () => {
    place = await sqlPlace();
    sql = place.open();
  });
  afterAll(async () => {
    await sql.stopAll();
    await place.remove();
  });

  const enter = async (sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' | 'ENCRYPTED_ONLY' | 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED') => {
    const issued = await certificates();
    const instance = await instanceNamed('tls', { sslMode, tls: { ...issued.server, clientAuthority: issued.authority } });
    current = async () => instance;
    const config = await tcp();
    await sql.setUser(name, { name: 'mlflow', password });
    const verified = { ca: issued.authority, checkServerIdentity: () => undefined };
    return { config, issued, verified };
  };
  const settled = (config: pg.ClientConfig, expected: { ok: boolean; code?: string }) =>
    expect
      .poll(
        async () =>
          await query(config, 'SELECT 1').then(
            () => ({ ok: true }),
            (error: { code?: string }) => ({ ok: false, code: error.code }),
          ),
        { timeout: 5_000 },
      )
      .toMatchObject(expected);

  it('ENCRYPTED_ONLY refuses plain text and takes TLS with the given certificate', async () => {
    const { config, verified } = await enter('ENCRYPTED_ONLY');
    await settled({ ...config, ssl: verified }, { ok: true });
    await settled({ ...config, ssl: false }, { ok: false, code: '28000' });
  });

  it('TRUSTED_CLIENT_CERTIFICATE_REQUIRED wants a certificate of the instance’s authority as well as the password', async () => {
    const { config, verified, issued } = await enter('TRUSTED_CLIENT_CERTIFICATE_REQUIRED');
    const withClient = { ...verified, cert: issued.client.certificate, key: issued.client.key };
    await settled({ ...config, ssl: withClient }, { ok: true });
    await settled({ ...config, ssl: verified }, { ok: false, code: '28000' });
    await settled({ ...config, ssl: false }, { ok: false, code: '28000' });
    await settled({ ...config, password: 'wrong', ssl: withClient }, { ok: false, code: '28P01' });
    await settled(
      { ...config, ssl: { ...verified, cert: issued.stranger.certificate, key: issued.stranger.key } },
      { ok: false },
    );
    expect(
      await query({ host: sql.socketFolder(name) ?? '', port: 5432, user: 'mlflow', password, database: 'postgres' }, 'SELECT 1'),
    ).toEqual([1]);
  });

  it('ALLOW_UNENCRYPTED_AND_ENCRYPTED takes both, but never lets the operator’s user in', async () => {
    const { config, verified } = await enter('ALLOW_UNENCRYPTED_AND_ENCRYPTED');
    await settled({ ...config, ssl: verified }, { ok: true });
    await settled({ ...config, ssl: false }, { ok: true });
    const admin = await readFile(clusterFiles(join(place.folder, 'sql'), name).adminPassword, 'utf8');
    await settled({ ...config, user: 'cloudsqladmin', password: admin, ssl: false }, { ok: false, code: '28000' });
  });
});

describe('after a kill', () => {
  let place: SqlPlace;
  const name = 'some-project:europe-west3:killed';
  const pidOf = async () =>
    Number((await readFile(join(clusterFiles(join(place.folder, 'sql'), name).data, 'postmaster.pid'), 'utf8')).split('\n')[0]);

  afterEach(async () => {
    await processRegister(place.processes).endStrays();
    await place.remove();
  });

  it('a killed PostgreSQL is started again under the same port, with its data', async () => {
    place = await sqlPlace();
    const sql = place.open();
    const before = await sql.start(await instanceNamed('killed'));
    await sql.createDatabase(name, { name: 'kept' });
    const pid = await pidOf();
    process.kill(pid, 'SIGKILL');
    await sql.setUser(name, { name: 'u', password }).catch(() => undefined);
    await expect
      .poll(
        () =>
          sql.setUser(name, { name: 'u', password }).then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
    expect(
      await query({ host: sql.socketFolder(name) ?? '', port: 5432, user: 'u', password, database: 'kept' }, 'SELECT 1'),
    ).toEqual([1]);
    expect(await sql.start(await instanceNamed('killed'))).toEqual(before);
    expect(await pidOf()).not.toBe(pid);
    expect(place.notes.join()).toContain('started again');
    await sql.stopAll();
  });

  it('what an earlier process left running is ended, and its data serves again', async () => {
    place = await sqlPlace();
    const first = place.open();
    const before = await first.start(await instanceNamed('killed'));
    await first.setUser(name, { name: 'u', password });
    const orphan = await pidOf();
    // The first runtime is not told: to the second it looks as if its owner had been killed.
    expect(await processRegister(place.processes).endStrays()).toEqual([`PostgreSQL ${name}`]);
    expect(() => process.kill(orphan, 0)).toThrow();
    await first.stopAll();
    const second = place.open();
    expect(await second.start(await instanceNamed('killed'))).toEqual(before);
    expect(
      await query({ host: second.socketFolder(name) ?? '', port: 5432, user: 'u', password, database: 'postgres' }, 'SELECT 1'),
    ).toEqual([1]);
    await second.remove(name);
    expect(await readdir(join(place.folder, 'sql'))).toEqual([]);
  });
});

describe.runIf(process.getuid?.() === 0)('as an ordinary user', () => {
  it('runs PostgreSQL as that user', async () => {
    if (!(await isReachable(packageRoot))) return;
    const account = databaseAccount(0);
    const output = execFileSync(process.execPath, [join(import.meta.dirname, 'sql-as-user.ts')], {
      encoding: 'utf8',
      cwd: '/',
      env: { PATH: process.env['PATH'], TMPDIR: '/tmp' },
      uid: account?.uid ?? 0,
      gid: account?.gid ?? 0,
    });
    expect(JSON.parse(output)).toEqual({ uid: account?.uid, me: 'me' });
  });
});
