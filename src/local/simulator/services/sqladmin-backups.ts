import type { Call, Handler, JsonObject, OperationKind, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { page } from './paging.ts';
import { checkRunning } from './sqladmin-instances.ts';
import { startOperation, withInstance } from './sqladmin-operations.ts';
import { type InstanceRecord, instanceOf, keyOf, link } from './sqladmin-records.ts';

const KIND = 'sqladmin.backupRuns';

/**
 * The list of an instance's backups. Nothing is copied: there is no restore.
 * https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/backupRuns
 */
export const backupMethods: Record<string, Handler> = {
  'sql.backupRuns.insert': (call, sim) => {
    const instance = instanceOf(call, sim);
    checkRunning(instance);
    const id = String(sim.now().getTime());
    const { description, location } = call.body as { description?: string; location?: string };
    const run: JsonObject = {
      kind: 'sql#backupRun',
      id,
      status: 'ENQUEUED',
      type: 'ON_DEMAND',
      backupKind: 'SNAPSHOT',
      enqueuedTime: sim.timestamp(),
      windowStartTime: sim.timestamp(),
      instance: instance.name,
      databaseVersion: instance.databaseVersion,
      location: location ?? multiRegion(instance.region),
      ...(description ? { description } : {}),
    };
    const answer = startOperation(call, sim, { kind: 'backup', type: 'BACKUP_VOLUME', instance, data: { id } });
    sim.store.put(KIND, `${keyOf(instance)}/${id}`, run);
    return { ...answer, backupContext: { kind: 'sql#backupContext', backupId: id } };
  },
  'sql.backupRuns.get': (call, sim) => {
    const instance = instanceOf(call, sim);
    return show(call.version, instance, runOf(call, sim, instance));
  },
  'sql.backupRuns.list': (call, sim) => {
    const instance = instanceOf(call, sim);
    const all = sim.store
      .list(KIND, `${keyOf(instance)}/`)
      .map(({ value }) => ({ key: String(1e15 - Number(value['id'])), value: show(call.version, instance, value) }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    const { items, nextPageToken } = page(all, {
      size: call.params['maxResults'],
      token: call.params['pageToken'],
      usual: 20,
      most: 1000,
    });
    return { kind: 'sql#backupRunsList', ...(items.length > 0 ? { items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
  },
  'sql.backupRuns.delete': (call, sim) => {
    const instance = instanceOf(call, sim);
    const id = String(runOf(call, sim, instance)['id']);
    return startOperation(call, sim, { kind: 'deleteBackup', type: 'DELETE_BACKUP', instance, data: { id } });
  },
};

/** How the long operations on backups end. */
export const backupEffects: Record<string, OperationKind> = {
  backup: {
    usual: 'sql.backup',
    finish: (operation, sim) =>
      withInstance(operation, sim, async (instance) => {
        const key = `${keyOf(instance)}/${String(operation.data['id'])}`;
        sim.store.put(KIND, key, {
          ...(sim.store.get(KIND, key) ?? {}),
          status: 'SUCCESSFUL',
          startTime: operation.startTime,
          endTime: sim.timestamp(),
        });
      }),
  },
  deleteBackup: {
    usual: 'sql.databases',
    finish: (operation, sim) =>
      withInstance(operation, sim, async (instance) => {
        sim.store.delete(KIND, `${keyOf(instance)}/${String(operation.data['id'])}`);
      }),
  },
};

function runOf(call: Call, sim: Sim, instance: InstanceRecord): JsonObject {
  const run = sim.store.get(KIND, `${keyOf(instance)}/${String(call.params['id'])}`);
  if (!run)
    throw new GoogleError({ code: 404, message: 'The Cloud SQL backup run does not exist.', reason: 'backupRunDoesNotExist' });
  return run;
}

function show(version: string, instance: InstanceRecord, run: JsonObject): JsonObject {
  return { ...run, selfLink: link(version, instance.project, `instances/${instance.name}/backupRuns/${String(run['id'])}`) };
}

/** Where backups are kept when nothing is said. */
function multiRegion(region: string): string {
  return region.startsWith('europe') ? 'eu' : region.startsWith('asia') || region.startsWith('australia') ? 'asia' : 'us';
}
