import type { Call, Handler, JsonObject, OperationKind, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { fits } from './filters.ts';
import { page } from './paging.ts';
import {
  type BackupRecord,
  backupsOf,
  carryOut,
  expiryOf,
  findBackup,
  listBackups,
  newBackup,
  removeBackup,
  saveBackup,
  showBackup,
  showRun,
} from './sqladmin-backup-records.ts';
import { instanceDoesNotExist, notFound } from './sqladmin-errors.ts';
import { checkRunning } from './sqladmin-instances.ts';
import { startOperation, startUnbound, withInstance } from './sqladmin-operations.ts';
import { findInstance, type InstanceRecord, instanceOf } from './sqladmin-records.ts';

const projectMethods: Record<string, Handler> = {
  createBackup: (call, sim) => {
    const project = sim.findProject(String(call.params['parent']).replace(/^projects\//, '')).projectId;
    const instance = findInstance(sim, project, String(call.body['instance'] ?? ''));
    if (!instance) throw instanceDoesNotExist();
    return begin(call, sim, instance);
  },
  getBackup: (call, sim) => showBackup(call.version, named(sim, String(call.params['name']))),
  listBackups: (call, sim) => {
    const project = sim.findProject(String(call.params['parent']).replace(/^projects\//, '')).projectId;
    const all = listBackups(sim, project).map((backup) => showBackup(call.version, backup));
    const { items, nextPageToken } = paged(
      all.filter((backup) => fits(backup, call.params['filter'])),
      call,
      'pageSize',
    );
    return { ...(items.length > 0 ? { backups: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
  },
  updateBackup: (call, sim) => {
    const backup = named(sim, String(call.params['name']));
    const { description } = call.body as { description?: string };
    const expiryTime = expiryOf(sim, call.body);
    const data = {
      uid: backup.uid,
      ...(description === undefined ? {} : { description }),
      ...(expiryTime ? { expiryTime } : {}),
    };
    return startOn(call, sim, backup, { kind: 'updateBackup', type: 'UPDATE_BACKUP', data });
  },
  deleteBackup: (call, sim) => remove(call, sim, named(sim, String(call.params['name']))),
};

/**
 * Backups on demand; those on a schedule do not come by themselves.
 * https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/backupRuns , …/rest/v1/Backups
 */
export const backupMethods: Record<string, Handler> = {
  'sql.backupRuns.insert': (call, sim) => begin(call, sim, instanceOf(call, sim)),
  'sql.backupRuns.get': (call, sim) => showRun(call.version, runOf(call, sim, instanceOf(call, sim))),
  'sql.backupRuns.list': (call, sim) => {
    const runs = backupsOf(sim, instanceOf(call, sim)).map((backup) => showRun(call.version, backup));
    const { items, nextPageToken } = paged(runs, call, 'maxResults');
    return { kind: 'sql#backupRunsList', ...(items.length > 0 ? { items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
  },
  'sql.backupRuns.delete': (call, sim) => remove(call, sim, runOf(call, sim, instanceOf(call, sim))),
  ...bothVersions(),
};

/** The two versions of the API call the same methods by different ids: `Backups.GetBackup` and `backups.getBackup`. */
function bothVersions(): Record<string, Handler> {
  return Object.fromEntries(
    Object.entries(projectMethods).flatMap(([id, handler]) => [
      [`sql.Backups.${id.charAt(0).toUpperCase()}${id.slice(1)}`, handler],
      [`sql.backups.${id}`, handler],
    ]),
  );
}

/** How the long operations on backups end. */
export const backupEffects: Record<string, OperationKind> = {
  backup: {
    usual: 'sql.backup',
    finish: (operation, sim) =>
      withInstance(operation, sim, async (instance) => {
        const backup = findBackup(sim, instance.project, String(operation.data['uid']));
        if (backup) await carryOut(sim, instance, backup, operation.startTime);
      }),
  },
  updateBackup: {
    usual: 'sql.databases',
    finish: (operation, sim) => {
      const { uid, description, expiryTime } = operation.data;
      const backup = findBackup(sim, String(operation.data['project']), String(uid));
      if (backup) saveBackup(sim, { ...backup, ...(description ? { description } : {}), ...(expiryTime ? { expiryTime } : {}) });
    },
  },
  deleteBackup: {
    usual: 'sql.databases',
    finish: async (operation, sim) => {
      const backup = findBackup(sim, String(operation.data['project']), String(operation.data['uid']));
      if (backup) await removeBackup(sim, backup);
    },
  },
};

/** `projects/P/backups/UID` @throws GoogleError 404 */
export function named(sim: Sim, name: string): BackupRecord {
  const [, project = '', uid = ''] = /^projects\/([^/]+)\/backups\/([^/]+)$/.exec(name) ?? [];
  const backup = uid === '' ? undefined : findBackup(sim, sim.findProject(project).projectId, uid);
  if (!backup) throw notFound('The Cloud SQL backup does not exist.');
  return backup;
}

/** @throws GoogleError 404 backupRunDoesNotExist */
export function runNamed(sim: Sim, instance: InstanceRecord, id: string): BackupRecord {
  const run = backupsOf(sim, instance).find(({ runId }) => runId === id);
  if (run) return run;
  throw new GoogleError({ code: 404, message: 'The Cloud SQL backup run does not exist.', reason: 'backupRunDoesNotExist' });
}

function begin(call: Call, sim: Sim, instance: InstanceRecord): JsonObject {
  checkRunning(instance);
  const expiryTime = expiryOf(sim, call.body);
  const backup = newBackup(sim, instance, { ...call.body, type: 'ON_DEMAND', expiryTime });
  const answer = startOperation(call, sim, { kind: 'backup', type: 'BACKUP_VOLUME', instance, data: { uid: backup.uid } });
  saveBackup(sim, backup);
  const context = { kind: 'sql#backupContext', backupId: backup.runId, name: `projects/${backup.project}/backups/${backup.uid}` };
  return { ...answer, backupContext: context };
}

function remove(call: Call, sim: Sim, backup: BackupRecord): JsonObject {
  return startOn(call, sim, backup, { kind: 'deleteBackup', type: 'DELETE_BACKUP', data: { uid: backup.uid } });
}

/** An operation on a backup, whose instance may be gone. */
function startOn(
  call: Call,
  sim: Sim,
  { project, instance: name }: BackupRecord,
  work: { kind: string; type: string; data: JsonObject },
): JsonObject {
  const instance = findInstance(sim, project, name);
  return instance
    ? startOperation(call, sim, { ...work, instance })
    : startUnbound(call, sim, { ...work, instance: { project, name } });
}

function runOf(call: Call, sim: Sim, instance: InstanceRecord): BackupRecord {
  return runNamed(sim, instance, String(call.params['id']));
}

/** The list is in its order already. */
function paged(all: JsonObject[], call: Call, size: 'maxResults' | 'pageSize') {
  const keyed = all.map((value, place) => ({ key: String(place).padStart(6, '0'), value }));
  return page(keyed, { size: call.params[size], token: call.params['pageToken'], usual: 20, most: 1000 });
}
