import type { Call, JsonObject, Sim } from '../service.ts';
import { instanceDoesNotExist, operationInProgress } from './sqladmin-errors.ts';

/** An instance as the API shows it, without what is made anew for each answer. */
export interface InstanceRecord extends JsonObject {
  name: string;
  /** The project's id. */
  project: string;
  region: string;
  databaseVersion: string;
  state: string;
  settings: JsonObject;
}

const INSTANCES = 'sqladmin.instances';
const LOCKS = 'sqladmin.locks';
const DELETED = 'sqladmin.deletedNames';
/** Passwords of instances that are being made: nothing of this kind may be shown. */
export const ROOT_PASSWORDS = 'sqladmin.rootPasswords';
/** Keys and certificates of instances: nothing of this kind may be shown. */
export const TLS = 'sqladmin.tls';
const NAME_LOCK_MS = 7 * 86_400_000;

/** Where an instance and all that belongs to it is kept: `PROJECT/NAME`. */
export function keyOf(instance: { project: string; name: string }): string {
  return `${instance.project}/${instance.name}`;
}

export function findInstance(sim: Sim, project: string, name: string): InstanceRecord | undefined {
  return sim.store.get<InstanceRecord>(INSTANCES, `${project}/${name}`);
}

/** The instance that a call names. @throws GoogleError 403 for an unknown project, 404 instanceDoesNotExist */
export function instanceOf(call: Call, sim: Sim): InstanceRecord {
  const instance = findInstance(sim, projectOf(call, sim), String(call.params['instance']));
  if (!instance) throw instanceDoesNotExist();
  return instance;
}

export function projectOf(call: Call, sim: Sim): string {
  return sim.findProject(String(call.params['project'])).projectId;
}

export function listInstances(sim: Sim, project?: string): InstanceRecord[] {
  return sim.store.list<InstanceRecord>(INSTANCES, project === undefined ? '' : `${project}/`).map(({ value }) => value);
}

export function saveInstance(sim: Sim, instance: InstanceRecord): InstanceRecord {
  const saved = { ...instance, etag: sim.id(64) };
  sim.store.put(INSTANCES, keyOf(instance), saved);
  return saved;
}

/** Removes the instance with all that belongs to it, and keeps its name from being used for a week. */
export function removeInstance(sim: Sim, instance: InstanceRecord): void {
  const key = keyOf(instance);
  for (const kind of ['sqladmin.databases', 'sqladmin.users', 'sqladmin.sslCerts']) {
    for (const { key: own } of sim.store.list(kind, `${key}/`)) sim.store.delete(kind, own);
  }
  for (const kind of [INSTANCES, LOCKS, ROOT_PASSWORDS, TLS]) sim.store.delete(kind, key);
  sim.store.put(DELETED, key, { deleteTime: sim.timestamp() });
}

/** Whether an instance of this name is there or was less than a week ago. */
export function isNameTaken(sim: Sim, project: string, name: string): boolean {
  if (findInstance(sim, project, name)) return true;
  const deleted = sim.store.get<{ deleteTime: string }>(DELETED, `${project}/${name}`);
  return deleted !== undefined && sim.now().getTime() - Date.parse(deleted.deleteTime) < NAME_LOCK_MS;
}

/** Cloud SQL does one thing at a time with an instance. @throws GoogleError 409 operationInProgress */
export function checkIdle(sim: Sim, instance: InstanceRecord): void {
  const lock = sim.store.get<{ operation?: string }>(LOCKS, keyOf(instance));
  if (!lock) return;
  if (lock.operation === undefined || sim.operations.get(lock.operation)?.done === false) throw operationInProgress();
}

/** Holds the instance for an operation, or for the rest of a call when none is given. */
export function lock(sim: Sim, instance: InstanceRecord, operation?: string): void {
  sim.store.put(LOCKS, keyOf(instance), operation === undefined ? {} : { operation });
}

export function unlock(sim: Sim, instance: InstanceRecord): void {
  sim.store.delete(LOCKS, keyOf(instance));
}

/** `https://sqladmin.googleapis.com/sql/v1beta4/projects/P/…`, by the version that was called. */
export function link(version: string, project: string, path: string): string {
  return `https://sqladmin.googleapis.com/${version === 'v1beta4' ? 'sql/' : ''}${version}/projects/${project}/${path}`;
}

/** `project:region:instance` */
export function connectionName(instance: InstanceRecord): string {
  return `${instance.project}:${instance.region}:${instance.name}`;
}
