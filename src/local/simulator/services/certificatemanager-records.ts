import type { JsonObject, Sim } from '../service.ts';
import { listRecords as listCompute } from './compute-records.ts';
import { type LongApi, placeOf } from './long-operations.ts';
import { notFound } from './refusals.ts';
import { regions } from './regions.ts';

export const CERTIFICATES: LongApi = {
  api: 'certificatemanager',
  type: 'type.googleapis.com/google.cloud.certificatemanager.v1',
  locations: ['global', ...regions],
};

/** A DNS authorisation, certificate, map or entry, by its name: `projects/ID/locations/L/COLLECTION/ID`. */
export interface ResourceRecord {
  name: string;
  createTime: string;
  updateTime: string;
  /** What the client set. */
  settings: JsonObject;
  /** What was made for it. */
  made: JsonObject;
  /** False while it is being made: the name is taken, nothing is there. */
  ready: boolean;
}

const KIND = 'certificatemanager.resources';
const MAP_LINK = '//certificatemanager.googleapis.com/';

/** The name by the project's id, whichever of id and number was sent. @throws GoogleError 403 for an unknown project */
export function canonicalName(sim: Sim, name: string): string {
  const { projectId, location, path } = placeOf(sim, name);
  return `projects/${projectId}/locations/${location}${path ? `/${path}` : ''}`;
}

export function findResource(sim: Sim, name: string): ResourceRecord | undefined {
  return sim.store.get<ResourceRecord>(KIND, name);
}

/** @throws GoogleError 404 */
export function readResource(sim: Sim, name: string): ResourceRecord {
  const record = findResource(sim, name);
  if (!record?.ready) throw notFound(`Resource '${name}' was not found`);
  return record;
}

export function saveResource(sim: Sim, record: ResourceRecord): void {
  sim.store.put(KIND, record.name, record);
}

export function removeResource(sim: Sim, name: string): void {
  sim.store.delete(KIND, name);
}

/** Those directly in a collection, in the order of their names; of all locations where the parent's is `-`. */
export function listResources(sim: Sim, parent: string, collection: string): ResourceRecord[] {
  const anywhere = /^(.*\/locations\/)-$/.exec(parent)?.[1];
  if (anywhere !== undefined) {
    const found = sim.store.list<ResourceRecord>(KIND, anywhere);
    return found.flatMap(({ key, value }) =>
      value.ready && key.split('/')[4] === collection && key.split('/').length === 6 ? [value] : [],
    );
  }
  const prefix = `${parent}/${collection}/`;
  return sim.store
    .list<ResourceRecord>(KIND, prefix)
    .flatMap(({ key, value }) => (value.ready && !key.slice(prefix.length).includes('/') ? [value] : []));
}

/** All entries of all maps of a location. */
export function listEntries(sim: Sim, location: string): ResourceRecord[] {
  return sim.store
    .list<ResourceRecord>(KIND, `${location}/certificateMaps/`)
    .flatMap(({ key, value }) => (value.ready && key.includes('/certificateMapEntries/') ? [value] : []));
}

/** Whether the map is there that a target proxy's link names. */
export function isMap(sim: Sim, link: string): boolean {
  return findResource(sim, canonicalName(sim, link.replace(MAP_LINK, '')))?.ready === true;
}

/** The addresses of the load balancers that serve a map's certificates, by the link of the target proxy with the map. */
export function balancersOf(sim: Sim, map: string): Array<{ proxy: string; addresses: string[] }> {
  const [, projectId = ''] = /^projects\/([^/]+)/.exec(map) ?? [];
  const { projectNumber } = sim.findProject(projectId);
  const links = [projectId, projectNumber].map((project) => MAP_LINK + map.replace(/^projects\/[^/]+/, `projects/${project}`));
  const rules = listCompute(sim, projectId, 'forwardingRules').flatMap(({ record }) => (record.value ? [record.value] : []));
  return listCompute(sim, projectId, 'targetHttpsProxies').flatMap(({ record }) => {
    if (!record.value || !links.includes(String(record.value['certificateMap']))) return [];
    const proxy = String(record.value['selfLink']);
    return [{ proxy, addresses: rules.filter(({ target }) => target === proxy).map((rule) => String(rule['IPAddress'])) }];
  });
}
