import type { Call, JsonObject, Operation, Sim } from '../service.ts';
import { backupsOf, carryOut, expiryOf, findBackup, newBackup, removeBackup, saveBackup } from './sqladmin-backup-records.ts';
import { connectionName, type InstanceRecord, removeInstance } from './sqladmin-records.ts';
import { runtimeOf, translated } from './sqladmin-runtime.ts';
import { findTls } from './sqladmin-tls.ts';

const USUAL_DAYS = 30;

/**
 * What the deletion of an instance has to know of its final backup, where one was asked for by the call or by the instance's settings.
 * https://docs.cloud.google.com/sql/docs/postgres/backup-recovery/backups#final-backup
 */
export function finalBackup(call: Call, sim: Sim, instance: InstanceRecord): JsonObject {
  const {
    enableFinalBackup,
    finalBackupTtlDays: ttlDays,
    finalBackupExpiryTime: expiryTime,
    finalBackupDescription,
  } = call.params;
  const configured = (instance.settings['finalBackupConfig'] ?? {}) as { enabled?: boolean; retentionDays?: number };
  // One that was never made holds nothing.
  if ((enableFinalBackup ?? configured.enabled) !== true || findTls(sim, instance) === undefined) return {};
  const days = ttlDays ?? (expiryTime === undefined ? (configured.retentionDays ?? USUAL_DAYS) : undefined);
  const expires = expiryOf(sim, { ttlDays: days, expiryTime });
  const backup = newBackup(sim, instance, { type: 'FINAL', description: finalBackupDescription, expiryTime: expires });
  return { finalBackup: backup };
}

/** Takes the final backup where one is wanted, and removes the instance; its other backups go along unless it is set to retain them. */
export async function removeAll(sim: Sim, instance: InstanceRecord, operation: Operation): Promise<void> {
  const wanted = operation.data['finalBackup'] as ReturnType<typeof newBackup> | undefined;
  const instanceDeletionTime = sim.timestamp();
  if (wanted && findBackup(sim, instance.project, wanted.uid) === undefined)
    await carryOut(sim, instance, { ...wanted, instanceDeletionTime }, operation.startTime);
  for (const backup of backupsOf(sim, instance)) {
    if (instance.settings['retainBackupsOnDelete'] === true) saveBackup(sim, { ...backup, instanceDeletionTime });
    else await removeBackup(sim, backup);
  }
  await translated(runtimeOf(sim)?.remove(connectionName(instance)));
  removeInstance(sim, instance);
}
