import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { UserError } from '../../../errors.ts';

/** MySQL's programs on this machine, or those of MariaDB, which speaks the same language. */
export interface MysqlPrograms {
  flavour: 'mysql' | 'mariadb';
  /** `8.4.6`, `10.11.19` */
  version: string;
  server: string;
  client: string;
  /** MariaDB's program that makes a data folder; MySQL's server does that itself. */
  installer: string | undefined;
}

/** Beside those of PATH: servers lie where an ordinary user's PATH does not lead, and Homebrew keeps programs that conflict apart. */
const SYSTEM_FOLDERS = [
  '/usr/sbin',
  '/usr/bin',
  '/usr/libexec',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/local/mysql/bin',
  ...['/opt/homebrew', '/usr/local'].flatMap((root) =>
    ['mysql', 'mysql@8.4', 'mariadb'].map((name) => `${root}/opt/${name}/bin`),
  ),
];

/**
 * Looks for a server on PATH and where systems put servers. Throws a {@link UserError} LOCAL_MYSQL_MISSING, with the command that installs
 * one, when there is none that can be used.
 *
 * @param systemFolders looked at after PATH's
 */
export async function findMysql(
  env: Readonly<Record<string, string | undefined>>,
  systemFolders: readonly string[] = SYSTEM_FOLDERS,
): Promise<MysqlPrograms> {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const folders = [...new Set([...onPath, ...systemFolders])];
  const servers = folders.flatMap((folder) => ['mysqld', 'mariadbd'].map((name) => join(folder, name))).filter(existsSync);
  const lacks: string[] = [];
  for (const server of servers) {
    const found = await programsOf(server, folders);
    if (typeof found !== 'string') return found;
    lacks.push(found);
  }
  throw mysqlMissing(lacks[0]);
}

/** The programs that go with a server, or what is missing of them. */
async function programsOf(server: string, folders: string[]): Promise<MysqlPrograms | string> {
  const { execa } = await import('execa');
  const told = await execa(server, ['--no-defaults', '--version'], { stdin: 'ignore', reject: false, timeout: 10_000 });
  const version = /Ver (\d+(?:\.\d+)+)/.exec(told.stdout)?.[1];
  if (version === undefined) return `${server} does not tell its version`;
  const flavour = told.stdout.includes('MariaDB') ? 'mariadb' : 'mysql';
  const find = (...names: string[]): string | undefined =>
    folders.flatMap((folder) => names.map((name) => join(folder, name))).find(existsSync);
  const client = flavour === 'mariadb' ? find('mariadb', 'mysql') : find('mysql');
  if (client === undefined) return `${server} is there, but not the client program ${flavour}`;
  if (flavour === 'mysql') return { flavour, version, server, client, installer: undefined };
  const installer = find('mariadb-install-db', 'mysql_install_db');
  if (installer === undefined) return `${server} is there, but not mariadb-install-db`;
  return { flavour, version, server, client, installer };
}

/** These Debian packages hold the programs alone: they start no server of the system's own. */
const INSTALL =
  process.platform === 'darwin'
    ? 'brew install mariadb'
    : 'sudo apt-get install --no-install-recommends mariadb-server-core mariadb-client-core';

function mysqlMissing(lack: string | undefined): UserError {
  return new UserError({
    code: 'LOCAL_MYSQL_MISSING',
    message: `The local target needs the programs of MariaDB or MySQL for a deployment with MySQL: ${lack ?? 'there are none on this machine'}.`,
    hint: `Install them with: ${INSTALL} — or keep the records in PostgreSQL, which the local target brings along: --database postgres`,
  });
}
