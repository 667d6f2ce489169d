import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { isPropagated } from './dns-changes.ts';
import { listAnswer } from './dns-lists.ts';
import { type ZoneRecord, zoneOf } from './dns-records.ts';
import { notFound } from './refusals.ts';

interface ZoneOperation {
  id: string;
  startTime: string;
  user: string;
  zoneContext: JsonObject;
}

const KIND = 'dns.zoneOperations';

/** Updates of zones. https://docs.cloud.google.com/dns/docs/reference/rest/v1/managedZoneOperations */
export const zoneOperationMethods: Record<string, Handler> = {
  'dns.managedZoneOperations.get': (call, sim) => {
    const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
    const id = String(call.params['operation']);
    const operation = sim.store.get<ZoneOperation>(KIND, `${zone.id}/${id}`);
    if (!operation) throw notFound(`The 'parameters.operation' resource named '${id}' does not exist.`);
    return show(sim, operation);
  },
  'dns.managedZoneOperations.list': list,
};

/** Notes that a zone was updated, and returns the operation as the API shows it. */
export function addZoneOperation(sim: Sim, zone: ZoneRecord, what: Pick<ZoneOperation, 'user' | 'zoneContext'>): JsonObject {
  const operation = { ...what, id: sim.id(32), startTime: sim.timestamp() };
  sim.store.put(KIND, `${zone.id}/${operation.id}`, operation);
  return show(sim, operation);
}

export function forgetZoneOperations(sim: Sim, zone: ZoneRecord): void {
  for (const { key } of sim.store.list(KIND, `${zone.id}/`)) sim.store.delete(KIND, key);
}

function list(call: Call, sim: Sim): JsonObject {
  const zone = zoneOf(sim, call.params['project'], call.params['managedZone']);
  const byTime = call.params['sortBy'] !== 'id';
  const all = sim.store
    .list<ZoneOperation>(KIND, `${zone.id}/`)
    .map(({ value }) => ({ key: byTime ? value.startTime + value.id : value.id, value }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  return listAnswer(call, 'dns#managedZoneOperationsListResponse', 'operations', all, (one) => show(sim, one));
}

function show(sim: Sim, operation: ZoneOperation): JsonObject {
  const status = isPropagated(sim, operation.startTime) ? 'done' : 'pending';
  return { ...operation, status, type: 'update', kind: 'dns#operation' } as unknown as JsonObject;
}
