import type { Call, Handler, JsonObject, Service, Sim } from '../service.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { page } from './paging.ts';
import { badRequest, notFound } from './refusals.ts';
import { regions } from './regions.ts';
import { changeService, checkVersion, createService } from './run-change.ts';
import { jobMethodsV1 } from './run-jobs-v1.ts';
import {
  findService,
  listRevisions,
  listServices,
  type RevisionRecord,
  type ServiceRecord,
  serviceKey,
  serviceName,
  serviceResource,
} from './run-records.ts';
import { operationMethods } from './run-v1-operations.ts';
import { configurationOf, routeOf } from './run-v1-parts.ts';
import { listOf, placeOf } from './run-v1-place.ts';
import { readV1 } from './run-v1-read.ts';
import { resourceVersion, showRevision, showService } from './run-v1-show.ts';
import { removeUnusedRevision } from './run-v2-revisions.ts';

/** The same methods under both of the first API's paths: `namespaces/P/…` at a region's host, `projects/P/locations/R/…` at any. */
const methods: Record<string, Handler> = {
  'services.create': (call, sim) => write(call, sim, false),
  'services.replaceService': (call, sim) => write(call, sim, true),
  'services.get': (call, sim) => showService(read(call, sim)),
  'services.list': (call, sim) => listOf(call, 'ServiceList', servicesOf(call, sim).map(showService)),
  'services.delete': remove,
  'revisions.get': (call, sim) => showRevision(readRevision(call, sim), placeOf(call, sim).projectNumber),
  'revisions.list': (call, sim) => {
    const { projectId, projectNumber, location } = placeOf(call, sim);
    const found =
      location === ''
        ? regions.flatMap((region) => listRevisions(sim, `${projectId}/${region}`))
        : listRevisions(sim, `${projectId}/${location}`);
    return listOf(
      call,
      'RevisionList',
      found.map((revision) => showRevision(revision, projectNumber)),
    );
  },
  'revisions.delete': (call, sim) => {
    removeUnusedRevision(sim, readRevision(call, sim));
    return { status: 'Success', metadata: {} };
  },
  'configurations.get': (call, sim) => configurationOf(read(call, sim)),
  'configurations.list': (call, sim) => listOf(call, 'ConfigurationList', servicesOf(call, sim).map(configurationOf)),
  'routes.get': (call, sim) => routeOf(read(call, sim)),
  'routes.list': (call, sim) => listOf(call, 'RouteList', servicesOf(call, sim).map(routeOf)),
};

const policies: Record<string, Handler> = {
  'services.getIamPolicy': (call, sim) => ({
    ...getPolicy(sim, serviceResource(read(call, sim)), call.params['options.requestedPolicyVersion']),
  }),
  'services.setIamPolicy': (call, sim) => ({ ...setPolicy(sim, serviceResource(read(call, sim)), call.body) }),
  'services.testIamPermissions': (call, sim) => {
    read(call, sim);
    return testPermissions(call.body);
  },
};

function under(prefix: string, handlers: Record<string, Handler>): Record<string, Handler> {
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [`${prefix}.${name}`, handler]));
}

/** Cloud Run's first API, in the form of Knative. https://docs.cloud.google.com/run/docs/reference/rest/v1/namespaces.services */
export const runV1: Service = {
  api: 'run',
  versions: ['v1'],
  methods: {
    ...under('run.namespaces', methods),
    ...under('run.projects.locations', { ...methods, ...policies }),
    ...operationMethods,
    ...jobMethodsV1,
    'run.projects.locations.list': (call, sim) => {
      const { projectId } = placeOf(call, sim);
      const all = regions.map((id) => ({
        key: id,
        value: { name: `projects/${projectId}/locations/${id}`, locationId: id, displayName: id },
      }));
      const { items, nextPageToken } = page(all, {
        size: call.params['pageSize'],
        token: call.params['pageToken'],
        usual: 100,
        most: 1000,
      });
      return { locations: items, ...(nextPageToken ? { nextPageToken } : {}) };
    },
  },
};

function servicesOf(call: Call, sim: Sim): ServiceRecord[] {
  const { projectId, location } = placeOf(call, sim);
  return listServices(sim, location === '' ? `${projectId}/` : `${projectId}/${location}/`);
}

function read(call: Call, sim: Sim): ServiceRecord {
  const place = placeOf(call, sim);
  const service =
    place.location === ''
      ? listServices(sim, `${place.projectId}/`).find(({ id }) => id === place.id)
      : findService(sim, serviceKey(place));
  if (service) return service;
  throw notFound(
    `Resource '${place.id}' of kind 'SERVICE' in region '${place.location}' in project '${place.projectId}' does not exist.`,
  );
}

function readRevision(call: Call, sim: Sim): RevisionRecord {
  const { projectId, location, id } = placeOf(call, sim);
  const found = (location === '' ? regions : [location]).flatMap((region) => listRevisions(sim, `${projectId}/${region}`));
  const revision = found.find(({ name }) => name === id);
  if (revision) return revision;
  throw notFound(`Resource '${id}' of kind 'REVISION' in region '${location}' in project '${projectId}' does not exist.`);
}

function isDryRun(call: Call): boolean {
  const { dryRun } = call.params;
  if (dryRun === undefined || dryRun === '') return false;
  if (dryRun !== 'all') throw badRequest('dry_run: only "all" is supported');
  return true;
}

function write(call: Call, sim: Sim, replace: boolean): JsonObject {
  const metadata = (call.body['metadata'] ?? {}) as JsonObject;
  const id = String(metadata['name'] ?? '');
  const place = { ...placeOf(call, sim), id };
  if (id === '') throw badRequest('metadata.name: should not be empty');
  const namespace = metadata['namespace'];
  if (namespace !== undefined && namespace !== place.projectId && namespace !== place.projectNumber) {
    throw badRequest(`metadata.namespace: must be the project "${place.projectId}" or its number, not "${namespace}"`);
  }
  if (place.location === '') throw badRequest('A service is made at the host of its region: REGION-run.googleapis.com');
  const wanted = readV1(call.body);
  const options = { principal: call.principal, dryRun: isDryRun(call) };
  if (!replace) return showService(createService(sim, place, wanted, options).service);
  const before = read(call, sim);
  if (before.id !== id) throw badRequest(`metadata.name: "${id}" does not match the service "${before.id}" of the request`);
  checkVersion(before, metadata['resourceVersion'] as string | undefined, resourceVersion(before));
  return showService(changeService(sim, before, wanted, options).service);
}

function remove(call: Call, sim: Sim): JsonObject {
  const service = read(call, sim);
  if (!isDryRun(call)) {
    sim.operations.start({
      api: 'run',
      kind: 'delete',
      data: { key: serviceKey(service), name: serviceName(service) },
      principal: call.principal,
    });
  }
  return {
    metadata: {},
    status: 'Success',
    details: { name: service.id, group: 'serving.knative.dev', kind: 'services', uid: service.uid },
  };
}
