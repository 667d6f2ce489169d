import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MysqlServers } from '../../../src/local/runtime/mysql/mysql-runtime.ts';
import type { MysqlPrograms } from '../../../src/local/runtime/mysql/programs.ts';
import { processRegister } from '../../../src/local/runtime/process-register.ts';
import { databaseAccount } from '../../../src/local/runtime/sql/account.ts';
import type { SqlInstance } from '../../../src/local/runtime-port.ts';
import { instanceNamed } from './sql-setup.ts';

export interface MysqlPlace {
  folder: string;
  notes: string[];
  /** A runtime over the same folder; several stand for the background process before and after a kill. */
  open(): MysqlServers;
  processes: string;
  remove(): Promise<void>;
}

/** A folder that the database's user can reach, also when the tests run as root. */
export async function mysqlPlace(programs: MysqlPrograms): Promise<MysqlPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-mysql-'));
  await chmod(folder, 0o755);
  const notes: string[] = [];
  const processes = join(folder, 'processes');
  const options = {
    folder: join(folder, 'mysql'),
    logs: join(folder, 'logs'),
    account: databaseAccount(process.getuid?.()),
    programs: async () => programs,
    note: (line: string) => void notes.push(line),
  };
  return {
    folder,
    notes,
    processes,
    open: () => new MysqlServers({ ...options, register: processRegister(processes) }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export function mysqlNamed(name: string, changes: Partial<SqlInstance> = {}): Promise<SqlInstance> {
  const flags = { log_bin_trust_function_creators: 'on' };
  return instanceNamed(name, { databaseVersion: 'MYSQL_8_4', flags, binaryLog: true, ...changes });
}
