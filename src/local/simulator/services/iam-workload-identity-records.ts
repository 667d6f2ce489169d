import type { JsonObject, Sim } from '../service.ts';
import { notFound } from './refusals.ts';

/** A pool or a provider. The name has the project's number: `projects/N/locations/global/workloadIdentityPools/POOL[/providers/ID]`. */
export interface FederationRecord {
  name: string;
  settings: JsonObject;
  /** False while it is being made. */
  ready: boolean;
  /** Set when it is deleted: until then it can be undeleted, and its name stays taken. */
  expireTime?: string;
}

const KIND = 'iam.workloadIdentity';
const UNDELETE_DAYS = 30;

/** The name by the project's number. @throws GoogleError 403 for an unknown project */
export function canonicalName(sim: Sim, name: string): string {
  const [, project, rest] = /^projects\/([^/]+)(.*)$/s.exec(name) ?? [];
  return `projects/${sim.findProject(project ?? '').projectNumber}${rest ?? ''}`;
}

/** Of whatever state; one whose time after deletion is over is gone. */
export function findRecord(sim: Sim, name: string): FederationRecord | undefined {
  const record = sim.store.get<FederationRecord>(KIND, name);
  const over = record?.expireTime !== undefined && Date.parse(record.expireTime) <= sim.now().getTime();
  return over ? undefined : record;
}

/** One that is there, deleted or not. @throws GoogleError 404 */
export function readRecord(sim: Sim, name: string): FederationRecord {
  const record = findRecord(sim, name);
  if (!record?.ready) throw notFound('Requested entity was not found.');
  return record;
}

export function saveRecord(sim: Sim, record: FederationRecord): void {
  sim.store.put(KIND, record.name, record);
}

/** Directly below `parent`: pools of a location, providers of a pool. */
export function listRecords(sim: Sim, parent: string, collection: string): FederationRecord[] {
  return sim.store
    .list<FederationRecord>(KIND, `${parent}/${collection}/`)
    .filter(({ key, value }) => !key.slice(parent.length + collection.length + 2).includes('/') && value.ready)
    .flatMap(({ key }) => findRecord(sim, key) ?? []);
}

/** When one that is deleted now goes for good. */
export function expiry(sim: Sim): string {
  return new Date(sim.now().getTime() + UNDELETE_DAYS * 86_400_000).toISOString();
}

export function showRecord({ name, settings, expireTime }: FederationRecord): JsonObject {
  return { ...settings, name, state: expireTime ? 'DELETED' : 'ACTIVE', ...(expireTime ? { expireTime } : {}) };
}

/** Whether it works: not deleted, not disabled. */
export function isUsable(record: FederationRecord | undefined): record is FederationRecord {
  return record?.ready === true && record.expireTime === undefined && record.settings['disabled'] !== true;
}
