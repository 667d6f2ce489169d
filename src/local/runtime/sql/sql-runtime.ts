import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { UserError } from '../../../errors.ts';
import type { SqlInstance, SqlRuntime, SqlUser } from '../../runtime-port.ts';
import { type BackupFolders, backupFolders } from '../backup-folders.ts';
import { shortName } from '../layout.ts';
import { LOOPBACK } from '../ports.ts';
import type { ProcessRegister } from '../process-register.ts';
import { turns } from '../turns.ts';
import type { Account } from './account.ts';
import { asAdmin, createDatabase, dropDatabase, dropUser, setUser } from './admin.ts';
import { restoreBackup, takeBackup } from './backup.ts';
import type { Binaries } from './binaries.ts';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { clusterFiles } from './cluster-files.ts';
import { checkName } from './names.ts';

export interface SqlOptions {
  /** Holds one folder for each instance. */
  folder: string;
  logs: string;
  account: Account | undefined;
  register: ProcessRegister;
  binaries(databaseVersion: string): Promise<Binaries>;
  /** A line about something unusual, for the background process's log. */
  note(line: string): void;
}

export interface LocalSqlRuntime extends SqlRuntime {
  /** The folder that stands for `/cloudsql/CONNECTION_NAME` here; undefined when there is no such instance. */
  socketFolder(connectionName: string): string | undefined;
  stopAll(): Promise<void>;
}

/** Real PostgreSQL behind Cloud SQL: one cluster for each instance. Calls for the same instance run one after the other. */
export class SqlClusters implements LocalSqlRuntime {
  readonly #options: SqlOptions;
  readonly #clusters = new Map<string, Cluster>();
  readonly #inTurn = turns();
  readonly #backups: BackupFolders;

  constructor(options: SqlOptions) {
    mkdirSync(options.folder, { recursive: true, mode: 0o711 });
    mkdirSync(options.logs, { recursive: true, mode: 0o700 });
    this.#options = options;
    this.#backups = backupFolders(options.folder);
  }

  start(instance: SqlInstance): Promise<{ host: string; port: number }> {
    const { connectionName } = instance;
    return this.#inTurn(connectionName, async () => {
      const known = this.#clusters.get(connectionName);
      if (known !== undefined) await known.apply(instance);
      const cluster = known ?? (await this.#startNow(instance));
      this.#clusters.set(connectionName, cluster);
      return { host: LOOPBACK, port: cluster.access.port };
    });
  }

  stop(connectionName: string): Promise<void> {
    return this.#inTurn(connectionName, () => this.#stopNow(connectionName));
  }

  remove(connectionName: string): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      await this.#stopNow(connectionName);
      const { files, logFile } = this.#placeOf(connectionName);
      for (const path of [files.folder, files.socket, logFile, `${logFile}.1`]) await rm(path, { recursive: true, force: true });
    });
  }

  createDatabase(connectionName: string, database: { name: string; charset?: string; collation?: string }): Promise<void> {
    return this.#ask(
      connectionName,
      () => checkName('database', database.name),
      (client) => createDatabase(client, database),
    );
  }

  dropDatabase(connectionName: string, name: string): Promise<void> {
    return this.#ask(
      connectionName,
      () => checkName('database', name),
      (client) => dropDatabase(client, name),
    );
  }

  setUser(connectionName: string, user: { name: string; password?: string; roles?: string[] }): Promise<void> {
    return this.#ask(
      connectionName,
      () => {
        for (const name of [user.name, ...(user.roles ?? [])]) checkName('user', name);
      },
      (client) => setUser(client, user),
    );
  }

  dropUser(connectionName: string, { name }: SqlUser): Promise<void> {
    return this.#ask(
      connectionName,
      () => checkName('user', name),
      (client) => dropUser(client, name),
    );
  }

  backUp(connectionName: string, id: string): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      if (this.#backups.has(id)) return;
      const { files } = this.#placeOf(connectionName);
      await takeBackup(files, this.#clusters.get(connectionName)?.access, this.#backups.of(id));
    });
  }

  restoreBackup(connectionName: string, id: string): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      const folder = this.#backups.existing(id);
      await this.#stopNow(connectionName);
      const { files, account } = this.#placeOf(connectionName);
      await restoreBackup(files, folder, connectionName, account);
    });
  }

  removeBackup(id: string): Promise<void> {
    return this.#backups.remove(id);
  }

  /** Known before the server runs, so that whatever needs it may be started at the same time. */
  socketFolder(connectionName: string): string | undefined {
    const { files } = this.#placeOf(connectionName);
    return existsSync(files.folder) ? files.socket : undefined;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#clusters.keys()].map((name) => this.stop(name)));
  }

  async #startNow(instance: SqlInstance): Promise<Cluster> {
    try {
      return await startCluster(instance, this.#placeOf(instance.connectionName));
    } catch (error) {
      // Whoever asked may be gone, or not ask a person: it stands in the log in any case.
      this.#options.note(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #stopNow(connectionName: string): Promise<void> {
    await this.#clusters.get(connectionName)?.stop();
    this.#clusters.delete(connectionName);
  }

  #ask(connectionName: string, check: () => void, work: (client: Client) => Promise<void>): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      check();
      const cluster = this.#clusters.get(connectionName);
      if (cluster === undefined) throw notRunning(connectionName);
      await asAdmin(cluster.access, work);
    });
  }

  #placeOf(connectionName: string): ClusterOptions {
    const logFile = join(this.#options.logs, `postgresql-${shortName(connectionName)}.log`);
    return { ...this.#options, files: clusterFiles(this.#options.folder, connectionName), logFile };
  }
}

export function notRunning(connectionName: string): UserError {
  return new UserError({
    code: 'LOCAL_INSTANCE_STOPPED',
    message: `The database instance ${connectionName} does not run.`,
    hint: 'Start it again with: mlflow-gcp local stop && mlflow-gcp local start',
  });
}
