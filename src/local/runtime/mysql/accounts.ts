import type { SqlInstance, SqlUser } from '../../runtime-port.ts';
import { account, identifier, literal } from './sql-text.ts';

/**
 * What a user that the API makes may do: what `root` of an instance may, which is all but what reaches outside of the database.
 * https://docs.cloud.google.com/sql/docs/mysql/users
 */
const PRIVILEGES = [
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'RELOAD', 'PROCESS', 'REFERENCES', 'INDEX', 'ALTER'],
  ...['SHOW DATABASES', 'CREATE TEMPORARY TABLES', 'LOCK TABLES', 'EXECUTE', 'REPLICATION SLAVE', 'REPLICATION CLIENT'],
  ...['CREATE VIEW', 'SHOW VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE USER', 'EVENT', 'TRIGGER'],
].join(', ');

const SUPERUSER_ROLE = 'cloudsqlsuperuser';
/** On the socket, which stands for the connectors' tunnel. */
const SOCKET = 'localhost';

type SslMode = SqlInstance['sslMode'];

/**
 * The accounts that stand for a user here. At Google a user comes from anywhere, through the connectors' tunnel or directly; here the
 * tunnel is the socket, whose account needs no certificate, whatever the mode asks of direct connections.
 */
function accountsOf({ name, host }: SqlUser): Array<{ account: string; direct: boolean }> {
  const anywhere = host === undefined || host === '' || host === '%';
  if (host?.startsWith('cloudsqlproxy~')) return [{ account: account(name, SOCKET), direct: false }];
  return [
    ...(anywhere ? [{ account: account(name, SOCKET), direct: false }] : []),
    { account: account(name, anywhere ? '%' : host), direct: true },
  ];
}

/** Creates a user with what users of the API may do, or sets the password of one that is there. */
export function setUserSql(user: SqlUser & { password?: string; roles?: string[] }, sslMode: SslMode): string[] {
  const password = user.password === undefined ? [] : [literal(user.password)];
  const roles = (user.roles ?? []).filter((role) => role !== SUPERUSER_ROLE);
  const superuser = user.roles === undefined || user.roles.length === 0 || user.roles.includes(SUPERUSER_ROLE);
  return accountsOf(user).flatMap(({ account: one, direct }) => [
    `CREATE USER IF NOT EXISTS ${one}`,
    ...password.map((text) => `ALTER USER ${one} IDENTIFIED BY ${text}`),
    ...(direct ? [requireSql(one, sslMode)] : []),
    ...(superuser ? [`GRANT ${PRIVILEGES} ON *.* TO ${one} WITH GRANT OPTION`] : []),
    ...roles.map((role) => `GRANT ${identifier(role)} TO ${one}`),
  ]);
}

export function dropUserSql(user: SqlUser): string[] {
  return accountsOf(user).map(({ account: one }) => `DROP USER IF EXISTS ${one}`);
}

/** Asks direct connections of this account for what the mode wants; encryption alone is asked for by the server itself. */
export function requireSql(one: string, sslMode: SslMode): string {
  return `ALTER USER ${one} REQUIRE ${sslMode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' ? 'X509' : 'NONE'}`;
}

/** Selects user and host of all accounts for direct connections. */
export const DIRECT_ACCOUNTS = `SELECT user, host FROM mysql.user WHERE host NOT IN ('${SOCKET}', '') AND user <> ''`;
