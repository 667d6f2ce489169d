import type { Client } from 'pg';
import { identifier, literal, localeOptions } from './names.ts';
import { ADMIN, SUPERUSER_ROLE } from './settings.ts';

export interface AdminAccess {
  socketFolder: string;
  port: number;
  password: string;
}
const CONNECT_MS = 5_000;

/** Runs `work` with a connection of the operator's superuser over the unix socket. Statements with passwords never reach the server's log. */
export async function asAdmin<T>(access: AdminAccess, work: (client: Client) => Promise<T>, database = 'postgres'): Promise<T> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    host: access.socketFolder,
    port: access.port,
    user: ADMIN,
    password: access.password,
    database,
    ssl: false,
    connectionTimeoutMillis: CONNECT_MS,
  });
  // A connection that breaks rejects the query that waits on it; without a listener it would end the process too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query("SET log_statement = 'none'; SET log_min_error_statement = panic; SET log_min_duration_statement = -1");
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Whether the server takes connections. */
export async function canConnect(access: AdminAccess): Promise<boolean> {
  try {
    await asAdmin(access, async () => undefined);
    return true;
  } catch {
    // Not yet listening, or still starting up (57P03): whoever asks will ask again, up to a deadline.
    return false;
  }
}

/** When the server last read its settings, as text of its own; undefined while it takes no connections. */
export async function settingsTime(access: AdminAccess): Promise<string | undefined> {
  try {
    return await asAdmin(access, async (client) => {
      const { rows } = await client.query<{ time: string }>('SELECT pg_conf_load_time()::text AS time');
      return rows[0]?.time;
    });
  } catch {
    // It is being started again; then it reads the settings anyway.
    return undefined;
  }
}

/** What a new Cloud SQL instance has: the role of its users, and the user `postgres`, with a password if one is given. Safe to run again. */
export async function prepareRoles(client: Client, rootPassword: string | undefined): Promise<void> {
  if (!(await roleExists(client, SUPERUSER_ROLE))) {
    await client.query(`CREATE ROLE ${SUPERUSER_ROLE} NOLOGIN CREATEDB CREATEROLE`);
    await client.query(`GRANT pg_monitor, pg_signal_backend TO ${SUPERUSER_ROLE}`);
  }
  await setUser(client, { name: 'postgres', ...(rootPassword === undefined ? {} : { password: rootPassword }) });
  await client.query(`ALTER DATABASE postgres OWNER TO ${SUPERUSER_ROLE}`);
}

export async function setUser(client: Client, user: { name: string; password?: string; roles?: string[] }): Promise<void> {
  const name = identifier(user.name);
  const roles = (user.roles ?? []).map(identifier);
  if (!(await roleExists(client, user.name))) {
    const rights = roles.length > 0 ? '' : `CREATEDB CREATEROLE IN ROLE ${SUPERUSER_ROLE}`;
    await client.query(`CREATE ROLE ${name} LOGIN ${rights}`);
  }
  for (const role of roles) await client.query(`GRANT ${role} TO ${name}`);
  if (user.password !== undefined) await client.query(`ALTER ROLE ${name} PASSWORD ${literal(user.password)}`);
}

export async function dropUser(client: Client, name: string): Promise<void> {
  await client.query(`DROP ROLE IF EXISTS ${identifier(name)}`);
}

export async function createDatabase(
  client: Client,
  database: { name: string; charset?: string; collation?: string },
): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database.name]);
  if (found.rowCount) return;
  const locale = localeOptions(database.charset, database.collation);
  await client.query(`CREATE DATABASE ${identifier(database.name)} OWNER ${SUPERUSER_ROLE} ${locale}`);
}

export async function dropDatabase(client: Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${identifier(name)}`);
}

async function roleExists(client: Client, name: string): Promise<boolean> {
  return ((await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name])).rowCount ?? 0) > 0;
}
