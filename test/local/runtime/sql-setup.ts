import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { processRegister } from '../../../src/local/runtime/process-register.ts';
import { databaseAccount } from '../../../src/local/runtime/sql/account.ts';
import { findBinaries } from '../../../src/local/runtime/sql/binaries.ts';
import { type LocalSqlRuntime, SqlClusters } from '../../../src/local/runtime/sql/sql-runtime.ts';
import type { SqlInstance } from '../../../src/local/runtime-port.ts';
import { certificates } from './certificates.ts';

export const packageRoot = resolve(import.meta.dirname, '../../..');

export interface SqlPlace {
  folder: string;
  notes: string[];
  /** A runtime over the same folder; several stand for the background process before and after a kill. */
  open(): LocalSqlRuntime;
  processes: string;
  remove(): Promise<void>;
}

/** A folder that the database's user can reach, also when the tests run as root. */
export async function sqlPlace(): Promise<SqlPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-sql-'));
  await chmod(folder, 0o755);
  const account = databaseAccount(process.getuid?.());
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const processes = join(folder, 'processes');
  const options = { packageRoot, cache: join(folder, 'cache'), execPath: process.execPath, env: process.env, account, note };
  return {
    folder,
    notes,
    processes,
    open: () =>
      new SqlClusters({
        folder: join(folder, 'sql'),
        logs: join(folder, 'logs'),
        account,
        register: processRegister(processes),
        binaries: (version) => findBinaries(version, options),
        note,
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function instanceNamed(name: string, changes: Partial<SqlInstance> = {}): Promise<SqlInstance> {
  const { server, authority } = await certificates();
  return {
    connectionName: `some-project:europe-west3:${name}`,
    databaseVersion: 'POSTGRES_18',
    flags: {},
    binaryLog: false,
    sslMode: 'ENCRYPTED_ONLY',
    tls: { certificate: server.certificate, key: server.key, clientAuthority: authority },
    ...changes,
  };
}
