import type { RequestListener } from 'node:http';
import type { Runtime } from '../runtime-port.ts';
import { buildRuntime } from './build/build-runtime.ts';
import type { RuntimeFolders } from './layout.ts';
import { MysqlServers } from './mysql/mysql-runtime.ts';
import { findMysql } from './mysql/programs.ts';
import { mysqlFolder } from './mysql/server-files.ts';
import { type ProcessRegister, processRegister } from './process-register.ts';
import { jobRuntime } from './run/job-runtime.ts';
import { type ContainerIdentity, type RunOptions, runRuntime } from './run/run-runtime.ts';
import { databaseAccount } from './sql/account.ts';
import { findBinaries } from './sql/binaries.ts';
import { SqlClusters } from './sql/sql-runtime.ts';
import { sqlEngines } from './sql-engines.ts';

export interface LocalRuntimeOptions {
  folders: RuntimeFolders;
  /** For PostgreSQL's programs. */
  programs: string;
  packageRoot: string;
  execPath: string;
  /** The user's own environment: for uv and npm. */
  env: Readonly<Record<string, string | undefined>>;
  uv(): Promise<string>;
  python(): Promise<{ path: string; version: string }>;
  /** Where the simulator is, for the servers' Google clients. */
  simulator(): { port: number; caFile: string };
  metadata(container: ContainerIdentity): RequestListener;
  note(line: string): void;
  now(): Date;
}

export interface LocalRuntime extends Runtime {
  /** Gets what the first database will need, while nobody waits for it. */
  warmUp(): Promise<void>;
}

/** The real things behind the simulator, on this machine. Ends first what a killed run has left. */
export async function localRuntime(options: LocalRuntimeOptions): Promise<LocalRuntime> {
  const register = processRegister(options.folders.processes);
  const strays = await register.endStrays();
  if (strays.length > 0) options.note(`Ended what was left running: ${strays.join(', ')}`);
  const { sql, prepare } = sqlPart(options, register);
  const { folders, uv, python, env } = options;
  const builds = buildRuntime({
    folder: folders.builds,
    environments: { folder: folders.environments, uv, python, env },
    inUse: () => new Set([...run.images(), ...jobs.images()]),
  });
  const containers: RunOptions = {
    ...options,
    folder: folders.revisions,
    logs: folders.logs,
    doorsFile: folders.doorsFile,
    register,
    systemPath: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    findBuild: (digest) => builds.find(digest),
    socketPath: (name) => sql.socketPath(name),
  };
  const run = runRuntime(containers);
  const jobs = jobRuntime(containers);
  return {
    sql,
    builds,
    run,
    jobs,
    warmUp: prepare,
    async stop() {
      // Servers and jobs first: they use the databases.
      await Promise.all([run.stopAll(), jobs.stopAll()]);
      await sql.stopAll();
    },
  };
}

function sqlPart(options: LocalRuntimeOptions, register: ProcessRegister) {
  const account = databaseAccount(process.getuid?.());
  const { folders, note } = options;
  const binaries = (version: string) => findBinaries(version, { ...options, cache: options.programs, account });
  const shared = { logs: folders.logs, account, register, note };
  const postgres = new SqlClusters({ ...shared, folder: folders.sql, binaries });
  const mysql = new MysqlServers({ ...shared, folder: mysqlFolder(folders.sql), programs: () => findMysql(options.env) });
  return { sql: sqlEngines(postgres, mysql), prepare: async () => void (await binaries('POSTGRES_18')) };
}
