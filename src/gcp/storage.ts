import { isNotFound } from './errors.ts';
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
export function createBucket(google: Google, args: { project: string; body: NewBucket }): Promise<{ value: Bucket; created: boolean }> {
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
export async function deleteBucket(google: Google, args: { bucket: string; withObjects?: boolean; onObjects?: (deleted: number) => void }): Promise<void> {
  throw new Error(`${String(google)}${args.bucket}`);
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

/** Stores these bytes as the object, in place of what it may have held. */
export async function uploadObject(google: Google, args: ObjectArgs & { body: Buffer; contentType: string }): Promise<void> {
  throw new Error(`${String(google)}${args.object}`);
}

/** The bytes of the object from `start` on (default all), empty where there are none that far; undefined where there is no object. */
export async function readObject(google: Google, args: ObjectArgs & { start?: number }): Promise<Buffer | undefined> {
  throw new Error(`${String(google)}${args.object}`);
}

/** Deletes the object; one that is not there is fine. */
export async function deleteObject(google: Google, args: ObjectArgs): Promise<void> {
  const storage = await google.apis.storage();
  await storage.bucket(args.bucket).file(args.object).delete({ ignoreNotFound: true });
}
