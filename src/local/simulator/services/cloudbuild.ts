import { randomUUID } from 'node:crypto';
import { rpcCode } from '../error-form.ts';
import type { Call, JsonObject, Operation, Service, Sim } from '../service.ts';
import { logsBucketFor } from './cloudbuild-logs-bucket.ts';
import { type BuildRecord, getBuild, isFinished, listBuilds, saveBuild, showBuild } from './cloudbuild-records.ts';
import { checkBuild } from './cloudbuild-rules.ts';
import { runBuild } from './cloudbuild-run.ts';
import { fits } from './filters.ts';
import { page } from './paging.ts';
import { badRequest, failedPrecondition, notFound } from './refusals.ts';
import { isRegion } from './regions.ts';

const API = 'cloudbuild';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TYPE = 'type.googleapis.com/google.devtools.cloudbuild.v1';

/** Cloud Build: builds of images from a source archive. https://docs.cloud.google.com/build/docs/api/reference/rest */
export const cloudbuild: Service = {
  api: API,
  versions: ['v1'],
  methods: {
    'cloudbuild.projects.builds.create': create,
    'cloudbuild.projects.builds.get': (call, sim) => showBuild(sim, read(call, sim)),
    'cloudbuild.projects.builds.list': list,
    'cloudbuild.projects.builds.cancel': cancel,
    'cloudbuild.projects.builds.retry': retry,
    'cloudbuild.projects.locations.builds.create': create,
    'cloudbuild.projects.locations.builds.get': (call, sim) => showBuild(sim, read(call, sim)),
    'cloudbuild.projects.locations.builds.list': list,
    'cloudbuild.projects.locations.builds.cancel': cancel,
    'cloudbuild.projects.locations.builds.retry': retry,
    'cloudbuild.operations.get': getOperation,
    'cloudbuild.projects.locations.operations.get': getOperation,
    'cloudbuild.projects.locations.getDefaultServiceAccount': (call, sim) => {
      const { projectId, projectNumber, location } = placeOf(call, sim);
      return {
        name: `projects/${projectNumber}/locations/${location}/defaultServiceAccount`,
        serviceAccountEmail: defaultAccount({ projectId, projectNumber }),
      };
    },
  },
  operations: { build: { usual: 'cloudbuild.build', finish: runBuild } },
};

/** New projects build as the default account of Compute Engine. https://docs.cloud.google.com/build/docs/cloud-build-service-account-updates */
function defaultAccount({ projectId, projectNumber }: { projectId: string; projectNumber: string }): string {
  return `projects/${projectId}/serviceAccounts/${projectNumber}-compute@developer.gserviceaccount.com`;
}

interface Place {
  projectId: string;
  projectNumber: string;
  location: string;
  id: string;
}

/** From a resource name (`projects/P/locations/R/builds/ID`), or from the older parameters. */
function placeOf(call: Call, sim: Sim): Place {
  const name = String(call.params['name'] ?? call.params['parent'] ?? '');
  const [, project, location, id] = /^projects\/([^/]+)(?:\/locations\/([^/]+))?(?:\/builds\/([^/:]+))?/.exec(name) ?? [];
  const found = sim.findProject(project ?? String(call.params['projectId']));
  const place = { ...found, location: location ?? 'global', id: id ?? String(call.params['id'] ?? '') };
  if (place.location !== 'global' && !isRegion(place.location)) throw notFound(`Location ${place.location} not found.`);
  return place;
}

function read(call: Call, sim: Sim): BuildRecord {
  const place = placeOf(call, sim);
  if (!UUID.test(place.id)) throw badRequest('invalid build id: must be a UUID');
  return getBuild(sim, place);
}

function create(call: Call, sim: Sim): JsonObject {
  return startBuild(sim, placeOf(call, sim), call.body, call.principal);
}

/**
 * Takes a build and starts it.
 * @returns the operation as Cloud Build shows it
 * @throws GoogleError 400 or 404 where the build cannot be taken
 */
export function startBuild(sim: Sim, place: Omit<Place, 'id'>, body: JsonObject, principal: string): JsonObject {
  const account = String(body['serviceAccount'] ?? '') || defaultAccount(place);
  const { source } = checkBuild(sim, body, place);
  const id = randomUUID();
  const options = (body['options'] ?? {}) as JsonObject;
  const logsBucket = logsBucketFor(sim, body, place);
  const region = place.location === 'global' ? '' : `;region=${place.location}`;
  const build: JsonObject = {
    ...body,
    id,
    name: `projects/${place.projectNumber}/locations/${place.location}/builds/${id}`,
    projectId: place.projectId,
    status: 'QUEUED',
    createTime: sim.timestamp(),
    timeout: body['timeout'] ?? '600s',
    queueTtl: body['queueTtl'] ?? '3600s',
    logUrl: `https://console.cloud.google.com/cloud-build/builds${region}/${id}?project=${place.projectNumber}`,
    options: { logging: 'LEGACY', pool: {}, ...options },
    serviceAccount: account,
    ...(logsBucket ? { logsBucket } : {}),
    ...(source ? { sourceProvenance: { resolvedStorageSource: source } } : {}),
    ...(body['images'] ? { artifacts: { images: body['images'] } } : {}),
  };
  const data = { projectId: place.projectId, location: place.location, id };
  const operation = sim.operations.start({ api: API, kind: 'build', data, principal });
  const record: BuildRecord = { ...data, operation: operation.id, build };
  saveBuild(sim, record);
  return showOperation(operation, record, build);
}

function retry(call: Call, sim: Sim): JsonObject {
  const record = read(call, sim);
  const body: JsonObject = {};
  for (const name of [
    'source',
    'steps',
    'images',
    'logsBucket',
    'options',
    'serviceAccount',
    'substitutions',
    'tags',
    'timeout',
  ]) {
    const value = record.build[name];
    if (value !== undefined) body[name] = value;
  }
  return startBuild(sim, { ...placeOf(call, sim), location: record.location }, body, call.principal);
}

function list(call: Call, sim: Sim): JsonObject {
  const { projectId, location } = placeOf(call, sim);
  const all = listBuilds(sim, projectId, location)
    .map((record) => showBuild(sim, record))
    .filter((build) => fits({ build_id: build['id'] ?? '', ...build }, call.params['filter']))
    .map((value, place) => ({ key: String(place).padStart(9, '0'), value }));
  const { items, nextPageToken } = page(all, {
    size: call.params['pageSize'],
    token: call.params['pageToken'],
    usual: 50,
    most: 1000,
  });
  return { ...(items.length > 0 ? { builds: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

function cancel(call: Call, sim: Sim): JsonObject {
  const record = read(call, sim);
  if (isFinished(record)) throw failedPrecondition('Build is already in a terminal state and cannot be cancelled.');
  const time = sim.timestamp();
  const build = { ...record.build, status: 'CANCELLED', startTime: record.build['startTime'] ?? time, finishTime: time };
  saveBuild(sim, { ...record, build });
  return build;
}

function getOperation(call: Call, sim: Sim): JsonObject {
  const encoded = String(call.params['name']).replace(/^.*\//, '');
  // gcloud asks for a build's operation by the id of the build as well.
  const id = UUID.test(encoded) ? encoded : Buffer.from(encoded, 'base64').toString();
  const [, location = 'global'] = /\/locations\/([^/]+)\//.exec(String(call.params['name'])) ?? [];
  const record = getBuild(sim, { projectId: sim.project.projectId, location, id });
  const operation = sim.operations.get(record.operation);
  if (!operation) throw notFound('Requested entity was not found.');
  return showOperation(operation, record, showBuild(sim, record));
}

/** Operations are named by the build's id, encoded. */
function showOperation({ done, error }: Operation, record: BuildRecord, build: JsonObject): JsonObject {
  const { projectId, location, id } = record;
  const encoded = Buffer.from(id).toString('base64');
  return {
    name:
      location === 'global'
        ? `operations/build/${projectId}/${encoded}`
        : `projects/${projectId}/locations/${location}/operations/${encoded}`,
    metadata: { '@type': `${TYPE}.BuildOperationMetadata`, build },
    ...(done ? { done } : {}),
    ...(done && error ? { error: { code: rpcCode(error), message: error.message } } : {}),
    ...(done && !error ? { response: { '@type': `${TYPE}.Build`, ...build } } : {}),
  };
}
