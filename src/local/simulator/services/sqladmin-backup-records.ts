import type { JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { invalidRequest } from './sqladmin-errors.ts';
import { type InstanceRecord, keyOf, link } from './sqladmin-records.ts';
import { runtimeOf, translated } from './sqladmin-runtime.ts';

/** A backup: `backupRuns` shows those of an instance that is there, `backups` all of a project. */
export interface BackupRecord extends JsonObject {
  /** The last part of its name: `projects/P/backups/UID`. */
  uid: string;
  /** What backupRuns call it by: milliseconds since 1970. */
  runId: string;
  project: string;
  instance: string;
  databaseVersion: string;
  type: 'ON_DEMAND' | 'FINAL';
  status: 'ENQUEUED' | 'SUCCESSFUL' | 'FAILED';
  location: string;
  enqueuedTime: string;
  /** The instance as it was. */
  source: JsonObject;
  /** What the API knew of the content: records of databases and users, by kind. */
  content: JsonObject;
}

const KIND = 'sqladmin.backups';
const CONTENT = ['sqladmin.databases', 'sqladmin.users'];
const DAY_MS = 86_400_000;
const MOST_DAYS = 365;

export function backupKey({ project, uid }: Pick<BackupRecord, 'project' | 'uid'>): string {
  return `${project}/${uid}`;
}

export function findBackup(sim: Sim, project: string, uid: string): BackupRecord | undefined {
  const found = sim.store.get<BackupRecord>(KIND, `${project}/${uid}`);
  return found && !hasExpired(sim, found) ? found : undefined;
}

export function saveBackup(sim: Sim, backup: BackupRecord): void {
  sim.store.put(KIND, backupKey(backup), backup);
}

/** Those of a project that have not expired, newest first; of all projects where none is named. */
export function listBackups(sim: Sim, project?: string): BackupRecord[] {
  return sim.store
    .list<BackupRecord>(KIND, project === undefined ? '' : `${project}/`)
    .map(({ value }) => value)
    .filter((backup) => !hasExpired(sim, backup))
    .sort((one, other) => (one.enqueuedTime > other.enqueuedTime ? -1 : 1));
}

/** Those of an instance that is there; a final one is of an instance that is not. */
export function backupsOf(sim: Sim, instance: InstanceRecord): BackupRecord[] {
  return listBackups(sim, instance.project).filter(
    (backup) => backup.instance === instance.name && backup['instanceDeletionTime'] === undefined,
  );
}

/** A record of a backup that begins. */
export function newBackup(
  sim: Sim,
  instance: InstanceRecord,
  facts: { type: BackupRecord['type']; description?: unknown; location?: unknown; expiryTime?: unknown },
): BackupRecord {
  const uid = sim.id(32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const { description, location, expiryTime, type } = facts;
  return {
    uid,
    runId: String(sim.now().getTime()),
    project: instance.project,
    instance: instance.name,
    databaseVersion: instance.databaseVersion,
    type,
    status: 'ENQUEUED',
    location: typeof location === 'string' && location !== '' ? location : multiRegion(instance.region),
    enqueuedTime: sim.timestamp(),
    source: instance,
    content: {},
    ...(description ? { description: String(description) } : {}),
    ...(expiryTime ? { expiryTime: String(expiryTime) } : {}),
  };
}

/** Copies what the instance holds now, in the runtime too where there is one. Safe to do again. */
export async function carryOut(sim: Sim, instance: InstanceRecord, backup: BackupRecord, startTime: string): Promise<void> {
  try {
    await translated(runtimeOf(sim)?.backUp(`${instance.project}:${instance.region}:${instance.name}`, backupKey(backup)));
  } catch (error) {
    if (error instanceof GoogleError) saveBackup(sim, { ...backup, status: 'FAILED', startTime, endTime: sim.timestamp() });
    throw error;
  }
  const content = contentOf(sim, instance);
  saveBackup(sim, { ...backup, source: instance, content, status: 'SUCCESSFUL', startTime, endTime: sim.timestamp() });
}

export async function removeBackup(sim: Sim, backup: BackupRecord): Promise<void> {
  await translated(runtimeOf(sim)?.removeBackup(backupKey(backup)));
  sim.store.delete(KIND, backupKey(backup));
}

/** Deletes what has expired. What cannot be deleted is hidden all the same, and tried again at the next start. */
export async function sweepBackups(sim: Sim): Promise<void> {
  for (const { value } of sim.store.list<BackupRecord>(KIND)) {
    if (!hasExpired(sim, value)) continue;
    try {
      await removeBackup(sim, value);
    } catch (error) {
      if (!(error instanceof GoogleError)) throw error;
    }
  }
}

/** All of them, before everything is forgotten. */
export async function removeBackups(sim: Sim): Promise<void> {
  for (const { value } of sim.store.list<BackupRecord>(KIND)) await removeBackup(sim, value);
}

/** What the API knows of the content of an instance. */
export function contentOf(sim: Sim, instance: InstanceRecord): JsonObject {
  const prefix = `${keyOf(instance)}/`;
  const records = (kind: string): JsonObject =>
    Object.fromEntries(sim.store.list(kind, prefix).map(({ key, value }) => [key.slice(prefix.length), value]));
  return Object.fromEntries(CONTENT.map((kind) => [kind, records(kind)]));
}

/** Replaces what the API knows of the content of an instance. */
export function putContent(sim: Sim, instance: InstanceRecord, content: JsonObject): void {
  const prefix = `${keyOf(instance)}/`;
  for (const kind of CONTENT) {
    for (const { key } of sim.store.list(kind, prefix)) sim.store.delete(kind, key);
    for (const [name, record] of Object.entries((content[kind] ?? {}) as JsonObject)) sim.store.put(kind, prefix + name, record);
  }
}

/** When a backup is to go: a time, or so many days from now. @throws GoogleError 400 beyond a year */
export function expiryOf(sim: Sim, { ttlDays, expiryTime }: { ttlDays?: unknown; expiryTime?: unknown }): string | undefined {
  if (ttlDays === undefined && expiryTime === undefined) return undefined;
  if (ttlDays !== undefined && expiryTime !== undefined)
    throw invalidRequest('Only one of the retention days and the expiration time of a backup can be given.');
  const days = ttlDays === undefined ? (Date.parse(String(expiryTime)) - sim.now().getTime()) / DAY_MS : Number(ttlDays);
  if (!(days > 0 && days <= MOST_DAYS))
    throw invalidRequest(`The retention of a backup must be between 1 and ${MOST_DAYS} days.`);
  return ttlDays === undefined ? String(expiryTime) : new Date(sim.now().getTime() + days * DAY_MS).toISOString();
}

/** As `backupRuns` have it. */
export function showRun(version: string, backup: BackupRecord): JsonObject {
  const { runId: id, project, instance, status, type, location, databaseVersion, enqueuedTime } = backup;
  return {
    kind: 'sql#backupRun',
    ...{
      id,
      status,
      type,
      backupKind: 'SNAPSHOT',
      enqueuedTime,
      windowStartTime: enqueuedTime,
      instance,
      databaseVersion,
      location,
    },
    ...picked(backup, 'startTime', 'endTime', 'description'),
    selfLink: link(version, project, `instances/${instance}/backupRuns/${id}`),
  };
}

/** As `backups` have it. */
export function showBackup(version: string, backup: BackupRecord): JsonObject {
  const { uid, project, instance, status, type, location, databaseVersion, enqueuedTime, source } = backup;
  const endTime = backup['endTime'] ?? enqueuedTime;
  return {
    kind: 'sql#backup',
    name: `projects/${project}/backups/${uid}`,
    ...{ type, instance, location, databaseVersion, state: status, backupKind: 'SNAPSHOT' },
    backupInterval: { startTime: enqueuedTime, endTime },
    ...(type === 'FINAL' ? {} : { backupRun: `projects/${project}/instances/${instance}/backupRuns/${backup.runId}` }),
    ...picked(backup, 'description', 'expiryTime', 'instanceDeletionTime'),
    instanceSettings: { kind: 'sql#instance', ...source },
    satisfiesPzi: true,
    selfLink: link(version, project, `backups/${uid}`),
  };
}

function picked(record: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(names.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])));
}

function hasExpired(sim: Sim, backup: BackupRecord): boolean {
  const { expiryTime } = backup;
  return typeof expiryTime === 'string' && Date.parse(expiryTime) <= sim.now().getTime();
}

/** Where backups are kept when nothing is said. */
function multiRegion(region: string): string {
  return region.startsWith('europe') ? 'eu' : region.startsWith('asia') || region.startsWith('australia') ? 'asia' : 'us';
}
