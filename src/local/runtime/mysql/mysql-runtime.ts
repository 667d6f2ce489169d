import { existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlInstance, SqlRuntime, SqlUser } from '../../runtime-port.ts';
import { type BackupFolders, backupFolders } from '../backup-folders.ts';
import { shortName } from '../layout.ts';
import { LOOPBACK } from '../ports.ts';
import { notRunning } from '../sql/sql-runtime.ts';
import { turns } from '../turns.ts';
import { dropUserSql, setUserSql } from './accounts.ts';
import { restoreBackup, takeBackup } from './backup.ts';
import { runSql } from './client.ts';
import { type MysqlServer, type ServerOptions, startServer } from './server.ts';
import { serverFiles } from './server-files.ts';
import { checkName, identifier, word } from './sql-text.ts';

export interface MysqlOptions extends Pick<ServerOptions, 'account' | 'register' | 'programs' | 'note'> {
  /** Holds one folder for each instance. */
  folder: string;
  logs: string;
}

/** A real MySQL or MariaDB behind Cloud SQL: one server for each instance. Calls for the same instance run one after the other. */
export class MysqlServers implements SqlRuntime {
  readonly #options: MysqlOptions;
  readonly #servers = new Map<string, MysqlServer>();
  readonly #inTurn = turns();
  readonly #backups: BackupFolders;

  constructor(options: MysqlOptions) {
    mkdirSync(options.folder, { recursive: true, mode: 0o711 });
    mkdirSync(options.logs, { recursive: true, mode: 0o700 });
    this.#options = options;
    this.#backups = backupFolders(options.folder);
  }

  /** Whether the instance's data are here. */
  has(connectionName: string): boolean {
    return existsSync(this.#placeOf(connectionName).files.folder);
  }

  start(instance: SqlInstance): Promise<{ host: string; port: number }> {
    const { connectionName, databaseVersion } = instance;
    return this.#inTurn(connectionName, async () => {
      const known = this.#servers.get(connectionName);
      if (known !== undefined) await known.apply(instance);
      else await this.#tellStandIn(databaseVersion);
      const server = known ?? (await startServer(instance, this.#placeOf(connectionName)));
      this.#servers.set(connectionName, server);
      return { host: LOOPBACK, port: server.port };
    });
  }

  stop(connectionName: string): Promise<void> {
    return this.#inTurn(connectionName, () => this.#stopNow(connectionName));
  }

  remove(connectionName: string): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      await this.#stopNow(connectionName);
      const { files, logFile } = this.#placeOf(connectionName);
      for (const path of [files.folder, files.socketFolder, logFile, `${logFile}.1`])
        await rm(path, { recursive: true, force: true });
    });
  }

  createDatabase(
    connectionName: string,
    { name, charset, collation }: { name: string; charset?: string; collation?: string },
  ): Promise<void> {
    return this.#ask(connectionName, () => {
      checkName('database', name);
      const text = [
        ...(charset ? [`CHARACTER SET ${word(charset)}`] : []),
        ...(collation ? [`COLLATE ${word(collation)}`] : []),
      ].join(' ');
      return [
        `CREATE DATABASE IF NOT EXISTS ${identifier(name)} ${text}`,
        ...(text === '' ? [] : [`ALTER DATABASE ${identifier(name)} ${text}`]),
      ];
    });
  }

  dropDatabase(connectionName: string, name: string): Promise<void> {
    return this.#ask(connectionName, () => {
      checkName('database', name);
      return [`DROP DATABASE IF EXISTS ${identifier(name)}`];
    });
  }

  setUser(connectionName: string, user: SqlUser & { password?: string; roles?: string[] }): Promise<void> {
    return this.#ask(connectionName, ({ instance }) => {
      checkName('user', user.name);
      return setUserSql(user, instance.sslMode);
    });
  }

  dropUser(connectionName: string, user: SqlUser): Promise<void> {
    return this.#ask(connectionName, () => {
      checkName('user', user.name);
      return dropUserSql(user);
    });
  }

  /** The server stands still meanwhile: neither MySQL nor MariaDB can be copied while it runs by what every installation of them has. */
  backUp(connectionName: string, id: string): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      if (this.#backups.has(id)) return;
      const place = this.#placeOf(connectionName);
      const instance = this.#servers.get(connectionName)?.instance;
      await this.#stopNow(connectionName);
      try {
        await takeBackup(place.files, this.#backups.of(id));
      } finally {
        if (instance !== undefined) this.#servers.set(connectionName, await startServer(instance, place));
      }
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

  hasBackup(id: string): boolean {
    return this.#backups.has(id);
  }

  /** Known before the server runs, so that whatever needs it may be started at the same time; undefined when there is no such instance. */
  socketFile(connectionName: string): string | undefined {
    return this.has(connectionName) ? this.#placeOf(connectionName).files.socket : undefined;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((name) => this.stop(name)));
  }

  async #tellStandIn(databaseVersion: string): Promise<void> {
    const { flavour, version } = await this.#options.programs();
    const asked = databaseVersion.replace('MYSQL_', '').replaceAll('_', '.');
    if (flavour === 'mysql' && version.startsWith(`${asked}.`)) return;
    this.#options.note(
      `MySQL ${asked} is not available here: ${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} ${version} stands in for it.`,
    );
  }

  async #stopNow(connectionName: string): Promise<void> {
    await this.#servers.get(connectionName)?.stop();
    this.#servers.delete(connectionName);
  }

  #ask(connectionName: string, statements: (server: MysqlServer) => string[]): Promise<void> {
    return this.#inTurn(connectionName, async () => {
      const server = this.#servers.get(connectionName);
      if (server === undefined) throw notRunning(connectionName);
      await runSql(server.access, statements(server));
    });
  }

  #placeOf(connectionName: string): ServerOptions {
    const logFile = join(this.#options.logs, `mysql-${shortName(connectionName)}.log`);
    return { ...this.#options, files: serverFiles(this.#options.folder, connectionName), logFile };
  }
}
