import type { JsonObject, Sim } from '../service.ts';
import { noBucket } from './storage-errors.ts';

/** What is kept of a bucket. */
export interface BucketRecord {
  name: string;
  projectId: string;
  projectNumber: string;
  generation: string;
  metageneration: number;
  /** ISO times. */
  timeCreated: string;
  updated: string;
  /** Upper case, as the API shows it. */
  location: string;
  locationType: 'region' | 'dual-region' | 'multi-region';
  /** What the user set, with the defaults that Google fills in. */
  settings: JsonObject;
  /** Access control lists, once they are other than those of a new bucket. */
  acl?: AccessEntry[];
  defaultObjectAcl?: AccessEntry[];
}

/** `user-ada@example.com`, `project-owners-123`, `allUsers`. */
export interface AccessEntry {
  entity: string;
  role: string;
}

const KIND = 'storage.buckets';

export function findBucket(sim: Sim, name: string): BucketRecord | undefined {
  return sim.store.get<BucketRecord>(KIND, name);
}

/** @throws GoogleError 404 when there is no such bucket */
export function getBucket(sim: Sim, name: string): BucketRecord {
  const bucket = findBucket(sim, name);
  if (!bucket) throw noBucket();
  return bucket;
}

export function saveBucket(sim: Sim, bucket: BucketRecord): void {
  sim.store.put(KIND, bucket.name, bucket);
}

export function removeBucket(sim: Sim, name: string): void {
  sim.store.delete(KIND, name);
}

export function allBuckets(sim: Sim, prefix = ''): BucketRecord[] {
  return sim.store.list<BucketRecord>(KIND, prefix).map(({ value }) => value);
}

export function isVersioned(bucket: BucketRecord): boolean {
  return (bucket.settings['versioning'] as JsonObject | undefined)?.['enabled'] === true;
}

export function hasUniformAccess(bucket: BucketRecord): boolean {
  const iam = bucket.settings['iamConfiguration'] as JsonObject | undefined;
  return (iam?.['uniformBucketLevelAccess'] as JsonObject | undefined)?.['enabled'] === true;
}

export function preventsPublicAccess(bucket: BucketRecord): boolean {
  return (bucket.settings['iamConfiguration'] as JsonObject | undefined)?.['publicAccessPrevention'] === 'enforced';
}

/** Google's etags of buckets: a protocol buffer with the metageneration, `CAE=` for the first. */
export function bucketEtag(metageneration: number): string {
  return Buffer.from([8, ...varint(BigInt(metageneration))]).toString('base64');
}

/** Of objects: generation and metageneration. */
export function objectEtag(generation: string, metageneration: number): string {
  return Buffer.from([8, ...varint(BigInt(generation)), 16, ...varint(BigInt(metageneration))]).toString('base64');
}

function varint(value: bigint): number[] {
  const low = Number(value & 127n);
  return value < 128n ? [low] : [low | 128, ...varint(value >> 7n)];
}

/** The resource as the API shows it; access control lists only in a full projection and without uniform access. */
export function showBucket(bucket: BucketRecord, full: boolean): JsonObject {
  return {
    kind: 'storage#bucket',
    id: bucket.name,
    name: bucket.name,
    selfLink: `https://www.googleapis.com/storage/v1/b/${bucket.name}`,
    projectNumber: bucket.projectNumber,
    generation: bucket.generation,
    metageneration: String(bucket.metageneration),
    etag: bucketEtag(bucket.metageneration),
    location: bucket.location,
    locationType: bucket.locationType,
    timeCreated: bucket.timeCreated,
    updated: bucket.updated,
    ...bucket.settings,
    ...(full && !hasUniformAccess(bucket) ? accessControls(bucket) : {}),
  };
}

function accessControls(bucket: BucketRecord): JsonObject {
  return {
    acl: entriesOf(bucket, 'acl').map((entry) => showEntry(bucket, 'acl', entry)),
    defaultObjectAcl: entriesOf(bucket, 'defaultObjectAcl').map((entry) => showEntry(bucket, 'defaultObjectAcl', entry)),
    owner: { entity: `project-owners-${bucket.projectNumber}` },
  };
}

/** A bucket starts with the predefined ACL `projectPrivate`. https://docs.cloud.google.com/storage/docs/access-control/lists#predefined-acl */
export function entriesOf(bucket: BucketRecord, list: 'acl' | 'defaultObjectAcl'): AccessEntry[] {
  const first = { owners: 'OWNER', editors: 'OWNER', viewers: 'READER' };
  return (
    bucket[list] ?? Object.entries(first).map(([team, role]) => ({ entity: `project-${team}-${bucket.projectNumber}`, role }))
  );
}

/** An entry of a list in the API's form. */
export function showEntry(bucket: BucketRecord, list: 'acl' | 'defaultObjectAcl', { entity, role }: AccessEntry): JsonObject {
  const [, team, projectNumber] = /^project-(owners|editors|viewers)-(.+)$/.exec(entity) ?? [];
  const [, type, who] = /^(user|group|domain)-(.+)$/.exec(entity) ?? [];
  const named: JsonObject = {
    entity,
    role,
    ...(type && who ? { [type === 'domain' ? 'domain' : 'email']: who } : {}),
    etag: bucketEtag(bucket.metageneration),
    ...(team && projectNumber ? { projectTeam: { projectNumber, team } } : {}),
  };
  if (list === 'defaultObjectAcl') return { kind: 'storage#objectAccessControl', ...named };
  return {
    kind: 'storage#bucketAccessControl',
    id: `${bucket.name}/${entity}`,
    selfLink: `https://www.googleapis.com/storage/v1/b/${bucket.name}/acl/${entity}`,
    bucket: bucket.name,
    ...named,
  };
}
