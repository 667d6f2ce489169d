import type { JsonObject, Sim } from '../service.ts';
import { notFound, notReady } from './compute-errors.ts';
import { type Place, pathOf, type Scope } from './compute-places.ts';

/**
 * What is kept of a resource. While an operation is at work on it, `next` is what it will be, and nothing else may begin:
 * without `value` it is being made, with `deleting` it goes.
 */
export interface ResourceRecord {
  value?: JsonObject;
  next?: JsonObject;
  deleting?: true;
  /** The id of the operation that is at work. */
  operation?: string;
  /** What was noticed of it since it was made. */
  seen?: JsonObject;
}

/** The collections that are simulated, and those whose resources may use theirs. Links to any other collection are taken as they are. */
const USED_BY: Record<string, string[]> = {
  addresses: ['forwardingRules'],
  backendServices: ['urlMaps'],
  forwardingRules: [],
  networkEndpointGroups: ['backendServices'],
  securityPolicies: ['backendServices'],
  sslCertificates: ['targetHttpsProxies'],
  sslPolicies: ['targetHttpsProxies'],
  targetHttpProxies: ['forwardingRules'],
  targetHttpsProxies: ['forwardingRules'],
  urlMaps: ['targetHttpProxies', 'targetHttpsProxies'],
};

export function isSimulated(collection: string): boolean {
  return Object.hasOwn(USED_BY, collection);
}

function kindOf(collection: string): string {
  return `compute.${collection}`;
}

function keyOf({ projectId, scope, name }: Omit<Place, 'collection'>): string {
  return `${projectId}/${scope}/${name}`;
}

export function findRecord(sim: Sim, place: Place): ResourceRecord | undefined {
  return sim.store.get<ResourceRecord>(kindOf(place.collection), keyOf(place));
}

export function saveRecord(sim: Sim, place: Place, record: ResourceRecord): void {
  sim.store.put(kindOf(place.collection), keyOf(place), record);
}

export function removeRecord(sim: Sim, place: Place): void {
  sim.store.delete(kindOf(place.collection), keyOf(place));
}

/** All of a collection, those that are being made included, in the order of scope and name. @param project its id; undefined: all projects */
export function listRecords(
  sim: Sim,
  project: string | undefined,
  collection: string,
  scope?: Scope,
): Array<{ place: Place; record: ResourceRecord }> {
  const prefix = project === undefined ? '' : scope === undefined ? `${project}/` : `${project}/${scope}/`;
  return sim.store.list<ResourceRecord>(kindOf(collection), prefix).map(({ key, value }) => {
    const [projectId = '', own = '', name = ''] = key.split('/');
    return { place: { projectId, scope: own, collection, name }, record: value };
  });
}

/** The resource as it now is. @throws GoogleError 404, also while it is being made */
export function currentValue(sim: Sim, place: Place): JsonObject {
  const value = findRecord(sim, place)?.value;
  if (!value) throw notFound(pathOf(place));
  return value;
}

/** As {@link currentValue}, for something that nothing else may be at work on. @throws GoogleError 404, 400 resourceNotReady */
export function readyValue(sim: Sim, place: Place): JsonObject {
  const record = findRecord(sim, place);
  if (record?.operation !== undefined && (record.value || record.next)) throw notReady(pathOf(place));
  return currentValue(sim, place);
}

/** What uses a resource now, or will when an operation is done. @param mark how users speak of it: its link, or its IP address */
export function usersOf(sim: Sim, place: Place, mark: string): Place[] {
  const quoted = JSON.stringify(mark);
  return (USED_BY[place.collection] ?? []).flatMap((collection) =>
    listRecords(sim, place.projectId, collection)
      .filter(({ record }) =>
        [record.value, record.next].some((value) => {
          const { description: _prose, ...rest } = value ?? {};
          return JSON.stringify(rest).includes(quoted);
        }),
      )
      .map(({ place: user }) => user),
  );
}
