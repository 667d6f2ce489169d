import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { noBackupData } from '../backup-folders.ts';
import { readJson, writeJson } from '../files.ts';
import { freePort } from '../ports.ts';
import type { Account } from '../sql/account.ts';
import { copyTree } from '../sql/copy-tree.ts';
import { freshRecord, prepareFolders, type ServerFiles, type ServerRecord } from './server-files.ts';

const DATA = 'data';
const RECORD = 'backup.json';

/** Copies the data of a stopped server into `folder`, which appears whole or not at all. */
export async function takeBackup(files: ServerFiles, folder: string): Promise<void> {
  const record = readJson<ServerRecord>(files.record);
  if (record === undefined) throw noBackupData(files.folder);
  const staging = `${folder}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  await copyTree(files.data, join(staging, DATA));
  writeJson(join(staging, RECORD), record);
  await rename(staging, folder);
}

/** Puts a copy in the place of a stopped server's data, which need not be there. Cut off, this has to be done again. The port stays. */
export async function restoreBackup(
  files: ServerFiles,
  folder: string,
  connectionName: string,
  account: Account | undefined,
): Promise<void> {
  const backup = readJson<ServerRecord>(join(folder, RECORD));
  if (backup === undefined) throw noBackupData(folder);
  const { databaseVersion, adminPassword } = backup;
  const known = await prepareFolders(files, account, freshRecord(connectionName, databaseVersion));
  const staging = join(files.folder, 'data.restored');
  await rm(staging, { recursive: true, force: true });
  await copyTree(join(folder, DATA), staging, { account });
  await rm(files.data, { recursive: true, force: true });
  await rename(staging, files.data);
  // With a port it counts as one that has been made: its administrator keeps the password that stands in the data.
  const record: ServerRecord = { connectionName, databaseVersion, adminPassword, port: known.port ?? (await freePort()) };
  writeJson(files.record, record);
}
