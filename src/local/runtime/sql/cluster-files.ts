import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../errors.ts';
import type { SqlInstance } from '../../runtime-port.ts';
import { readJson, writeWhole } from '../files.ts';
import { shortName } from '../layout.ts';
import { LOOPBACK } from '../ports.ts';
import type { Account } from './account.ts';
import { pgHbaConf, postgresqlConf } from './settings.ts';

/** Where the parts of one database cluster lie. */
export interface ClusterFiles {
  folder: string;
  /** PostgreSQL's own; belongs to the account. */
  data: string;
  tls: { folder: string; certificate: string; key: string; clientAuthority: string; revocationList: string };
  /** Holds the unix socket; short, as the kernel takes 107 bytes at most for the whole. */
  socket: string;
  /** Password of the operator's superuser, ours alone. */
  adminPassword: string;
  /** {@link ClusterRecord} */
  record: string;
}

/** What is known of a cluster beside PostgreSQL's own files. Its presence says that the cluster is complete. */
export interface ClusterRecord {
  connectionName: string;
  major: number;
  port: number;
  socketFolder: string;
}

// 107 bytes on Linux, 103 on macOS, less the longest name in it: /.s.PGSQL.65535
const LONGEST_SOCKET_FOLDER = 103 - 15;

export function clusterFiles(sqlFolder: string, connectionName: string): ClusterFiles {
  const folder = join(sqlFolder, shortName(connectionName));
  const tls = join(folder, 'tls');
  const near = join(folder, 'socket');
  return {
    folder,
    data: join(folder, 'data'),
    tls: {
      folder: tls,
      certificate: join(tls, 'server.crt'),
      key: join(tls, 'server.key'),
      clientAuthority: join(tls, 'client-ca.crt'),
      revocationList: join(tls, 'client-ca.crl'),
    },
    socket:
      Buffer.byteLength(near) <= LONGEST_SOCKET_FOLDER ? near : `/tmp/mlflow-gcp-${process.getuid?.() ?? 0}-${shortName(folder)}`,
    adminPassword: join(folder, 'admin-password'),
    record: join(folder, 'instance.json'),
  };
}

/** Where a running cluster takes connections over TCP; readable by other processes of this user. */
export function databaseAddress(sqlFolder: string, connectionName: string): { host: string; port: number } | undefined {
  const record = readJson<ClusterRecord>(clusterFiles(sqlFolder, connectionName).record);
  return record === undefined ? undefined : { host: LOOPBACK, port: record.port };
}

/** Makes the folders around the data and, once, the superuser's password, which it returns. */
export async function prepareFolders(files: ClusterFiles, account: Account | undefined): Promise<string> {
  await mkdir(files.folder, { recursive: true, mode: 0o711 });
  if (account !== undefined) await chmod(files.folder, 0o711);
  await ownFolder(files.tls.folder, account);
  await ownFolder(files.socket, account);
  const known = await readFile(files.adminPassword, 'utf8').catch(ifMissing(undefined));
  if (known) return known;
  const password = randomBytes(24).toString('base64url');
  writeWhole(files.adminPassword, password);
  return password;
}

/** A folder for the account alone. In /tmp somebody else may have been there first: then it is refused. */
export async function ownFolder(folder: string, account: Account | undefined): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const owner = (await lstat(folder)).uid;
  const isOurs = owner === process.getuid?.() || owner === account?.uid;
  if (!isOurs || !(await lstat(folder)).isDirectory()) {
    throw new UserError({
      code: 'LOCAL_SOCKET_FOLDER',
      message: `${folder} is needed for the database’s socket but belongs to somebody else.`,
      hint: 'Choose a shorter path for the local target’s folder: MLFLOW_GCP_HOME=/path/to/folder',
    });
  }
  await chmod(folder, 0o700);
  await giveTo(folder, account);
}

export async function giveTo(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

/** Writes the configuration for this instance and port; PostgreSQL reads it at start or when told to (SIGHUP). */
export async function writeSettings(
  files: ClusterFiles,
  instance: SqlInstance,
  port: number,
  account: Account | undefined,
): Promise<void> {
  const { revocationList } = instance.tls;
  const { revocationList: listFile, ...tls } = files.tls;
  const settings = postgresqlConf({
    port,
    socketFolder: files.socket,
    tls: revocationList === undefined ? tls : { ...tls, revocationList: listFile },
  });
  for (const [file, text] of [
    [files.tls.certificate, instance.tls.certificate],
    [files.tls.key, instance.tls.key],
    [files.tls.clientAuthority, instance.tls.clientAuthority],
    ...(revocationList === undefined ? [] : [[listFile, revocationList] as const]),
    [join(files.data, 'postgresql.conf'), settings],
    [join(files.data, 'pg_hba.conf'), pgHbaConf(instance.sslMode)],
  ] as const) {
    const beside = `${file}.tmp`;
    await rm(beside, { force: true });
    await writeFile(beside, text, { mode: 0o600, flag: 'wx' });
    await giveTo(beside, account);
    await rename(beside, file);
  }
}

/** Clients look for port 5432 in the folder that they are given, as on Cloud Run; PostgreSQL names its socket by the TCP port. */
export async function linkSocket(socketFolder: string, port: number): Promise<void> {
  const link = join(socketFolder, '.s.PGSQL.5432');
  if (port === 5432) return;
  await rm(link, { force: true });
  await symlink(`.s.PGSQL.${port}`, link);
}

export function ifMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}
