import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noBackupData } from '../backup-folders.ts';
import { readJson, writeJson, writeWhole } from '../files.ts';
import { freePort } from '../ports.ts';
import type { Account } from './account.ts';
import { type AdminAccess, asAdmin } from './admin.ts';
import { type ClusterFiles, type ClusterRecord, prepareFolders } from './cluster-files.ts';
import { copyTree } from './copy-tree.ts';

/** What is known of a copy of a cluster beside its data. */
interface BackupRecord {
  major: number;
  /** The operator's, which stands in the data. */
  adminPassword: string;
}

const DATA = 'data';
const RECORD = 'backup.json';
/** What a new start makes anew; the folders themselves have to be there. https://www.postgresql.org/docs/current/continuous-archiving.html */
const CONTENTS_LEFT_OUT = /^(pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/|(^|\/)pgsql_tmp/;
const FILES_LEFT_OUT = /^(postmaster\.(pid|opts)|current_logfiles.*)$|(^|\/)pg_internal\.init/;
const LOG = /^pg_wal\//;
const isTransient = (path: string): boolean => CONTENTS_LEFT_OUT.test(path) || FILES_LEFT_OUT.test(path);

/**
 * Copies a cluster into `folder`, which appears whole or not at all. A running one (`access`) goes on serving: the copy is what a restart
 * after a power failure at the end of this call would have found.
 */
export async function takeBackup(files: ClusterFiles, access: AdminAccess | undefined, folder: string): Promise<void> {
  const record = readJson<ClusterRecord>(files.record);
  if (record === undefined) throw noBackupData(files.folder);
  const staging = `${folder}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  const target = join(staging, DATA);
  if (access === undefined) await copyTree(files.data, target, { without: isTransient });
  else await copyRunning(access, files.data, target);
  const adminPassword = await readFile(files.adminPassword, 'utf8');
  writeJson(join(staging, RECORD), { major: record.major, adminPassword } satisfies BackupRecord);
  await rename(staging, folder);
}

/**
 * A base backup as pg_basebackup takes it, which PostgreSQL's packages for npm lack: files as they change, and then the log that makes them
 * consistent. A slot keeps that log from being reused meanwhile; like the backup it ends with the connection.
 */
async function copyRunning(access: AdminAccess, data: string, target: string): Promise<void> {
  const label = await asAdmin(access, async (client) => {
    await client.query("SELECT pg_create_physical_replication_slot('mlflow_gcp_backup_' || pg_backend_pid(), true, true)");
    await client.query("SELECT pg_backup_start('mlflow-gcp', true)");
    await copyTree(data, target, { without: (path) => LOG.test(path) || isTransient(path) });
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await rm(join(target, 'pg_wal'), { recursive: true });
    await copyTree(join(data, 'pg_wal'), join(target, 'pg_wal'));
    return rows[0]?.labelfile ?? '';
  });
  await writeFile(join(target, 'backup_label'), label, { mode: 0o600 });
}

/**
 * Puts a copy in the place of a stopped cluster's data, which need not be there. Until it is there whole, the cluster counts as none: cut off,
 * this has to be done again. The port stays.
 */
export async function restoreBackup(
  files: ClusterFiles,
  folder: string,
  connectionName: string,
  account: Account | undefined,
): Promise<void> {
  const backup = readJson<BackupRecord>(join(folder, RECORD));
  if (backup === undefined) throw noBackupData(folder);
  await prepareFolders(files, account);
  const staging = join(files.folder, 'data.restored');
  await rm(staging, { recursive: true, force: true });
  await copyTree(join(folder, DATA), staging, { account });
  const port = readJson<ClusterRecord>(files.record)?.port ?? (await freePort());
  await rm(files.record, { force: true });
  await rm(files.data, { recursive: true, force: true });
  writeWhole(files.adminPassword, backup.adminPassword);
  await rename(staging, files.data);
  const record: ClusterRecord = { connectionName, major: backup.major, port, socketFolder: files.socket };
  writeJson(files.record, record);
}
