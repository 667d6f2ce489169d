import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { SqlInstance } from '../../runtime-port.ts';
import { readJson, writeJson } from '../files.ts';
import { keepRunning } from '../kept-server.ts';
import { boundFile } from '../log-files.ts';
import { freePort } from '../ports.ts';
import type { ProcessRegister } from '../process-register.ts';
import type { Account } from './account.ts';
import { type AdminAccess, asAdmin, prepareRoles, settingsTime } from './admin.ts';
import type { Binaries } from './binaries.ts';
import { type ClusterFiles, type ClusterRecord, linkSocket, prepareFolders, writeSettings } from './cluster-files.ts';
import { becomesReady, endPostgres, initialize, launch, notReady } from './postgres.ts';

/** A running PostgreSQL server. */
export interface Cluster {
  /** As it is now: another port may have been taken when it was started again. */
  readonly access: AdminAccess;
  /** Takes over another TLS mode, certificate or list of revoked ones without a restart; it holds for what connects from then on. */
  apply(instance: SqlInstance): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  files: ClusterFiles;
  logFile: string;
  account: Account | undefined;
  register: ProcessRegister;
  binaries(databaseVersion: string): Promise<Binaries>;
  note(line: string): void;
}

interface Setup extends ClusterOptions {
  instance: SqlInstance;
  found: Binaries;
  password: string;
}

// The port that is free now may be taken a moment later.
const PORT_ATTEMPTS = 3;
const LOG_BYTES = 5_000_000;
const RELOAD_MS = 10_000;
const RELOAD_LOOK_MS = 20;

/**
 * Makes the cluster of an instance if there is none, starts its server, and keeps it running: one that ends by itself is started again.
 * Throws a {@link UserError} with the server's last words when it does not come up.
 */
export async function startCluster(instance: SqlInstance, options: ClusterOptions): Promise<Cluster> {
  const record = readJson<ClusterRecord>(options.files.record);
  // Data of one major version can be read by that version alone.
  const found = await options.binaries(record === undefined ? instance.databaseVersion : `POSTGRES_${record.major}`);
  const password = await prepareFolders(options.files, options.account);
  await initialize(options.files, found, password, options.account);
  const setup: Setup = { ...options, instance, found, password };
  const started = await startServer(setup, record?.port);
  if (record === undefined) await asAdmin(started.access, (client) => prepareRoles(client, instance.rootPassword));
  writeRecord(setup, started.access.port);
  return supervise(setup, started);
}

interface Started {
  child: ChildProcess;
  access: AdminAccess;
}

async function startServer(setup: Setup, preferredPort: number | undefined): Promise<Started> {
  const { files, logFile, account, found, instance } = setup;
  boundFile(logFile, LOG_BYTES);
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
    const port = await freePort(attempt === 1 ? preferredPort : undefined);
    await writeSettings(files, instance, port, account);
    const child = launch(files, found, logFile, account);
    setup.register.add(child, { title: `PostgreSQL ${instance.connectionName}`, stopSignal: 'SIGINT' });
    const access = { socketFolder: files.socket, port, password: setup.password };
    if (await becomesReady(child, files.socket, port, setup.password)) {
      await linkSocket(files.socket, port);
      return { child, access };
    }
  }
  throw await notReady(logFile, instance.connectionName);
}

/** Waits until the server has read its settings again: whoever changed them relies on it from then on. */
async function newSettings(access: AdminAccess, before: string): Promise<void> {
  const deadline = Date.now() + RELOAD_MS;
  while ((await settingsTime(access)) === before && Date.now() < deadline) await delay(RELOAD_LOOK_MS);
}

function writeRecord({ files, instance, found }: Setup, port: number): void {
  const record: ClusterRecord = { connectionName: instance.connectionName, major: found.major, port, socketFolder: files.socket };
  writeJson(files.record, record);
}

function supervise(setup: Setup, started: Started): Cluster {
  let settings = setup;
  const server = keepRunning(started, {
    title: `PostgreSQL of ${setup.instance.connectionName}`,
    async start({ access }) {
      const next = await startServer(settings, access.port);
      writeRecord(setup, next.access.port);
      return next;
    },
    end: endPostgres,
    note: setup.note,
  });
  return {
    get access() {
      return server.current.access;
    },
    async apply(instance) {
      settings = { ...setup, instance };
      await server.settled();
      const { access, child } = server.current;
      const before = await settingsTime(access);
      await writeSettings(setup.files, instance, access.port, setup.account);
      child.kill('SIGHUP');
      if (before !== undefined) await newSettings(access, before);
    },
    stop: server.stop,
  };
}
