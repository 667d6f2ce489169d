import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { addSet } from './dns-changes.ts';
import { listAnswer } from './dns-lists.ts';
import { addChange, findSet, listSets, type RecordSet, removeSet, saveSet, type ZoneRecord, zoneOf } from './dns-records.ts';
import { checkStays, invalidValue, readSet } from './dns-rules.ts';
import { notFound } from './refusals.ts';

/** https://docs.cloud.google.com/dns/docs/reference/rest/v1/resourceRecordSets */
export const setMethods: Record<string, Handler> = {
  'dns.resourceRecordSets.list': list,
  'dns.resourceRecordSets.create': (call, sim) => {
    const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
    const set = readSet(zone, call.body, 'entity.rrset');
    addSet(sim, zone, set, 'entity.rrset');
    addChange(sim, zone, { additions: [show(set)] });
    return show(set);
  },
  'dns.resourceRecordSets.get': (call, sim) => show(setOf(call, sim).set),
  'dns.resourceRecordSets.patch': (call, sim) => {
    const { zone, set } = setOf(call, sim);
    const changed = readSet(zone, { ...set, ...call.body } as JsonObject, 'entity.rrset');
    if (changed.name !== set.name) throw invalidValue('entity.rrset.name', changed.name);
    if (changed.type !== set.type) throw invalidValue('entity.rrset.type', changed.type);
    saveSet(sim, zone, changed);
    addChange(sim, zone, { additions: [show(changed)], deletions: [show(set)] });
    return show(changed);
  },
  'dns.resourceRecordSets.delete': (call, sim) => {
    const { zone, set } = setOf(call, sim);
    checkStays(zone, set, 'entity.rrset');
    removeSet(sim, zone, set);
    addChange(sim, zone, { deletions: [show(set)] });
    return {};
  },
};

function setOf(call: Call, sim: Sim): { zone: ZoneRecord; set: RecordSet } {
  const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
  const name = String(call.params['name']);
  const type = String(call.params['type']);
  const set = findSet(sim, zone, name, type);
  if (!set) throw notFound(`The 'parameters.name' resource named '${name} (${type})' does not exist.`);
  return { zone, set };
}

function list(call: Call, sim: Sim): JsonObject {
  const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
  const { name, type } = call.params;
  if (type !== undefined && name === undefined) throw invalidValue('parameters.type', type);
  const all = listSets(sim, zone).filter(
    ({ value }) => (name === undefined || value.name === name) && (type === undefined || value.type === type),
  );
  return listAnswer(call, 'dns#resourceRecordSetsListResponse', 'rrsets', all, show);
}

function show(set: RecordSet): JsonObject {
  const { rrdatas, ...rest } = set;
  return { ...rest, ...(rrdatas.length > 0 ? { rrdatas } : {}), kind: 'dns#resourceRecordSet' };
}
