import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { MysqlServers } from '../../../src/local/runtime/mysql/mysql-runtime.ts';
import type { SqlInstance } from '../../../src/local/runtime-port.ts';
import { mysqlPrograms, NEEDS_MYSQL } from '../../support/mysql.ts';
import { certificates } from './certificates.ts';
import { type MysqlPlace, mysqlNamed, mysqlPlace } from './mysql-setup.ts';

const programs = await mysqlPrograms();
const PASSWORD = `it's "odd"\\ & ünï`;

describe.skipIf(programs === undefined)(`MySQL behind Cloud SQL ${NEEDS_MYSQL}`, () => {
  let place: MysqlPlace;
  let sql: MysqlServers;
  let instance: SqlInstance;
  let address: { host: string; port: number };
  const name = 'some-project:europe-west3:main';
  const files: Record<string, string> = {};

  beforeAll(async () => {
    if (programs === undefined) return;
    place = await mysqlPlace(programs);
    const made = await certificates();
    const tls = { certificate: made.server.certificate, key: made.server.key, clientAuthority: made.authority };
    instance = await mysqlNamed('main', { tls, rootPassword: 'of the administrator' });
    for (const [file, text] of Object.entries({
      cert: made.client.certificate,
      key: made.client.key,
      strangeCert: made.stranger.certificate,
      strangeKey: made.stranger.key,
    })) {
      files[file] = join(place.folder, `${file}.pem`);
      await writeFile(files[file], text, { mode: 0o600 });
    }
    sql = place.open();
    address = await sql.start(instance);
    await sql.createDatabase(name, { name: 'mlflow', charset: 'utf8mb4', collation: 'utf8mb4_bin' });
    await sql.setUser(name, { name: 'mlflow', host: '%', password: PASSWORD });
  });
  afterAll(async () => {
    await sql?.stopAll();
    await place?.remove();
  });

  const socket = () => [`--socket=${sql.socketFile(name)}`, '--protocol=socket'];
  const tcp = (...more: string[]) => [`--host=${address.host}`, `--port=${address.port}`, '--protocol=tcp', ...more];
  const plain = () => (programs?.flavour === 'mariadb' ? ['--skip-ssl'] : ['--ssl-mode=DISABLED', '--get-server-public-key']);
  const encrypted = () => (programs?.flavour === 'mariadb' ? ['--ssl'] : ['--ssl-mode=REQUIRED']);
  const withCertificate = (cert: string, key: string) => [...encrypted(), `--ssl-cert=${files[cert]}`, `--ssl-key=${files[key]}`];

  /** What a client on this machine gets for a statement; rejects with what the server says. */
  async function query(way: string[], statement: string, login = { user: 'mlflow', password: PASSWORD }): Promise<string> {
    const { execa } = await import('execa');
    const options = ['--no-defaults', ...way, `--user=${login.user}`, '--batch', '--skip-column-names'];
    const result = await execa(programs?.client ?? '', [...options, `--execute=${statement}`], {
      env: { MYSQL_PWD: login.password },
      reject: false,
    });
    if (result.failed) throw new Error(result.stderr);
    return result.stdout;
  }

  it('lets users in over the socket, with the rights that Google gives and no more', async () => {
    expect(await query(socket(), 'SELECT @@collation_database', { user: 'mlflow', password: PASSWORD })).toBeDefined();
    expect(
      await query(socket(), 'SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = "mlflow"'),
    ).toBe('utf8mb4_bin');
    await query(socket(), 'CREATE TABLE mlflow.kept (n INT); INSERT INTO mlflow.kept VALUES (42)');
    await query(socket(), 'CREATE TRIGGER mlflow.t BEFORE INSERT ON mlflow.kept FOR EACH ROW SET NEW.n = NEW.n');
    await expect(query(socket(), 'SELECT LOAD_FILE("/etc/passwd") IS NULL')).resolves.toBe('1');
    await expect(query(socket(), 'SHUTDOWN')).rejects.toThrow('denied');
    await expect(query(socket(), 'SELECT 1', { user: 'mlflow', password: 'not it' })).rejects.toThrow('denied');
    expect(await query(socket(), 'SELECT 1', { user: 'root', password: 'of the administrator' })).toBe('1');
    for (const user of ['root', 'cloudsqladmin', ''])
      await expect(query(socket(), 'SELECT 1', { user, password: '' })).rejects.toThrow('denied');
  });

  it('wants TLS over TCP, and a certificate of its authority where the mode says so', async () => {
    await expect(query(tcp(...plain()), 'SELECT 1')).rejects.toThrow();
    expect(await query(tcp(...encrypted()), "SHOW STATUS LIKE 'Ssl_version'")).toMatch(/TLSv1\.[23]/);
    await expect(query(tcp(...encrypted()), 'SELECT 1', { user: 'cloudsqladmin', password: '' })).rejects.toThrow('denied');

    address = await sql.start({ ...instance, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' });
    await expect(query(tcp(...encrypted()), 'SELECT 1')).rejects.toThrow('denied');
    await expect(query(tcp(...withCertificate('strangeCert', 'strangeKey')), 'SELECT 1')).rejects.toThrow();
    expect(await query(tcp(...withCertificate('cert', 'key')), 'SELECT n FROM mlflow.kept')).toBe('42');
    // The connectors' tunnel works in every mode.
    expect(await query(socket(), 'SELECT n FROM mlflow.kept')).toBe('42');

    address = await sql.start({ ...instance, sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' });
    expect(await query(tcp(...plain()), "SHOW STATUS LIKE 'Ssl_version'")).not.toContain('TLS');
    address = await sql.start(instance);
    await expect(query(tcp(...plain()), 'SELECT 1')).rejects.toThrow();
  });

  it('changes passwords, drops users and databases, and may be told twice', async () => {
    for (const password of ['first', 'second']) await sql.setUser(name, { name: 'changing', host: '%', password });
    await expect(query(socket(), 'SELECT 1', { user: 'changing', password: 'first' })).rejects.toThrow('denied');
    expect(await query(socket(), 'SELECT 1', { user: 'changing', password: 'second' })).toBe('1');
    for (let time = 0; time < 2; time += 1) {
      await sql.createDatabase(name, { name: 'o`dd' });
      await sql.dropUser(name, { name: 'changing', host: '%' });
    }
    await expect(query(socket(), 'SELECT 1', { user: 'changing', password: 'second' })).rejects.toThrow('denied');
    for (let time = 0; time < 2; time += 1) await sql.dropDatabase(name, 'o`dd');
    await expect(sql.setUser(name, { name: 'ada', roles: ['no-such-role'] })).rejects.toThrow(/no-such-role/);
  });

  it('starts a server again that ended by itself, with what was in it', async () => {
    const [entry = ''] = await readdir(place.processes);
    const { pid } = JSON.parse(await readFile(join(place.processes, entry), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect(await query(socket(), 'SELECT n FROM mlflow.kept')).toBe('42'), {
      timeout: 60_000,
      interval: 200,
    });
    expect(place.notes.join('\n')).toContain('is started again');
  });

  it('goes on in another background process, at the same port, until its data are removed', async () => {
    await sql.stopAll();
    expect(await readdir(place.processes)).toEqual([]);
    const next = place.open();
    expect(await next.start(instance)).toEqual(address);
    expect(await query(socket(), 'SELECT n FROM mlflow.kept')).toBe('42');
    await next.remove(name);
    expect(next.socketFile(name)).toBeUndefined();
    expect(next.has(name)).toBe(false);
    await expect(next.createDatabase(name, { name: 'x' })).rejects.toMatchObject({ code: 'LOCAL_INSTANCE_STOPPED' });
  });
});
