import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RawRequest, Sim } from '../service.ts';
import type { ImagePlace } from './docker-registry.ts';
import { registryError, sendEmpty } from './docker-registry-http.ts';
import { blobPath, findBlob, saveBlob } from './docker-registry-records.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const UPLOADS = 'registry.uploads';

/** GET and HEAD of a blob. */
export async function serveBlob(request: RawRequest, sim: Sim, place: ImagePlace, digest: string): Promise<void> {
  if (!DIGEST.test(digest)) throw registryError(400, 'DIGEST_INVALID', `invalid digest "${digest}"`);
  const blob = findBlob(sim, place.repositoryKey, digest);
  if (!blob || !existsSync(blobPath(sim, digest))) throw registryError(404, 'BLOB_UNKNOWN', `Failed to fetch "${digest}"`);
  if (!['GET', 'HEAD'].includes(request.message.method ?? ''))
    throw registryError(405, 'UNSUPPORTED', 'The operation is unsupported.');
  request.response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': String(blob.size),
    'docker-content-digest': digest,
  });
  if (request.message.method === 'HEAD') request.response.end();
  else await pipeline(createReadStream(blobPath(sim, digest)), request.response);
}

/** POST: a new upload, all at once with `digest`, or a blob taken over from another repository with `mount`. */
export async function startBlobUpload(request: RawRequest, sim: Sim, place: ImagePlace): Promise<void> {
  const query = request.url.searchParams;
  const mount = query.get('mount') ?? '';
  const source = query.get('from') ?? '';
  if (DIGEST.test(mount)) {
    const [, repository = ''] = source.split('/');
    const { projectId, location } = place.repository;
    const blob = findBlob(sim, `${projectId}/${location}/${repository}`, mount) ?? findBlob(sim, place.repositoryKey, mount);
    if (blob) {
      saveBlob(sim, place.repositoryKey, mount, blob.size);
      return sendEmpty(request, 201, { location: `${place.base}/blobs/${mount}`, 'docker-content-digest': mount });
    }
  }
  const id = sim.id(32);
  sim.store.put(UPLOADS, id, { repository: place.repositoryKey });
  if (query.has('digest')) return continueBlobUpload(request, sim, place, id);
  sendEmpty(request, 202, { location: `${place.base}/blobs/uploads/${id}`, range: '0-0', 'docker-upload-uuid': id });
}

function uploadPath(sim: Sim, id: string): string {
  return join(sim.store.folder('registry-uploads'), id);
}

/** PATCH adds bytes, PUT ends, GET asks, DELETE gives up. */
export async function continueBlobUpload(request: RawRequest, sim: Sim, place: ImagePlace, id: string): Promise<void> {
  const upload = sim.store.get<{ repository: string }>(UPLOADS, id);
  if (upload?.repository !== place.repositoryKey)
    throw registryError(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  const path = uploadPath(sim, id);
  const { method } = request.message;
  if (method === 'DELETE') {
    sim.store.delete(UPLOADS, id);
    rmSync(path, { force: true });
    return sendEmpty(request, 204);
  }
  if (method !== 'GET') {
    checkOffset(request, path);
    await pipeline(request.body, createWriteStream(path, { flags: 'a', mode: 0o600 }));
  }
  if (method === 'PUT' || (method === 'POST' && request.url.searchParams.has('digest'))) return finish(request, sim, place, id);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  sendEmpty(request, method === 'GET' ? 204 : 202, {
    location: `${place.base}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    'docker-upload-uuid': id,
  });
}

function checkOffset(request: RawRequest, path: string): void {
  const [, start] = /^(?:bytes )?(\d+)-\d+/.exec(String(request.message.headers['content-range'] ?? '')) ?? [];
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (start !== undefined && Number(start) !== size) throw registryError(416, 'RANGE_INVALID', 'invalid content range');
}

async function finish(request: RawRequest, sim: Sim, place: ImagePlace, id: string): Promise<void> {
  const digest = request.url.searchParams.get('digest') ?? '';
  const path = uploadPath(sim, id);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const actual = `sha256:${hash.digest('hex')}`;
  if (digest !== actual)
    throw registryError(400, 'DIGEST_INVALID', `provided digest "${digest}" did not match uploaded content "${actual}"`);
  const { size } = statSync(path);
  renameSync(path, blobPath(sim, digest));
  saveBlob(sim, place.repositoryKey, digest, size);
  sim.store.delete(UPLOADS, id);
  sendEmpty(request, 201, { location: `${place.base}/blobs/${digest}`, 'docker-content-digest': digest });
}
