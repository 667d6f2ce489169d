import { createHash } from 'node:crypto';
import type { JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { notFound } from './refusals.ts';

/** A zone as it is kept: what the API shows, and what it belongs to. */
export interface ZoneRecord {
  projectId: string;
  name: string;
  id: string;
  dnsName: string;
  visibility: 'public' | 'private';
  nameServers: string[];
  creationTime: string;
  /** The fields that a client sets and may change. */
  settings: JsonObject;
  /** The id of the next change. */
  nextChange: number;
}

export interface RecordSet {
  name: string;
  type: string;
  ttl: number;
  rrdatas: string[];
  routingPolicy?: JsonObject;
}

const ZONES = 'dns.zones';
const SETS = 'dns.recordSets';
const CHANGES = 'dns.changes';
const NAME_SERVER_SETS = ['a', 'b', 'c', 'd', 'e'];

/** The zone of this name, or id, in a project. */
export function findZone(sim: Sim, projectId: string, nameOrId: string): ZoneRecord | undefined {
  const byName = sim.store.get<ZoneRecord>(ZONES, `${projectId}/${nameOrId}`);
  if (byName || !/^\d+$/.test(nameOrId)) return byName;
  return listZones(sim, projectId).find((zone) => zone.id === nameOrId);
}

/** The zone that a request speaks of. @throws GoogleError 404 in the words that all but `managedZones.get` have */
export function zoneOf(sim: Sim, project: unknown, nameOrId: unknown): ZoneRecord {
  const zone = findZone(sim, sim.findProject(String(project)).projectId, String(nameOrId));
  if (!zone) throw notFound(`The 'parameters.managedZone' resource named '${String(nameOrId)}' does not exist.`);
  return zone;
}

export function listZones(sim: Sim, projectId: string): ZoneRecord[] {
  return sim.store.list<ZoneRecord>(ZONES, `${projectId}/`).map(({ value }) => value);
}

/** The public zones of all projects, the longest name first: where a resolver would look. */
export function publicZones(sim: Sim): ZoneRecord[] {
  return sim.store
    .list<ZoneRecord>(ZONES)
    .map(({ value }) => value)
    .filter((zone) => zone.visibility === 'public')
    .sort((one, other) => other.dnsName.length - one.dnsName.length);
}

export function saveZone(sim: Sim, zone: ZoneRecord): void {
  sim.store.put(ZONES, `${zone.projectId}/${zone.name}`, zone);
}

export function removeZone(sim: Sim, zone: ZoneRecord): void {
  sim.store.delete(ZONES, `${zone.projectId}/${zone.name}`);
  for (const kind of [SETS, CHANGES]) for (const { key } of sim.store.list(kind, `${zone.id}/`)) sim.store.delete(kind, key);
}

/**
 * The name servers of a new zone. Two zones that could answer for the same names never share a set of them.
 * @throws GoogleError 400 when all sets are taken
 */
export function nameServersFor(sim: Sim, dnsName: string, visibility: string): string[] {
  if (visibility === 'private') return ['ns-gcp-private.googledomains.com.'];
  const taken = publicZones(sim)
    .filter((zone) => `.${zone.dnsName}`.endsWith(`.${dnsName}`) || `.${dnsName}`.endsWith(`.${zone.dnsName}`))
    .map((zone) => /^ns-cloud-(.)/.exec(zone.nameServers[0] ?? '')?.[1]);
  const start = (createHash('sha256').update(dnsName).digest()[0] ?? 0) % NAME_SERVER_SETS.length;
  const order = [...NAME_SERVER_SETS.slice(start), ...NAME_SERVER_SETS.slice(0, start)];
  const letter = order.find((candidate) => !taken.includes(candidate));
  if (!letter) {
    throw new GoogleError({
      code: 400,
      message: `The domain name '${dnsName}' is not available: every set of name servers has a zone of it already.`,
      reason: 'managedZoneDnsNameNotAvailable',
    });
  }
  return [1, 2, 3, 4].map((number) => `ns-cloud-${letter}${number}.googledomains.com.`);
}

/** The record sets of a zone: its own name first, then name by name from the right, then by type. */
export function listSets(sim: Sim, zone: ZoneRecord): Array<{ key: string; value: RecordSet }> {
  return sim.store.list<RecordSet>(SETS, `${zone.id}/`);
}

export function findSet(sim: Sim, zone: ZoneRecord, name: string, type: string): RecordSet | undefined {
  return sim.store.get<RecordSet>(SETS, setKey(zone, name, type));
}

export function saveSet(sim: Sim, zone: ZoneRecord, set: RecordSet): void {
  sim.store.put(SETS, setKey(zone, set.name, set.type), set);
}

export function removeSet(sim: Sim, zone: ZoneRecord, { name, type }: Pick<RecordSet, 'name' | 'type'>): void {
  sim.store.delete(SETS, setKey(zone, name, type));
}

function setKey(zone: ZoneRecord, name: string, type: string): string {
  return `${zone.id}/${name.toLowerCase().split('.').reverse().join('.')} ${type}`;
}

export interface ChangeRecord {
  id: string;
  startTime: string;
  additions?: JsonObject[];
  deletions?: JsonObject[];
}

/** Notes a change under the next number of its zone. */
export function addChange(sim: Sim, zone: ZoneRecord, what: Omit<ChangeRecord, 'id' | 'startTime'>): ChangeRecord {
  const change = { ...what, id: String(zone.nextChange), startTime: sim.now().toISOString() };
  sim.store.put(CHANGES, `${zone.id}/${change.id.padStart(12, '0')}`, change);
  saveZone(sim, { ...zone, nextChange: zone.nextChange + 1 });
  return change;
}

export function findChange(sim: Sim, zone: ZoneRecord, id: string): ChangeRecord | undefined {
  return sim.store.get<ChangeRecord>(CHANGES, `${zone.id}/${id.padStart(12, '0')}`);
}

export function listChanges(sim: Sim, zone: ZoneRecord): ChangeRecord[] {
  return sim.store.list<ChangeRecord>(CHANGES, `${zone.id}/`).map(({ value }) => value);
}
