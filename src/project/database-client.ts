import { shellWord } from '../ui/shell-word.ts';
import type { DatabaseEngine } from './database-engines.ts';

/** Files with which a client proves who it is, and knows the server; absolute paths. */
export interface TlsFiles {
  serverCa: string;
  clientCert?: string;
  clientKey?: string;
}

/** What a client of the database needs. */
export interface DatabaseAccess {
  engine: DatabaseEngine;
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** PostgreSQL: in whose name the user works, where that is another. */
  role?: string;
  /** Undefined where a proxy on this machine encrypts. */
  tls: TlsFiles | undefined;
}

/**
 * The variables that psql and every other client on libpq read. `verify-ca`: Cloud SQL's certificates name `project:instance`, no host.
 * https://www.postgresql.org/docs/current/libpq-envars.html https://docs.cloud.google.com/sql/docs/postgres/connect-admin-ip#connect-ssl
 */
export function postgresVariables(access: DatabaseAccess): Record<string, string> {
  const { host, port, database, user, role, tls } = access;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: access.password,
    ...(role !== undefined && { PGOPTIONS: `-c role=${role}` }),
    PGSSLMODE: tls === undefined ? 'disable' : 'verify-ca',
    ...(tls !== undefined && { PGSSLROOTCERT: tls.serverCa }),
    ...(tls?.clientCert !== undefined && { PGSSLCERT: tls.clientCert }),
    ...(tls?.clientKey !== undefined && { PGSSLKEY: tls.clientKey }),
  };
}

/**
 * A command line for a POSIX shell that opens the client. The password is in no argument: the shell gets it from `passwordCommand`, a line
 * that prints it, and hands it over in the client's environment.
 */
export function clientCommand(access: DatabaseAccess, passwordCommand: string): string {
  const password = (name: string): string => `${name}="$(${passwordCommand})"`;
  return access.engine === 'postgres'
    ? `${password('PGPASSWORD')} psql ${shellWord(conninfo(access))}`
    : `${password('MYSQL_PWD')} mysql ${mysqlWords(access).map(shellWord).join(' ')}`;
}

/** https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
function conninfo(access: DatabaseAccess): string {
  const { PGPASSWORD: _secret, ...variables } = postgresVariables(access);
  return Object.entries(variables)
    .map(([name, value]) => `${KEYWORDS[name] ?? name}=${conninfoValue(value)}`)
    .join(' ');
}

const KEYWORDS: Record<string, string> = {
  PGHOST: 'host',
  PGPORT: 'port',
  PGDATABASE: 'dbname',
  PGUSER: 'user',
  PGOPTIONS: 'options',
  PGSSLMODE: 'sslmode',
  PGSSLROOTCERT: 'sslrootcert',
  PGSSLCERT: 'sslcert',
  PGSSLKEY: 'sslkey',
};

function conninfoValue(value: string): string {
  return /^[^\s'\\]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
}

/** https://dev.mysql.com/doc/refman/8.4/en/connection-options.html */
function mysqlWords({ host, port, database, user, tls }: DatabaseAccess): string[] {
  return [
    `--host=${host}`,
    `--port=${port}`,
    `--user=${user}`,
    // MariaDB's mysql has no such option, and checks the authority where one is named: it says so and goes on.
    `--loose-ssl-mode=${tls === undefined ? 'DISABLED' : 'VERIFY_CA'}`,
    ...(tls === undefined ? [] : [`--ssl-ca=${tls.serverCa}`]),
    ...(tls?.clientCert === undefined ? [] : [`--ssl-cert=${tls.clientCert}`]),
    ...(tls?.clientKey === undefined ? [] : [`--ssl-key=${tls.clientKey}`]),
    database,
  ];
}
