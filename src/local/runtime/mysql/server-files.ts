import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson, writeJson, writeWhole } from '../files.ts';
import { shortName } from '../layout.ts';
import { LOOPBACK } from '../ports.ts';
import type { Account } from '../sql/account.ts';
import { ownFolder } from '../sql/cluster-files.ts';

/** Where the parts of one server lie. */
export interface ServerFiles {
  folder: string;
  /** The server's own; belongs to the account. */
  data: string;
  optionFile: string;
  /** Run by the server at each start. */
  initFile: string;
  pidFile: string;
  tls: { folder: string; certificate: string; key: string; clientAuthority: string; revocationList: string };
  socketFolder: string;
  /** The unix socket, which stands for `/cloudsql/CONNECTION_NAME`. */
  socket: string;
  /** How the operator signs in, ours alone. */
  adminOptions: string;
  /** {@link ServerRecord} */
  record: string;
}

/** What is known of a server beside its own files. */
export interface ServerRecord {
  connectionName: string;
  databaseVersion: string;
  adminPassword: string;
  port?: number;
}

// 107 bytes on Linux, 103 on macOS.
const LONGEST_SOCKET = 103;
const SOCKET_NAME = 'mysql.sock';

/** Holds one folder for each instance. */
export function mysqlFolder(sqlFolder: string): string {
  return join(sqlFolder, 'mysql');
}

/** Where a server takes connections over TCP; undefined where there is none. */
export function mysqlAddress(folder: string, connectionName: string): { host: string; port: number } | undefined {
  const port = readJson<ServerRecord>(serverFiles(folder, connectionName).record)?.port;
  return port === undefined ? undefined : { host: LOOPBACK, port };
}

export function serverFiles(mysqlFolder: string, connectionName: string): ServerFiles {
  const folder = join(mysqlFolder, shortName(connectionName));
  const tls = join(folder, 'tls');
  const near = join(folder, 'socket');
  const fits = Buffer.byteLength(join(near, SOCKET_NAME)) <= LONGEST_SOCKET;
  const socketFolder = fits ? near : `/tmp/mlflow-gcp-${process.getuid?.() ?? 0}-${shortName(folder)}`;
  return {
    folder,
    data: join(folder, 'data'),
    optionFile: join(tls, 'server.cnf'),
    initFile: join(tls, 'init.sql'),
    pidFile: join(socketFolder, 'mysql.pid'),
    tls: {
      folder: tls,
      certificate: join(tls, 'server.crt'),
      key: join(tls, 'server.key'),
      clientAuthority: join(tls, 'client-ca.crt'),
      revocationList: join(tls, 'client-ca.crl'),
    },
    socketFolder,
    socket: join(socketFolder, SOCKET_NAME),
    adminOptions: join(folder, 'admin.cnf'),
    record: join(folder, 'instance.json'),
  };
}

/** Makes the folders around the data and, once, the operator's password. */
export async function prepareFolders(
  files: ServerFiles,
  account: Account | undefined,
  fresh: ServerRecord,
): Promise<ServerRecord> {
  await mkdir(files.folder, { recursive: true, mode: 0o711 });
  if (account !== undefined) await chmod(files.folder, 0o711);
  await ownFolder(files.tls.folder, account);
  await ownFolder(files.socketFolder, account);
  const known = readJson<ServerRecord>(files.record);
  if (known === undefined) writeJson(files.record, fresh);
  return known ?? fresh;
}

/** A record for a server that is not there yet. */
export function freshRecord(connectionName: string, databaseVersion: string): ServerRecord {
  return { connectionName, databaseVersion, adminPassword: randomBytes(24).toString('base64url') };
}

/** Replaces a file whole; it is for the account alone. */
export async function writeFor(account: Account | undefined, file: string, text: string): Promise<void> {
  if (account === undefined) return writeWhole(file, text);
  const beside = `${file}.tmp`;
  await rm(beside, { force: true });
  await writeFile(beside, text, { mode: 0o600, flag: 'wx' });
  await chown(beside, account.uid, account.gid);
  await rename(beside, file);
}
