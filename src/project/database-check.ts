import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { UserError } from '../errors.ts';
import { type DatabaseAccess, postgresVariables, type TlsFiles } from './database-client.ts';

const CONNECT_MS = 10_000;

/**
 * Signs in to a PostgreSQL database as psql would, and asks for one row. Throws a {@link UserError}: DATABASE_UNREACHABLE when nothing
 * answers at the address, DATABASE_REFUSED with the server's words when it does and says no. `elsewhere` is the hint for the first.
 */
export async function checkDatabase(access: DatabaseAccess, elsewhere: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(await clientConfig(access));
  // A connection that breaks rejects what waits on it; without a listener it would end the program too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } catch (cause) {
    throw cause instanceof pg.DatabaseError || isTlsRefusal(cause)
      ? refused(access, cause as Error)
      : unreachable(access, cause as Error, elsewhere);
  } finally {
    await client.end();
  }
}

async function clientConfig(access: DatabaseAccess): Promise<ClientConfig> {
  const { host, port, database, user, password, tls } = access;
  const { PGOPTIONS: options } = postgresVariables(access);
  return {
    ...{ host, port, database, user, password },
    ...(options !== undefined && { options }),
    ssl: tls === undefined ? false : await tlsOptions(tls),
    connectionTimeoutMillis: CONNECT_MS,
  };
}

async function tlsOptions({ serverCa, clientCert, clientKey }: TlsFiles): Promise<ConnectionOptions> {
  return {
    ca: await readFile(serverCa, 'utf8'),
    ...(clientCert !== undefined && { cert: await readFile(clientCert, 'utf8') }),
    ...(clientKey !== undefined && { key: await readFile(clientKey, 'utf8') }),
    // As libpq's verify-ca: the certificate names the instance, and no host.
    checkServerIdentity: () => undefined,
  };
}

/** What the operating system says names its call; a certificate that does not fit, or a broken handshake, has a code alone. */
function isTlsRefusal(cause: unknown): boolean {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  return code !== undefined && syscall === undefined;
}

function refused({ host, port, user, database }: DatabaseAccess, cause: Error): UserError {
  return new UserError({
    code: 'DATABASE_REFUSED',
    message: `The database at ${host}:${port} refuses user ${user} for ${database}: ${cause.message}`,
    hint: 'See what differs with: mlflow-gcp status — and mend it with: mlflow-gcp init',
    cause,
  });
}

function unreachable({ host, port }: DatabaseAccess, cause: Error, hint: string): UserError {
  return new UserError({
    code: 'DATABASE_UNREACHABLE',
    message: `No database answers at ${host}:${port}: ${cause.message}`,
    hint,
    cause,
  });
}
