import { rpcCode } from '../error-form.ts';
import type { Call, JsonObject, Operation, Service, Sim } from '../service.ts';
import { imageMethods } from './artifactregistry-images.ts';
import {
  findRepository,
  listRepositories,
  notFound,
  type RepositoryRecord,
  removeRepository,
  repositoryKey,
  repositoryName,
  repositoryOf,
  repositoryResource,
  saveRepository,
  showRepository,
} from './artifactregistry-records.ts';
import { forgetBlobs, forgetImages, repositorySize } from './docker-registry-records.ts';
import { deletePolicy, getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { applyMask, maskPaths } from './masks.ts';
import { checkLocation } from './orgpolicy-checks.ts';
import { checkKeyless } from './orgpolicy-usage.ts';
import { page } from './paging.ts';
import { alreadyExists, badRequest, forbidden } from './refusals.ts';
import { isRegion, regions } from './regions.ts';

const API = 'artifactregistry';
const MULTI_REGIONS = ['asia', 'europe', 'us'];
const TYPE = 'type.googleapis.com/google.devtools.artifactregistry.v1';
const FORMATS = ['DOCKER', 'MAVEN', 'NPM', 'APT', 'YUM', 'PYTHON', 'KFP', 'GO', 'GENERIC', 'RUBY'];
const OUTPUT_ONLY = ['name', 'createTime', 'updateTime', 'sizeBytes', 'satisfiesPzi', 'satisfiesPzs', 'registryUri'];

/** Artifact Registry: repositories and the images in them. The registry itself is `docker-registry.ts`. https://docs.cloud.google.com/artifact-registry/docs/reference/rest */
export const artifactregistry: Service = {
  api: API,
  versions: ['v1', 'v1beta2'],
  methods: {
    'artifactregistry.projects.locations.list': (call, sim) => {
      const { projectId } = projectOf(sim, call.params['name']);
      const locations = [...regions, ...MULTI_REGIONS].sort().map((id) => ({ key: id, value: locationOf(projectId, id) }));
      const { items, nextPageToken } = page(locations, sizes(call));
      return { locations: items, ...(nextPageToken ? { nextPageToken } : {}) };
    },
    'artifactregistry.projects.locations.get': (call, sim) => {
      const { projectId, location } = projectOf(sim, call.params['name']);
      if (!isLocation(location)) throw notFound();
      return locationOf(projectId, location);
    },
    'artifactregistry.projects.locations.operations.get': (call, sim) => {
      const [, id = ''] = /\/operations\/([^/]+)$/.exec(String(call.params['name'])) ?? [];
      const operation = sim.operations.get(id);
      if (operation?.api !== API) throw notFound();
      return showOperation(operation);
    },
    'artifactregistry.projects.locations.repositories.create': create,
    'artifactregistry.projects.locations.repositories.get': (call, sim) =>
      show(sim, repositoryOf(sim, call.params['name']).repository),
    'artifactregistry.projects.locations.repositories.list': list,
    'artifactregistry.projects.locations.repositories.patch': patch,
    'artifactregistry.projects.locations.repositories.delete': (call, sim) => {
      const { repository } = repositoryOf(sim, call.params['name']);
      return start(call, sim, 'delete', {
        key: repositoryKey(repository),
        location: repository.location,
        projectId: repository.projectId,
      });
    },
    'artifactregistry.projects.locations.repositories.getIamPolicy': (call, sim) => {
      const { repository } = repositoryOf(sim, call.params['resource']);
      return { ...getPolicy(sim, repositoryResource(repository), call.params['options.requestedPolicyVersion']) };
    },
    'artifactregistry.projects.locations.repositories.setIamPolicy': (call, sim) => {
      const { repository } = repositoryOf(sim, call.params['resource']);
      return { ...setPolicy(sim, repositoryResource(repository), call.body) };
    },
    'artifactregistry.projects.locations.repositories.testIamPermissions': (call, sim) => {
      repositoryOf(sim, call.params['resource']);
      return testPermissions(call.body);
    },
    ...imageMethods((call, sim, data) => start(call, sim, 'deleteImages', data)),
  },
  operations: {
    create: {
      usual: 'artifactregistry.repositories',
      finish(operation, sim) {
        const repository = operation.data['repository'] as unknown as RepositoryRecord;
        saveRepository(sim, repository);
        return { '@type': `${TYPE}.Repository`, ...show(sim, repository) };
      },
    },
    delete: {
      usual: 'artifactregistry.repositories',
      finish(operation, sim) {
        const key = String(operation.data['key']);
        const repository = findRepository(sim, key);
        if (repository) deletePolicy(sim, repositoryResource(repository));
        removeRepository(sim, key);
        forgetImages(sim, `${key}/`);
        forgetBlobs(sim, key);
        return { '@type': 'type.googleapis.com/google.protobuf.Empty' };
      },
    },
    /** Of a package or a version: done when it is asked for. */
    deleteImages: { usual: 'none', finish: () => ({ '@type': 'type.googleapis.com/google.protobuf.Empty' }) },
  },
};

function isLocation(name: string): boolean {
  return isRegion(name) || MULTI_REGIONS.includes(name);
}

function locationOf(projectId: string, id: string): JsonObject {
  return { name: `projects/${projectId}/locations/${id}`, locationId: id };
}

function projectOf(sim: Sim, name: unknown): { projectId: string; location: string } {
  const [, project = '', location = ''] = /^projects\/([^/]+)(?:\/locations\/([^/]+))?/.exec(String(name)) ?? [];
  return { projectId: sim.findProject(project).projectId, location };
}

function sizes(call: Call) {
  return { size: call.params['pageSize'], token: call.params['pageToken'], usual: 100, most: 1000 };
}

function show(sim: Sim, repository: RepositoryRecord): JsonObject {
  return showRepository(sim, repository, repositorySize(sim, repositoryKey(repository)));
}

function start(call: Call, sim: Sim, kind: string, data: JsonObject): JsonObject {
  return showOperation(sim.operations.start({ api: API, kind, data, principal: call.principal }));
}

function showOperation({ id, data, done, response, error }: Operation): JsonObject {
  return {
    name: `projects/${data['projectId']}/locations/${data['location']}/operations/${id}`,
    metadata: { '@type': `${TYPE}.OperationMetadata` },
    ...(done ? { done } : {}),
    ...(error ? { error: { code: rpcCode(error), message: error.message } } : {}),
    ...(done && !error ? { response: response ?? {} } : {}),
  };
}

function create(call: Call, sim: Sim): JsonObject {
  const { projectId, location } = projectOf(sim, call.params['parent']);
  if (!isLocation(location)) {
    throw forbidden(`Location ${location} is not found or access is unauthorized.`);
  }
  const id = String(call.params['repositoryId'] ?? '');
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) {
    throw badRequest(
      `invalid repository_id "${id}": must start with a lowercase letter, contain only lowercase letters, numbers and hyphens, end with a letter or number, and have at most 63 characters`,
    );
  }
  const key = repositoryKey({ projectId, location, id });
  const coming = sim.operations
    .list(API)
    .some((operation) => !operation.done && operation.kind === 'create' && operation.data['key'] === key);
  if (coming || findRepository(sim, key)) {
    throw alreadyExists('the repository already exists');
  }
  checkLocation(sim, projectId, location, 'create a repository');
  if (!call.body['kmsKeyName']) checkKeyless(sim, projectId, 'artifactregistry.googleapis.com', 'create a repository');
  const time = sim.timestamp();
  const settings = checkSettings(sim, { mode: 'STANDARD_REPOSITORY', ...withoutOutput(call.body) });
  const repository: RepositoryRecord = { projectId, location, id, createTime: time, updateTime: time, settings };
  return start(call, sim, 'create', { key, projectId, location, repository: repository as unknown as JsonObject });
}

function withoutOutput(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => !OUTPUT_ONLY.includes(name) && value !== null));
}

/** @throws GoogleError 400 */
function checkSettings(sim: Sim, settings: JsonObject): JsonObject {
  if (settings['mode'] === 'MODE_UNSPECIFIED') settings['mode'] = 'STANDARD_REPOSITORY';
  if (!FORMATS.includes(String(settings['format']))) throw badRequest('Repository format must be specified.');
  for (const [key, value] of Object.entries((settings['labels'] ?? {}) as JsonObject)) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key)) throw badRequest(`invalid label key "${key}"`);
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(String(value))) throw badRequest(`invalid label value "${value}"`);
  }
  if (settings['mode'] === 'REMOTE_REPOSITORY' && !settings['remoteRepositoryConfig']) {
    throw badRequest('remote_repository_config must be set for remote repositories');
  }
  const upstreams = (settings['virtualRepositoryConfig'] as JsonObject | undefined)?.['upstreamPolicies'];
  for (const policy of Array.isArray(upstreams) ? (upstreams as JsonObject[]) : []) {
    repositoryOf(sim, policy['repository']);
  }
  return settings;
}

function list(call: Call, sim: Sim): JsonObject {
  const { projectId, location } = projectOf(sim, call.params['parent']);
  const repositories = listRepositories(sim, projectId, location).map((value) => ({ key: value.id, value }));
  const { items, nextPageToken } = page(repositories, sizes(call));
  if (items.length === 0) return {};
  return { repositories: items.map((repository) => show(sim, repository)), ...(nextPageToken ? { nextPageToken } : {}) };
}

function patch(call: Call, sim: Sim): JsonObject {
  const { repository } = repositoryOf(sim, call.params['name']);
  const sent = withoutOutput(call.body);
  const paths = maskPaths(call.params['updateMask'], sent);
  for (const path of paths) {
    const first = path.split('.')[0] ?? '';
    const unchangeable = ['format', 'mode', 'kmsKeyName'].includes(first);
    const differs = JSON.stringify(sent[first] ?? null) !== JSON.stringify(repository.settings[first] ?? null);
    if (unchangeable && sent[first] !== undefined && differs) throw badRequest(`field ${first} cannot be changed`);
  }
  const settings = checkSettings(sim, applyMask(repository.settings, sent, paths));
  const changed = { ...repository, settings, updateTime: sim.timestamp() };
  saveRepository(sim, changed);
  const { registryUri: _notHere, ...shown } = show(sim, changed);
  return { ...shown, name: repositoryName(changed) };
}
