import { readBytes } from '../request-body.ts';
import type { JsonObject, RawRequest, Sim } from '../service.ts';
import type { ImagePlace } from './docker-registry.ts';
import { registryError, sendBytes, sendEmpty } from './docker-registry-http.ts';
import { MANIFEST_TYPE } from './docker-registry-images.ts';
import {
  findBlob,
  findManifest,
  findTag,
  type ManifestRecord,
  parseManifest,
  removeManifest,
  removeTag,
  saveManifest,
  saveTag,
  sha256,
} from './docker-registry-records.ts';

const MAX_BYTES = 4 * 1024 * 1024;

/** Manifests by tag or digest: read, put, delete. */
export async function serveManifest(request: RawRequest, sim: Sim, place: ImagePlace, reference: string): Promise<void> {
  if (request.message.method === 'PUT') return putManifest(request, sim, place, reference);
  const tag = reference.startsWith('sha256:') ? undefined : findTag(sim, place.image, reference);
  const manifest = findManifest(sim, place.image, tag?.digest ?? reference);
  if (!manifest) throw registryError(404, 'MANIFEST_UNKNOWN', `Failed to fetch "${reference}"`);
  if (request.message.method === 'DELETE') {
    if (tag) removeTag(sim, tag);
    else removeManifest(sim, manifest);
    return sendEmpty(request, 202);
  }
  sendBytes(request, 200, Buffer.from(manifest.text), {
    'content-type': manifest.mediaType,
    'docker-content-digest': manifest.digest,
    etag: `"${manifest.digest}"`,
  });
}

async function putManifest(request: RawRequest, sim: Sim, place: ImagePlace, reference: string): Promise<void> {
  const text = (await readSmall(request)).toString();
  const document = parseManifest(text);
  if (document['schemaVersion'] !== 2) throw registryError(400, 'MANIFEST_INVALID', 'manifest invalid');
  const byDigest = reference.startsWith('sha256:');
  if (byDigest && reference !== sha256(text)) {
    throw registryError(400, 'DIGEST_INVALID', `provided digest "${reference}" did not match the manifest`);
  }
  if (!byDigest && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(reference))
    throw registryError(400, 'TAG_INVALID', 'manifest tag did not match URI');
  const type = String(document['mediaType'] ?? request.message.headers['content-type'] ?? MANIFEST_TYPE);
  const imageSizeBytes = Buffer.byteLength(text) + sizeOfParts(sim, place, document);
  const manifest: ManifestRecord = saveManifest(sim, place.image, { mediaType: type, text, imageSizeBytes });
  if (!byDigest) saveTag(sim, { image: place.image, tag: reference, digest: manifest.digest });
  sendEmpty(request, 201, { location: `${place.base}/manifests/${manifest.digest}`, 'docker-content-digest': manifest.digest });
}

/** @throws when a blob or a manifest that it names is not in the repository */
function sizeOfParts(sim: Sim, place: ImagePlace, document: JsonObject): number {
  const listed = (value: unknown) => (Array.isArray(value) ? (value as JsonObject[]) : []);
  let size = 0;
  for (const part of [...(document['config'] ? [document['config'] as JsonObject] : []), ...listed(document['layers'])]) {
    const digest = String(part['digest']);
    const foreign = Array.isArray(part['urls']) && part['urls'].length > 0;
    if (!foreign && !findBlob(sim, place.repositoryKey, digest)) {
      throw registryError(400, 'MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: "${digest}"`);
    }
    size += Number(part['size'] ?? 0);
  }
  for (const part of listed(document['manifests'])) {
    const digest = String(part['digest']);
    const inner = findManifest(sim, place.image, digest);
    if (!inner) throw registryError(400, 'MANIFEST_UNKNOWN', `manifest unknown: "${digest}"`);
    size += inner.imageSizeBytes;
  }
  return size;
}

function readSmall({ body }: RawRequest): Promise<Buffer> {
  return readBytes(body, MAX_BYTES, { refusal: registryError(413, 'SIZE_INVALID', 'manifest is too large') });
}
