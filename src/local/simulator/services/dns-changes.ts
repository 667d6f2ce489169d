import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { listAnswer } from './dns-lists.ts';
import {
  addChange,
  type ChangeRecord,
  findChange,
  findSet,
  listChanges,
  listSets,
  type RecordSet,
  removeSet,
  saveSet,
  type ZoneRecord,
  zoneOf,
} from './dns-records.ts';
import { checkCname, checkStays, missing, readSet, sameSet } from './dns-rules.ts';
import { alreadyExists, notFound } from './refusals.ts';

/** https://docs.cloud.google.com/dns/docs/reference/rest/v1/changes */
export const changeMethods: Record<string, Handler> = {
  'dns.changes.create': create,
  'dns.changes.get': (call, sim) => {
    const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
    const id = String(call.params['changeId']);
    const change = findChange(sim, zone, id);
    if (!change) throw notFound(`The 'parameters.changeId' resource named '${id}' does not exist.`);
    return showChange(sim, change);
  },
  'dns.changes.list': list,
};

/** A change is on all name servers after its usual time. */
export function isPropagated(sim: Sim, startTime: string): boolean {
  return sim.now().getTime() >= Date.parse(startTime) + sim.duration('dns.changes');
}

function showChange(sim: Sim, change: ChangeRecord): JsonObject {
  const { additions, deletions, id, startTime } = change;
  return {
    ...(additions ? { additions } : {}),
    ...(deletions ? { deletions } : {}),
    id,
    startTime,
    status: isPropagated(sim, startTime) ? 'done' : 'pending',
    kind: 'dns#change',
  };
}

function list(call: Call, sim: Sim): JsonObject {
  const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
  const ascending = call.params['sortOrder'] === 'ascending';
  const order = (id: string) => String(ascending ? Number(id) : Number.MAX_SAFE_INTEGER - Number(id)).padStart(16, '0');
  const all = listChanges(sim, zone)
    .map((change) => ({ key: order(change.id), value: change }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  return listAnswer(call, 'dns#changesListResponse', 'changes', all, (change) => showChange(sim, change));
}

function create(call: Call, sim: Sim): JsonObject {
  const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
  const additions = (call.body['additions'] ?? []) as JsonObject[];
  const deletions = (call.body['deletions'] ?? []) as JsonObject[];
  if (additions.length === 0 && deletions.length === 0) throw missing('entity.change');
  applyChange(sim, zone, additions, deletions);
  const change = addChange(sim, zone, {
    ...(additions.length > 0 ? { additions } : {}),
    ...(deletions.length > 0 ? { deletions } : {}),
  });
  return showChange(sim, change);
}

/**
 * Takes record sets away and adds others, all or nothing.
 * @throws GoogleError 404 or 412 for a deletion that is not there exactly so, 409 for an addition that is there, 400 for what a zone
 * cannot have
 */
function applyChange(sim: Sim, zone: ZoneRecord, additions: JsonObject[], deletions: JsonObject[]): void {
  const place = (list: string, sent: JsonObject) => `entity.change.${list}[${String(sent['name'])}][${String(sent['type'])}]`;
  const added = additions.map((sent) => ({ at: place('additions', sent), set: readSet(zone, sent, place('additions', sent)) }));
  const replaced = (set: RecordSet) => added.some((other) => other.set.name === set.name && other.set.type === set.type);
  for (const sent of deletions) {
    const at = place('deletions', sent);
    const set = readSet(zone, sent, at);
    const there = findSet(sim, zone, set.name, set.type);
    if (!there) throw notFound(`The '${at}' resource named '${set.name} (${set.type})' does not exist.`);
    if (!sameSet(there, set)) {
      throw new GoogleError({ code: 412, message: `Precondition not met for '${at}'`, reason: 'conditionNotMet' });
    }
    if (!replaced(set)) checkStays(zone, set, at);
    removeSet(sim, zone, set);
  }
  for (const { at, set } of added) addSet(sim, zone, set, at);
}

/** Adds a record set to a zone. @throws GoogleError 409 when there is one of its name and type, 400 beside a CNAME */
export function addSet(sim: Sim, zone: ZoneRecord, set: RecordSet, at: string): void {
  if (findSet(sim, zone, set.name, set.type)) {
    throw alreadyExists(`The resource '${at}' named '${set.name} (${set.type})' already exists`);
  }
  saveSet(sim, zone, set);
  checkCname(
    listSets(sim, zone).flatMap(({ value }) => (value.name === set.name ? [value] : [])),
    at,
  );
}
