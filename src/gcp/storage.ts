import { randomUUID } from 'node:crypto';
import type { File } from '@google-cloud/storage';
import { crc32cOf } from './crc32c.ts';
import { failureOf, isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import type { Policy, PolicyResource } from './iam-policy.ts';
import type { Labels } from './labels.ts';
import { createOrGet } from './retry.ts';

/** What we read and set of a bucket. https://docs.cloud.google.com/storage/docs/json_api/v1/buckets */
export interface Bucket {
  name: string;
  location: string;
  storageClass?: string;
  projectNumber?: string;
  metageneration?: string;
  labels?: Labels;
  iamConfiguration?: { uniformBucketLevelAccess?: { enabled?: boolean }; publicAccessPrevention?: string };
  versioning?: { enabled?: boolean };
  /** Seconds as text; `'0'` is off. */
  softDeletePolicy?: { retentionDurationSeconds?: string };
  lifecycle?: { rule?: unknown[] };
  autoclass?: { enabled?: boolean };
}
export type NewBucket = Omit<Bucket, 'projectNumber' | 'metageneration'>;
export type BucketChange = Omit<NewBucket, 'name' | 'location'>;

/** The bucket, or undefined. Bucket names are one namespace for the world: a 403 means that it is somebody else's, and is thrown. */
export async function getBucket(google: Google, args: { bucket: string }): Promise<Bucket | undefined> {
  const storage = await google.apis.storage();
  try {
    const [metadata] = await storage.bucket(args.bucket).getMetadata();
    return metadata as Bucket;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Makes the bucket if it is missing; `created` tells. https://docs.cloud.google.com/storage/docs/json_api/v1/buckets/insert */
export function createBucket(
  google: Google,
  args: { project: string; body: NewBucket },
): Promise<{ value: Bucket; created: boolean }> {
  return createOrGet(google, {
    get: () => getBucket(google, { bucket: args.body.name }),
    create: async () => {
      const { data } = await google.request<Bucket>({
        method: 'POST',
        url: 'https://storage.googleapis.com/storage/v1/b',
        params: { project: args.project },
        body: args.body,
      });
      return data;
    },
  });
}

/** Brings these properties of the bucket to these values; what is left out stays. */
export async function patchBucket(google: Google, args: { bucket: string; change: BucketChange }): Promise<void> {
  const storage = await google.apis.storage();
  await storage.bucket(args.bucket).setMetadata(args.change as Parameters<ReturnType<typeof storage.bucket>['setMetadata']>[0]);
}

/**
 * Deletes the bucket; one that is not there is fine. Google refuses (409) while it holds objects, unless `withObjects`: then all
 * objects with all their versions go first, for good but for the soft-delete time. `onObjects` gets how many went so far.
 */
export async function deleteBucket(
  google: Google,
  args: { bucket: string; withObjects?: boolean; onObjects?: (deleted: number) => void },
): Promise<void> {
  const storage = await google.apis.storage();
  try {
    if (args.withObjects === true) await emptyBucket(google, args);
    await storage.bucket(args.bucket).delete();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** This many deletions are under way at once; Cloud Storage takes about a thousand writes a second for a bucket. */
const DELETIONS_AT_ONCE = 32;

async function emptyBucket(google: Google, args: { bucket: string; onObjects?: (deleted: number) => void }): Promise<void> {
  const bucket = (await google.apis.storage()).bucket(args.bucket);
  let deleted = 0;
  let pageToken: string | undefined;
  do {
    const [files, next] = await bucket.getFiles({
      versions: true,
      autoPaginate: false,
      maxResults: 1000,
      ...(pageToken !== undefined && { pageToken }),
    });
    for (let start = 0; start < files.length; start += DELETIONS_AT_ONCE) {
      const part = files.slice(start, start + DELETIONS_AT_ONCE);
      await Promise.all(part.map((file) => deleteFile(file)));
      deleted += part.length;
      args.onObjects?.(deleted);
    }
    pageToken = (next as { pageToken?: string } | null)?.pageToken;
  } while (pageToken !== undefined);
}

/** Who may do what with the bucket and its objects. */
export function bucketPolicy(google: Google, args: { bucket: string }): PolicyResource {
  return {
    key: `buckets/${args.bucket}`,
    async read() {
      const storage = await google.apis.storage();
      const [policy] = await storage.bucket(args.bucket).iam.getPolicy({ requestedPolicyVersion: 3 });
      return policy as unknown as Policy;
    },
    async write(policy) {
      const storage = await google.apis.storage();
      const [written] = await storage.bucket(args.bucket).iam.setPolicy(policy as never);
      return written as unknown as Policy;
    },
  };
}

export interface ObjectArgs {
  bucket: string;
  object: string;
}

/**
 * Stores these bytes as the object, in place of what it may have held. Sent as a whole with its CRC32C, so that a broken upload is
 * never taken for the object and can be sent again. https://docs.cloud.google.com/storage/docs/uploading-objects
 */
export async function uploadObject(google: Google, args: ObjectArgs & { body: Buffer; contentType: string }): Promise<void> {
  const boundary = `part-${randomUUID()}`;
  const metadata = JSON.stringify({
    name: args.object,
    contentType: args.contentType,
    crc32c: (await crc32cOf(args.body)).base64,
  });
  const head = `--${boundary}\r\ncontent-type: application/json\r\n\r\n${metadata}\r\n--${boundary}\r\ncontent-type: ${args.contentType}\r\n\r\n`;
  await google.request({
    method: 'POST',
    url: `https://storage.googleapis.com/upload/storage/v1/b/${args.bucket}/o`,
    params: { uploadType: 'multipart', name: args.object },
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), args.body, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    timeoutMs: 600_000,
    // The same bytes under the same name: sent twice is stored once.
    idempotent: true,
  });
}

/** The bytes of the object from `start` on (default all), empty where there are none that far; undefined where there is no object. */
export async function readObject(google: Google, args: ObjectArgs & { start?: number }): Promise<Buffer | undefined> {
  try {
    const { data, status } = await google.bytes({
      method: 'GET',
      url: `https://storage.googleapis.com/storage/v1/b/${args.bucket}/o/${encodeURIComponent(args.object)}`,
      params: { alt: 'media' },
      ...(args.start !== undefined && { headers: { range: `bytes=${args.start}-` } }),
    });
    // An answer of 200 to a range is the whole object.
    return status === 200 && args.start !== undefined ? data.subarray(args.start) : data;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (failureOf(error)?.status === 416) return Buffer.alloc(0);
    throw error;
  }
}

/** Deletes the object; one that is not there is fine. */
export async function deleteObject(google: Google, args: ObjectArgs): Promise<void> {
  const storage = await google.apis.storage();
  await deleteFile(storage.bucket(args.bucket).file(args.object));
}

/** The library's own way to overlook a 404 goes by its own errors. */
async function deleteFile(file: File): Promise<void> {
  try {
    await file.delete();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
