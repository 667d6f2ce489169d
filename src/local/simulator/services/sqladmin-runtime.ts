import { UserError } from '../../../errors.ts';
import type { SqlInstance, SqlRuntime } from '../../runtime-port.ts';
import { GoogleError, type JsonObject, type Sim } from '../service.ts';
import { connectionName, type InstanceRecord, keyOf, listInstances, ROOT_PASSWORDS, saveInstance } from './sqladmin-records.ts';
import { findTls, runtimeTls, type TlsRecord } from './sqladmin-tls.ts';

/** What stands behind the instances; undefined where they are records and nothing more. */
export function runtimeOf(sim: Sim): SqlRuntime | undefined {
  return sim.runtime?.sql;
}

/** Starts the instance's server, or changes how the running one takes connections. */
export async function startServer(sim: Sim, instance: InstanceRecord, tls: TlsRecord): Promise<void> {
  const rootPassword = sim.store.get<string>(ROOT_PASSWORDS, keyOf(instance));
  await runtimeOf(sim)?.start(described(instance, tls, rootPassword));
}

export async function stopServer(sim: Sim, instance: InstanceRecord): Promise<void> {
  await runtimeOf(sim)?.stop(connectionName(instance));
}

/**
 * Starts what was running when the simulator ended. One that does not come up keeps nothing else from starting: it is FAILED until a later
 * start brings it up, and its runtime has told why.
 */
export async function restoreServers(sim: Sim): Promise<void> {
  await Promise.all(
    listInstances(sim).map(async (instance) => {
      const tls = findTls(sim, instance);
      // Without authorities it never ran.
      const failed = tls !== undefined && instance.state === 'FAILED';
      const wanted = failed ? { ...instance, state: 'RUNNABLE' } : instance;
      if (!tls || !isRunning(wanted)) return;
      try {
        await translated(startServer(sim, wanted, tls));
        if (failed) saveInstance(sim, wanted);
      } catch (error) {
        if (!(error instanceof GoogleError)) throw error;
        saveInstance(sim, { ...instance, state: 'FAILED' });
      }
    }),
  );
}

export async function removeServers(sim: Sim): Promise<void> {
  await Promise.all(listInstances(sim).map((instance) => runtimeOf(sim)?.remove(connectionName(instance))));
}

/** A server that is wanted and made. */
export function isRunning(instance: InstanceRecord): boolean {
  return ['RUNNABLE', 'MAINTENANCE'].includes(instance.state) && instance.settings['activationPolicy'] !== 'NEVER';
}

/**
 * Waits for the runtime; what it refuses becomes the failure of the operation.
 * @throws GoogleError 500 with the runtime's words
 */
export async function translated<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof GoogleError) throw error;
    throw new GoogleError({ code: 500, message: wordsOf(error), reason: 'INTERNAL_ERROR' });
  }
}

/** What went wrong, with what to do about it where that is known. */
export function wordsOf(error: unknown): string {
  if (error instanceof UserError) return `${error.message} ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

function described(instance: InstanceRecord, tls: TlsRecord, rootPassword: string | undefined): SqlInstance {
  const { ipConfiguration: ip, backupConfiguration: backups, databaseFlags } = instance.settings as Record<string, JsonObject>;
  const flags = (databaseFlags ?? []) as Array<{ name: string; value?: string }>;
  return {
    flags: Object.fromEntries(flags.map(({ name, value }) => [name, value ?? ''])),
    binaryLog: backups?.['binaryLogEnabled'] === true,
    connectionName: connectionName(instance),
    databaseVersion: instance.databaseVersion,
    sslMode: ip?.['sslMode'] as SqlInstance['sslMode'],
    tls: runtimeTls(tls),
    ...(rootPassword === undefined ? {} : { rootPassword }),
  };
}
