import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServers } from '../../../src/local/runtime/mysql/mysql-runtime.ts';
import { mysqlAddress } from '../../../src/local/runtime/mysql/server-files.ts';
import { clientCommand } from '../../../src/project/database-client.ts';
import { mysqlPrograms, NEEDS_MYSQL } from '../../support/mysql.ts';
import { certificates } from './certificates.ts';
import { type MysqlPlace, mysqlNamed, mysqlPlace } from './mysql-setup.ts';

const programs = await mysqlPrograms();
const MAIN = 'some-project:europe-west3:main';
const COPY = 'some-project:europe-west3:copy';

describe.skipIf(programs === undefined)(`backups of MySQL ${NEEDS_MYSQL}`, () => {
  let place: MysqlPlace;
  let sql: MysqlServers;
  let serverCa: string;
  let instance: Awaited<ReturnType<typeof mysqlNamed>>;

  beforeAll(async () => {
    if (programs === undefined) return;
    place = await mysqlPlace(programs);
    const made = await certificates();
    instance = await mysqlNamed('main', { tls: { ...made.server, clientAuthority: made.authority } });
    serverCa = join(place.folder, 'server-ca.pem');
    await writeFile(serverCa, made.authority);
    sql = place.open();
    await sql.start(instance);
    await sql.createDatabase(MAIN, { name: 'wine' });
    await sql.setUser(MAIN, { name: 'mlflow', host: '%', password: 'first' });
  });
  afterAll(async () => {
    await sql?.stopAll();
    await place?.remove();
  });

  async function query(statement: string, name = MAIN, password = 'first'): Promise<string> {
    const { execa } = await import('execa');
    const options = [
      '--no-defaults',
      `--socket=${sql.socketFile(name)}`,
      '--user=mlflow',
      '--batch',
      '--skip-column-names',
      'wine',
    ];
    const { stdout } = await execa(programs?.client ?? '', [...options, `--execute=${statement}`], {
      env: { MYSQL_PWD: password },
    });
    return stdout;
  }

  it('go back to what there was, and make other instances', async () => {
    await query('CREATE TABLE kept AS SELECT 7 AS a');
    await sql.backUp(MAIN, 'one');
    await query('UPDATE kept SET a = 8');
    await sql.setUser(MAIN, { name: 'mlflow', host: '%', password: 'second' });
    await sql.restoreBackup(COPY, 'one');
    await sql.start({ ...instance, connectionName: COPY });
    expect(await query('SELECT a FROM kept', COPY)).toBe('7');
    expect(await query('SELECT a FROM kept', MAIN, 'second')).toBe('8');
    await sql.restoreBackup(MAIN, 'one');
    await sql.start(instance);
    expect(await query('SELECT a FROM kept')).toBe('7');
    expect(sql.hasBackup('one')).toBe(true);
    await sql.removeBackup('one');
    expect(await readdir(join(place.folder, 'mysql', 'backups'))).toEqual([]);
    await expect(sql.restoreBackup(MAIN, 'one')).rejects.toMatchObject({ code: 'LOCAL_NO_BACKUP_DATA' });
  });

  it('are of a server that the printed line opens, over TLS', async () => {
    const { execa } = await import('execa');
    const address = mysqlAddress(join(place.folder, 'mysql'), MAIN);
    expect(address?.port).toBeGreaterThan(0);
    const access = {
      engine: 'mysql' as const,
      host: '',
      port: 0,
      ...address,
      database: 'wine',
      user: 'mlflow',
      password: 'first',
    };
    const line = clientCommand({ ...access, tls: { serverCa } }, 'echo first').replace(' mysql ', ` '${programs?.client}' `);
    const { stdout } = await execa('sh', ['-c', `${line} --batch --skip-column-names --execute="SHOW STATUS LIKE 'Ssl_cipher'"`]);
    expect(stdout).toMatch(/^Ssl_cipher\t\S+/m);
  });
});
