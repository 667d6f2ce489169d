import type { SqlInstance, SqlRuntime } from '../runtime-port.ts';
import type { MysqlServers } from './mysql/mysql-runtime.ts';
import { mysqlAddress, mysqlFolder } from './mysql/server-files.ts';
import { databaseAddress as postgresAddress } from './sql/cluster-files.ts';
import type { LocalSqlRuntime } from './sql/sql-runtime.ts';

/** Where an instance takes connections over TCP; readable by other processes of this user. */
export function databaseAddress(sqlFolder: string, connectionName: string): { host: string; port: number } | undefined {
  return mysqlAddress(mysqlFolder(sqlFolder), connectionName) ?? postgresAddress(sqlFolder, connectionName);
}

export interface SqlEngines extends SqlRuntime {
  /** What stands for `/cloudsql/CONNECTION_NAME` here: PostgreSQL's folder or MySQL's socket; undefined when there is no such instance. */
  socketPath(connectionName: string): string | undefined;
  stopAll(): Promise<void>;
}

/** Cloud SQL with both kinds of databases: an instance is of one kind for its whole life, by the version that it was first started with. */
export function sqlEngines(postgres: LocalSqlRuntime, mysql: MysqlServers): SqlEngines {
  const engineOf = (connectionName: string): SqlRuntime => (mysql.has(connectionName) ? mysql : postgres);
  return {
    start: (instance: SqlInstance) => (instance.databaseVersion.startsWith('MYSQL_') ? mysql : postgres).start(instance),
    stop: (connectionName) => engineOf(connectionName).stop(connectionName),
    remove: (connectionName) => engineOf(connectionName).remove(connectionName),
    createDatabase: (connectionName, database) => engineOf(connectionName).createDatabase(connectionName, database),
    dropDatabase: (connectionName, name) => engineOf(connectionName).dropDatabase(connectionName, name),
    setUser: (connectionName, user) => engineOf(connectionName).setUser(connectionName, user),
    dropUser: (connectionName, user) => engineOf(connectionName).dropUser(connectionName, user),
    backUp: (connectionName, id) => engineOf(connectionName).backUp(connectionName, id),
    restoreBackup: (connectionName, id) => (mysql.hasBackup(id) ? mysql : postgres).restoreBackup(connectionName, id),
    removeBackup: async (id) => {
      await Promise.all([postgres.removeBackup(id), mysql.removeBackup(id)]);
    },
    socketPath: (connectionName) => mysql.socketFile(connectionName) ?? postgres.socketFolder(connectionName),
    stopAll: async () => {
      await Promise.all([postgres.stopAll(), mysql.stopAll()]);
    },
  };
}
