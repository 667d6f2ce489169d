import type { JsonObject, RawRequest, Sim } from '../service.ts';
import { getBucket } from './storage-bucket-record.ts';
import { type Content, checkSums, discardContent } from './storage-content.ts';
import { required } from './storage-errors.ts';
import { createObject, findObject, type ObjectRecord } from './storage-object-record.ts';
import { checkObjectName } from './storage-object-rules.ts';
import { checkPreconditions, type Preconditions, preconditionsOf } from './storage-preconditions.ts';

/** `/upload/storage/v1/b/BUCKET/o` */
export const UPLOAD_PATH = /^\/(?:upload|resumable\/upload)\/storage\/v1\/b\/(?<bucket>[^/]+)\/o$/;

/** Where an upload goes, from the request's path and query. */
export interface Target {
  bucket: string;
  name: string;
  preconditions: Preconditions;
}

/**
 * @param resource the object's metadata as sent
 * @throws GoogleError 404 without the bucket, 400 without a name, 412 before any byte is read
 */
export function targetOf(request: RawRequest, sim: Sim, resource: JsonObject): Target {
  const query = request.url.searchParams;
  const bucket = bucketOf(request, sim);
  const name = query.get('name') ?? resource['name'];
  if (typeof name !== 'string' || name === '') throw required('name');
  checkObjectName(name);
  const preconditions = preconditionsOf((param) => query.get(param));
  checkPreconditions(preconditions, findObject(sim, bucket, name));
  return { bucket, name, preconditions };
}

/** @throws GoogleError 404 */
export function bucketOf(request: RawRequest, sim: Sim): string {
  const [, encoded = ''] = UPLOAD_PATH.exec(request.url.pathname) ?? [];
  return getBucket(sim, decodeURIComponent(encoded)).name;
}

/**
 * Makes the object of what was uploaded, when checksums and preconditions hold; else the bytes are discarded.
 * @throws GoogleError 400, 404, 412
 */
export function finishUpload(
  sim: Sim,
  target: Target,
  resource: JsonObject,
  content: Content,
  sums: { md5Hash?: string; crc32c?: string } = {},
): ObjectRecord {
  try {
    const sent = { md5Hash: textOf(resource['md5Hash']), crc32c: textOf(resource['crc32c']) };
    checkSums(content, sent);
    checkSums(content, sums);
    const bucket = getBucket(sim, target.bucket);
    checkPreconditions(target.preconditions, findObject(sim, target.bucket, target.name));
    return createObject(sim, bucket, target.name, resource, content);
  } catch (error) {
    discardContent(sim, content.file);
    throw error;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
