import type { Call, Handler, JsonObject, OperationKind, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { mergePatch } from './masks.ts';
import { type BackupRecord, backupKey, contentOf, findBackup, putContent } from './sqladmin-backup-records.ts';
import { named, runNamed } from './sqladmin-backups.ts';
import { newInstance } from './sqladmin-defaults.ts';
import { bringUp } from './sqladmin-effects.ts';
import {
  instanceAlreadyExists,
  instanceDoesNotExist,
  invalidOperation,
  invalidRequest,
  notSimulated,
} from './sqladmin-errors.ts';
import { checkPolicies, checkRunning } from './sqladmin-instances.ts';
import { startOperation, withInstance } from './sqladmin-operations.ts';
import {
  checkIdle,
  connectionName,
  findInstance,
  type InstanceRecord,
  instanceOf,
  isNameTaken,
  lock,
  projectOf,
  saveInstance,
} from './sqladmin-records.ts';
import { checkNewInstance, checkSettings } from './sqladmin-rules.ts';
import { runtimeOf, startServer, translated } from './sqladmin-runtime.ts';
import { findTls } from './sqladmin-tls.ts';

/**
 * Restoring and cloning.
 * https://docs.cloud.google.com/sql/docs/postgres/backup-recovery/restoring , …/sql/docs/postgres/clone-instance
 */
export const restoreMethods: Record<string, Handler> = {
  'sql.instances.restoreBackup': restoreBackup,
  'sql.instances.clone': clone,
};

/** How these long operations end. */
export const restoreEffects: Record<string, OperationKind> = {
  restoreBackup: {
    usual: 'sql.restore',
    finish: (operation, sim) =>
      withInstance(operation, sim, (instance) => bringBack(sim, instance, backupOfOperation(sim, operation.data))),
  },
  createFromBackup: {
    usual: 'sql.instances.insert',
    finish: (operation, sim) =>
      withInstance(operation, sim, (instance) => {
        const backup = backupOfOperation(sim, operation.data);
        return bringUp(sim, instance, {
          data: async () => runtimeOf(sim)?.restoreBackup(connectionName(instance), backupKey(backup)),
          content: () => putContent(sim, instance, backup.content),
        });
      }),
  },
  clone: {
    usual: 'sql.instances.insert',
    finish: (operation, sim) =>
      withInstance(operation, sim, (instance) => {
        const source = findInstance(sim, instance.project, String(operation.data['source']));
        if (!source) throw instanceDoesNotExist();
        const copy = `clone/${operation.id}`;
        return bringUp(sim, instance, {
          data: async () => {
            const runtime = runtimeOf(sim);
            await runtime?.backUp(connectionName(source), copy);
            await runtime?.restoreBackup(connectionName(instance), copy);
            await runtime?.removeBackup(copy);
          },
          content: () => putContent(sim, instance, contentOf(sim, source)),
        });
      }),
  },
};

function restoreBackup(call: Call, sim: Sim): JsonObject {
  const { backup: name, restoreInstanceSettings: changes } = call.body as {
    backup?: string;
    restoreInstanceSettings?: JsonObject;
  };
  const project = sim.findProject(projectOf(call, sim));
  const target = findInstance(sim, project.projectId, String(call.params['instance']));
  const backup = backupAsked(call, sim, target);
  if (backup.status !== 'SUCCESSFUL') throw invalidOperation();
  if (target) {
    if (changes) throw invalidRequest('restoreInstanceSettings can only be set when restoring to a new instance.');
    return restoreInto(call, sim, target, backup);
  }
  if (name === undefined) throw instanceDoesNotExist();
  const stored = backup.source['settings'] as JsonObject;
  const body: JsonObject = {
    region: changes?.['region'] ?? backup.source['region'] ?? null,
    databaseVersion: changes?.['databaseVersion'] ?? backup.databaseVersion,
    settings: withoutState(mergePatch(stored, (changes?.['settings'] ?? {}) as JsonObject)),
  };
  checkVersions(String(body['databaseVersion']), backup);
  if (Number((body['settings'] as JsonObject)['dataDiskSizeGb']) < Number(stored['dataDiskSizeGb'])) throw invalidOperation();
  const instance = addInstance(sim, project, { ...body, name: String(call.params['instance']) });
  return startOperation(call, sim, { kind: 'createFromBackup', type: 'RESTORE_VOLUME', instance, data: of(backup) });
}

/** Exactly one way to say which. */
function backupAsked(call: Call, sim: Sim, target: InstanceRecord | undefined): BackupRecord {
  const { restoreBackupContext: context, backup, backupdrBackup } = call.body as Record<string, unknown>;
  const ways = [context, backup, backupdrBackup].filter((way) => way !== undefined);
  if (ways.length !== 1) throw invalidRequest('Exactly one of restoreBackupContext, backup and backupdrBackup must be set.');
  if (backupdrBackup !== undefined) throw notSimulated('Backup and DR is');
  if (typeof backup === 'string') return named(sim, backup);
  const { project, instanceId, backupRunId } = context as { project?: string; instanceId?: string; backupRunId?: string };
  const place = project ? sim.findProject(project).projectId : projectOf(call, sim);
  const source = instanceId ? findInstance(sim, place, instanceId) : target;
  if (!source) throw instanceDoesNotExist();
  return runNamed(sim, source, String(backupRunId));
}

function restoreInto(call: Call, sim: Sim, target: InstanceRecord, backup: BackupRecord): JsonObject {
  checkIdle(sim, target);
  checkRunning(target);
  checkVersions(target.databaseVersion, backup);
  const source = backup.source['settings'] as JsonObject;
  if (Number(target.settings['dataDiskSizeGb']) < Number(source['dataDiskSizeGb'])) throw invalidOperation();
  const answer = startOperation(call, sim, { kind: 'restoreBackup', type: 'RESTORE_VOLUME', instance: target, data: of(backup) });
  // Until it is over nobody is let in.
  saveInstance(sim, { ...target, state: 'MAINTENANCE' });
  return answer;
}

async function bringBack(sim: Sim, instance: InstanceRecord, backup: BackupRecord): Promise<void> {
  try {
    await translated(runtimeOf(sim)?.restoreBackup(connectionName(instance), backupKey(backup)));
    await startAgain(sim, instance);
  } catch (error) {
    if (!(error instanceof GoogleError)) throw error;
    // What could not be brought back leaves what there was, where that still runs.
    const runs = await startAgain(sim, instance).then(() => true, isRefusal);
    saveInstance(sim, { ...instance, state: runs ? 'RUNNABLE' : 'FAILED' });
    throw error;
  }
  putContent(sim, instance, backup.content);
  saveInstance(sim, { ...instance, state: 'RUNNABLE' });
}

async function startAgain(sim: Sim, instance: InstanceRecord): Promise<void> {
  const tls = findTls(sim, instance);
  if (tls) await translated(startServer(sim, instance, tls));
}

/** False, for what the runtime refused. */
function isRefusal(error: unknown): false {
  if (error instanceof GoogleError) return false;
  throw error;
}

function clone(call: Call, sim: Sim): JsonObject {
  const source = instanceOf(call, sim);
  const context = (call.body['cloneContext'] ?? {}) as JsonObject;
  const { destinationInstanceName, destinationProject } = context;
  if (context['pointInTime'] || context['pitrTimestampMs'] || context['binLogCoordinates'])
    throw notSimulated('Recovery to a point in time is');
  if (context['sourceInstanceDeletionTime']) throw notSimulated('Cloning of deleted instances is');
  if (destinationProject && sim.findProject(String(destinationProject)).projectId !== source.project)
    throw notSimulated('Cloning into another project is');
  checkIdle(sim, source);
  checkRunning(source);
  const { region, databaseVersion } = source;
  const body = { name: String(destinationInstanceName ?? ''), region, databaseVersion, settings: withoutState(source.settings) };
  const instance = addInstance(sim, sim.findProject(source.project), body);
  const answer = startOperation(call, sim, { kind: 'clone', type: 'CLONE', instance, data: { source: source.name } });
  // Both are busy.
  lock(sim, source, String(answer['name']).replaceAll('-', ''));
  return answer;
}

/** Writes down an instance that begins to be made. @throws GoogleError 400, 409 */
function addInstance(sim: Sim, project: { projectId: string; projectNumber: string }, body: JsonObject): InstanceRecord {
  checkNewInstance(project.projectId, body);
  const instance = newInstance(sim, project, body);
  checkSettings(instance.settings, instance.databaseVersion);
  checkPolicies(sim, instance, instance.settings);
  if (isNameTaken(sim, project.projectId, instance.name)) throw instanceAlreadyExists();
  return saveInstance(sim, instance);
}

function checkVersions(databaseVersion: string, backup: BackupRecord): void {
  if (databaseVersion === backup.databaseVersion) return;
  throw invalidRequest(
    `Database type of target instance and backup differ. Instance database type: ${databaseVersion}, Backup database type: ${backup.databaseVersion}.`,
  );
}

function backupOfOperation(sim: Sim, data: JsonObject): BackupRecord {
  const backup = findBackup(sim, String(data['backupProject']), String(data['uid']));
  if (backup) return backup;
  throw new GoogleError({ code: 404, message: 'The Cloud SQL backup does not exist.', reason: 'BACKUP_DOES_NOT_EXIST' });
}

function of({ project, uid }: BackupRecord): JsonObject {
  return { backupProject: project, uid };
}

/** Settings as they are asked for: none of what counts changes. */
function withoutState({ settingsVersion: _version, ...settings }: JsonObject): JsonObject {
  return settings;
}
