import { GoogleError, type RawRequest, type RawRoute, type Service, type Sim } from '../service.ts';
import { findRepository, type RepositoryRecord, repositoryName, repositoryResource } from './artifactregistry-records.ts';
import { projectResource } from './cloudresourcemanager-policy.ts';
import { baseImageRoutes } from './docker-registry-base-images.ts';
import { continueBlobUpload, serveBlob, startBlobUpload } from './docker-registry-blobs.ts';
import { inRegistryForm, registryError, sendEmpty, sendRegistryJson } from './docker-registry-http.ts';
import { serveManifest } from './docker-registry-manifests.ts';
import { listTags } from './docker-registry-records.ts';
import { mayUse } from './iam-enforcement.ts';
import { policyRecord } from './iam-policy.ts';
import { header } from './storage-http.ts';

const HOST = /^(?<location>[a-z0-9-]+)-docker\.pkg\.dev$/;
/** A token for who names nobody: good for what all users may read. */
const ANONYMOUS = 'anonymous';
const TOKEN_SECONDS = 3600;

const routes: RawRoute[] = [
  { httpMethod: ['GET', 'HEAD'], host: HOST, path: /^\/v2\/?$/, authenticated: false, handle: inRegistryForm(greet) },
  { httpMethod: ['GET', 'POST'], host: HOST, path: /^\/v2\/token$/, authenticated: false, handle: inRegistryForm(giveToken) },
  {
    httpMethod: ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'],
    host: HOST,
    path: /^\/v2\/.+\/(?:manifests|blobs|tags)\/.+$/,
    authenticated: false,
    handle: inRegistryForm(serve),
  },
];

/** The Docker registry of Artifact Registry, and the base images of others. https://distribution.github.io/distribution/spec/api */
export const dockerRegistry: Service = {
  api: 'docker-registry',
  versions: [],
  methods: {},
  routes: [...routes, ...baseImageRoutes],
};

/** Where an image is, for the handlers. */
export interface ImagePlace {
  repository: RepositoryRecord;
  /** `PROJECT/LOCATION/REPOSITORY` */
  repositoryKey: string;
  /** The same with the image's name. */
  image: string;
  /** `/v2/PROJECT/REPOSITORY/IMAGE` */
  base: string;
}

function greet(request: RawRequest): void {
  if (!isNamed(request)) throw challenge(request);
  sendRegistryJson(request, 200, {});
}

function challenge(request: RawRequest, scope?: string): Error {
  const { host } = request;
  const wanted = scope === undefined ? '' : `,scope="${scope}"`;
  return registryError(401, 'UNAUTHORIZED', 'authentication failed', {
    'www-authenticate': `Bearer realm="https://${host}/v2/token",service="${host}"${wanted}`,
  });
}

function isNamed(request: RawRequest): boolean {
  return header(request.message, 'authorization') !== undefined;
}

function isAnonymous(request: RawRequest): boolean {
  return header(request.message, 'authorization') === `Bearer ${ANONYMOUS}`;
}

function giveToken(request: RawRequest, sim: Sim): void {
  const token = isNamed(request) ? sim.tokens.issue(request.principal, { lifetimeSeconds: TOKEN_SECONDS }) : ANONYMOUS;
  sendRegistryJson(request, 200, { token, expires_in: TOKEN_SECONDS, issued_at: sim.now().toISOString() });
}

async function serve(request: RawRequest, sim: Sim): Promise<void> {
  const [, name = '', kind = '', rest = ''] =
    /^\/v2\/(.+?)\/(manifests|blobs|tags)\/(.+)$/.exec(decodeURIComponent(request.url.pathname)) ?? [];
  const writing = !['GET', 'HEAD'].includes(request.message.method ?? '');
  if (!isNamed(request)) throw challenge(request, `repository:${name}:${writing ? 'pull,push' : 'pull'}`);
  checkEnabled(sim);
  const place = placeOf(request, sim, name);
  checkAccess(request, sim, place, writing);
  if (kind === 'manifests') return serveManifest(request, sim, place, rest);
  if (kind === 'tags' && rest === 'list') {
    const tags = listTags(sim, `${place.image}:`).map(({ tag }) => tag);
    return sendRegistryJson(request, 200, { name, tags });
  }
  const upload = /^uploads\/(.*)$/.exec(rest)?.[1];
  if (kind === 'blobs' && upload === '') return startBlobUpload(request, sim, place);
  if (kind === 'blobs' && upload !== undefined) return continueBlobUpload(request, sim, place, upload);
  if (kind === 'blobs') return serveBlob(request, sim, place, rest);
  sendEmpty(request, 404);
}

function placeOf(request: RawRequest, sim: Sim, name: string): ImagePlace {
  const location = HOST.exec(request.host)?.groups?.['location'] ?? '';
  const [project = '', id = '', ...image] = name.split('/');
  const own = project === sim.project.projectId || project === sim.project.projectNumber;
  const repositoryKey = `${sim.project.projectId}/${location}/${id}`;
  const repository = own ? findRepository(sim, repositoryKey) : undefined;
  if (!repository || image.length === 0) throw registryError(404, 'NAME_UNKNOWN', `Repository "${id}" not found`);
  return { repository, repositoryKey, image: `${repositoryKey}/${image.join('/')}`, base: `/v2/${name}` };
}

function checkEnabled(sim: Sim): void {
  try {
    sim.requireEnabled(sim.project.projectId, 'artifactregistry.googleapis.com');
  } catch (error) {
    if (error instanceof GoogleError) throw registryError(403, 'DENIED', error.message);
    throw error;
  }
}

/** @throws the registry's 403 for who is nobody, and while permissions are enforced for who lacks the one to pull or push */
function checkAccess(request: RawRequest, sim: Sim, { repository }: ImagePlace, writing: boolean): void {
  const permission = `artifactregistry.repositories.${writing ? 'uploadArtifacts' : 'downloadArtifacts'}`;
  const resource = repositoryResource(repository);
  const { projectId } = repository;
  const shown = repositoryName(repository);
  if (!isAnonymous(request)) {
    const target = { projectId, shown, policies: [resource, projectResource(projectId)] };
    if (mayUse(sim, request, permission, target)) return;
    throw registryError(403, 'DENIED', `Permission "${permission}" denied on resource "${shown}" (or it may not exist)`);
  }
  const bindings = policyRecord(sim, resource)?.bindings ?? [];
  const open = bindings.some(({ role, members }) => role === 'roles/artifactregistry.reader' && members.includes('allUsers'));
  if (open && !writing) return;
  throw registryError(
    403,
    'DENIED',
    `Unauthenticated request. Unauthenticated requests do not have permission "${permission}" on resource "${shown}" (or it may not exist)`,
  );
}
