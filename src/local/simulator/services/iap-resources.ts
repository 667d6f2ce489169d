import { createHash } from 'node:crypto';
import type { Sim } from '../service.ts';
import { listRecords } from './compute-records.ts';
import { badRequest, notFound } from './refusals.ts';
import { findService, serviceKey } from './run-records.ts';

const CLOUD_RUN = /^cloud_run-([a-z0-9-]+)$/;
const COMPUTE = /^compute(?:-([a-z0-9-]+))?$/;

/**
 * The name that IAP gives a resource back by: with the project's number, and a backend service by its id. What is named is a
 * project, all its web services (`iap_web`), those of one kind (`iap_web/compute`, `iap_web/cloud_run-REGION`) or one of them.
 * https://docs.cloud.google.com/iap/docs/managing-access#resource-names
 * @throws GoogleError 400 for a name of another form, 404 for a service that is not there
 */
export function canonicalResource(sim: Sim, name: string): string {
  const [, project, path = ''] = /^projects\/([^/]+)((?:\/iap_(?:web|tunnel).*)?)$/.exec(name) ?? [];
  if (!project) throw badRequest('Request contains an invalid argument.');
  const { projectId, projectNumber } = sim.findProject(project);
  const root = `projects/${projectNumber}`;
  const [, kind, service, more] = /^\/iap_web(?:\/([^/]+)(?:\/services\/([^/]+)(\/.*)?)?)?$/.exec(path) ?? [];
  if (kind === undefined || more !== undefined) {
    if (['', '/iap_web', '/iap_tunnel'].includes(path)) return root + path;
    throw badRequest('Request contains an invalid argument.');
  }
  if (!COMPUTE.test(kind) && !CLOUD_RUN.test(kind) && !kind.startsWith('appengine-')) {
    throw badRequest('Request contains an invalid argument.');
  }
  if (service === undefined) return root + path;
  return `${root}/iap_web/${kind}/services/${serviceOf(sim, projectId, kind, service)}`;
}

/** @throws GoogleError 404 */
function serviceOf(sim: Sim, projectId: string, kind: string, service: string): string {
  const region = CLOUD_RUN.exec(kind)?.[1];
  if (region !== undefined) {
    if (findService(sim, serviceKey({ projectId, location: region, id: service }))) return service;
    throw notFound('Requested entity was not found.');
  }
  const backends = COMPUTE.exec(kind);
  return backends ? backendId(sim, projectId, backends[1], service) : service;
}

/**
 * The number that stands for a backend service; one that was sent may be that number already. Those of regions are not simulated: each is
 * taken to be there. @throws GoogleError 404
 */
function backendId(sim: Sim, projectId: string, region: string | undefined, service: string): string {
  if (region === undefined) {
    const known = listRecords(sim, projectId, 'backendServices', 'global').find(
      ({ place, record }) => record.value && (place.name === service || String(record.value['id']) === service),
    );
    if (!known) throw notFound('Requested entity was not found.');
    return String(known.record.value?.['id']);
  }
  if (/^\d+$/.test(service)) return service;
  const hash = createHash('sha256').update(`${projectId}/${region}/${service}`).digest('hex');
  return BigInt(`0x7${hash.slice(0, 15)}`).toString();
}
