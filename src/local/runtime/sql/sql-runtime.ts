import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../errors.ts';
import type { SqlInstance, SqlRuntime } from '../../runtime-port.ts';
import { shortName } from '../layout.ts';
import type { ProcessRegister } from '../process-register.ts';
import type { Account } from './account.ts';
import { asAdmin, createDatabase, dropDatabase, dropUser, setUser } from './admin.ts';
import type { Binaries } from './binaries.ts';
import { type Cluster, startCluster } from './cluster.ts';
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
export function sqlRuntime(options: SqlOptions): LocalSqlRuntime {
  mkdirSync(options.folder, { recursive: true, mode: 0o711 });
  mkdirSync(options.logs, { recursive: true, mode: 0o700 });
  const clusters = new Map<string, Cluster>();
  const inTurn = turns();

  const start = async (instance: SqlInstance) => {
    const known = clusters.get(instance.connectionName);
    if (known?.isRunning()) await known.apply(instance);
    else clusters.set(instance.connectionName, await startCluster(instance, clusterOptions(options, instance.connectionName)));
    return { host: '127.0.0.1', port: running(clusters, instance.connectionName).port };
  };
  const stop = async (name: string) => {
    await clusters.get(name)?.stop();
    clusters.delete(name);
  };
  const remove = async (name: string) => {
    await stop(name);
    const files = clusterFiles(options.folder, name);
    await rm(files.folder, { recursive: true, force: true });
    await rm(files.socket, { recursive: true, force: true });
    await rm(logFile(options, name), { force: true });
  };
  const ask = (name: string, work: Parameters<typeof asAdmin>[1]) =>
    inTurn(name, async () => {
      await asAdmin(running(clusters, name).access, work);
    });

  return {
    start: (instance) => inTurn(instance.connectionName, () => start(instance)),
    stop: (name) => inTurn(name, () => stop(name)),
    remove: (name) => inTurn(name, () => remove(name)),
    async createDatabase(name, database) {
      checkName('database', database.name);
      await ask(name, (client) => createDatabase(client, database));
    },
    async dropDatabase(name, database) {
      checkName('database', database);
      await ask(name, (client) => dropDatabase(client, database));
    },
    async setUser(name, user) {
      checkName('user', user.name);
      await ask(name, (client) => setUser(client, user));
    },
    async dropUser(name, user) {
      checkName('user', user);
      await ask(name, (client) => dropUser(client, user));
    },
    socketFolder: (name) => clusters.get(name)?.access.socketFolder,
    async stopAll() {
      await Promise.all([...clusters.keys()].map((name) => inTurn(name, () => stop(name))));
    },
  };
}

function clusterOptions(options: SqlOptions, connectionName: string) {
  return { ...options, files: clusterFiles(options.folder, connectionName), logFile: logFile(options, connectionName) };
}

function logFile(options: SqlOptions, connectionName: string): string {
  return join(options.logs, `postgresql-${shortName(connectionName)}.log`);
}

function running(clusters: Map<string, Cluster>, name: string): Cluster {
  const cluster = clusters.get(name);
  if (cluster?.isRunning()) return cluster;
  throw new UserError({
    code: 'LOCAL_INSTANCE_STOPPED',
    message: `The database instance ${name} does not run.`,
    hint: 'Start it again with: mlflow-gcp local stop && mlflow-gcp local start',
  });
}

/** Runs what is given under one name one after the other. */
function turns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const before = last.get(name) ?? Promise.resolve();
    const result = before.then(work, work);
    last.set(name, result);
    return result;
  };
}
