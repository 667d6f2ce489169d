import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { namesVersion } from './etags.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { applyMask } from './masks.ts';
import { page } from './paging.ts';
import { badRequest } from './refusals.ts';
import { type Change, changeService, checkVersion, createService, type Wanted } from './run-change.ts';
import { jobMethods } from './run-jobs-v2.ts';
import { findService, listServices, type ServiceRecord, serviceKey, serviceName, serviceResource } from './run-records.ts';
import { buildMethods } from './run-v2-builds.ts';
import { dryRunOperation, operationKinds, operationMethods, showOperation } from './run-v2-operations.ts';
import { placeOf, readService } from './run-v2-place.ts';
import { revisionMethods } from './run-v2-revisions.ts';
import { etagOf, showService } from './run-v2-show.ts';

const API = 'run';
const P = 'run.projects.locations';
/** Fields of a service that a caller may set. */
const SETTABLE = [
  'annotations',
  'binaryAuthorization',
  'buildConfig',
  'client',
  'clientVersion',
  'customAudiences',
  'defaultUriDisabled',
  'description',
  'functionalType',
  'iapEnabled',
  'ingress',
  'invokerIamDisabled',
  'labels',
  'launchStage',
  'multiRegionSettings',
  'scaling',
  'sshEnabled',
  'template',
  'threatDetectionEnabled',
  'traffic',
];
const NO_EXTRAS = { service: {}, template: {} };

/** Cloud Run's second API. https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services */
export const runV2: Service = {
  api: API,
  versions: ['v2'],
  methods: {
    [`${P}.services.create`]: create,
    [`${P}.services.get`]: (call, sim) => showService(readService(call, sim, 'name')),
    [`${P}.services.list`]: list,
    [`${P}.services.patch`]: patch,
    [`${P}.services.delete`]: remove,
    [`${P}.services.getIamPolicy`]: (call, sim) => ({
      ...getPolicy(sim, serviceResource(readService(call, sim, 'resource')), call.params['options.requestedPolicyVersion']),
    }),
    [`${P}.services.setIamPolicy`]: (call, sim) => ({
      ...setPolicy(sim, serviceResource(readService(call, sim, 'resource')), call.body),
    }),
    [`${P}.services.testIamPermissions`]: (call, sim) => {
      readService(call, sim, 'resource');
      return testPermissions(call.body);
    },
    ...revisionMethods,
    ...operationMethods,
    ...buildMethods,
    ...jobMethods,
  },
  operations: operationKinds,
  restore(sim) {
    for (const { id, kind } of sim.operations.list(API)) if (kind === 'resume') sim.operations.delete(id);
    if (!sim.runtime) return;
    for (const service of listServices(sim)) {
      sim.operations.start({ api: API, kind: 'resume', data: { key: serviceKey(service) }, principal: service.creator });
    }
  },
  async reset(sim) {
    await Promise.all(listServices(sim).map((service) => sim.runtime?.run.remove(serviceName(service))));
  },
};

function wantedOf(body: JsonObject): Wanted {
  const spec: JsonObject = {};
  for (const field of SETTABLE) {
    const value = body[field];
    if (value !== undefined && value !== null) spec[field] = value;
  }
  const template = spec['template'] as JsonObject | undefined;
  for (const annotations of [spec['annotations'], template?.['annotations']]) {
    for (const name of Object.keys((annotations ?? {}) as JsonObject)) {
      if (/(^|\.)(run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//.test(name)) {
        throw badRequest(
          `annotations: annotation "${name}" is in a system namespace and cannot be set: use the field for it instead`,
        );
      }
    }
  }
  return { spec, extras: NO_EXTRAS };
}

function create(call: Call, sim: Sim): JsonObject {
  const place = { ...placeOf(sim, call.params['parent']), id: String(call.params['serviceId'] ?? '') };
  const options = { principal: call.principal, dryRun: call.params['validateOnly'] === true };
  return showChange(sim, createService(sim, place, wantedOf(call.body), options));
}

function patch(call: Call, sim: Sim): JsonObject {
  const place = placeOf(sim, call.params['name']);
  const options = {
    principal: call.principal,
    dryRun: call.params['validateOnly'] === true,
    forceNewRevision: call.params['forceNewRevision'] === true,
  };
  if (call.params['allowMissing'] === true && !findService(sim, serviceKey(place))) {
    return showChange(sim, createService(sim, place, wantedOf(call.body), options));
  }
  const service = readService(call, sim, 'name');
  checkEtag(service, call.body['etag']);
  const sent = wantedOf(call.body);
  const paths = pathsOf(call.params['updateMask']);
  const spec = paths ? applyMask(service.spec, sent.spec, paths) : sent.spec;
  // A revision's name is good for one revision: a change that does not name the next lets Google name it.
  const template = spec['template'] as JsonObject;
  const oldName = (service.spec['template'] as JsonObject)['revision'];
  if (
    oldName !== undefined &&
    template['revision'] === oldName &&
    (sent.spec['template'] as JsonObject | undefined)?.['revision'] === undefined
  ) {
    delete template['revision'];
  }
  return showChange(sim, changeService(sim, service, { spec, extras: service.extras }, options));
}

/** Undefined: everything is replaced. */
function pathsOf(mask: unknown): string[] | undefined {
  if (typeof mask !== 'string' || mask === '' || mask === '*') return undefined;
  return mask.split(',').map((path) => path.trim().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

function checkEtag(record: ServiceRecord, sent: unknown): void {
  if (typeof sent === 'string' && namesVersion(sent)) checkVersion(record, sent, etagOf(record));
}

function list(call: Call, sim: Sim): JsonObject {
  const { projectId, location } = placeOf(sim, call.params['parent']);
  const found = listServices(sim, location === '-' ? `${projectId}/` : `${projectId}/${location}/`);
  const all = found.map((service) => ({ key: serviceKey(service), value: showService(service) }));
  const { items, nextPageToken } = page(all, {
    size: call.params['pageSize'],
    token: call.params['pageToken'],
    usual: 100,
    most: 1000,
  });
  return { ...(items.length > 0 ? { services: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

function remove(call: Call, sim: Sim): JsonObject {
  const service = readService(call, sim, 'name');
  checkEtag(service, call.params['etag']);
  const time = sim.timestamp();
  const expireTime = new Date(sim.now().getTime() + 30 * 24 * 3600 * 1000).toISOString();
  const shown = { ...showService(service), deleteTime: time, expireTime };
  if (call.params['validateOnly'] === true) return dryRunOperation(service, shown);
  const data = { key: serviceKey(service), shown };
  return showOperation(sim, sim.operations.start({ api: API, kind: 'delete', data, principal: call.principal }));
}

function showChange(sim: Sim, { service, operation }: Change): JsonObject {
  return operation ? showOperation(sim, operation) : dryRunOperation(service, showService(service));
}
