import type { Call, Handler, Json, JsonObject, Sim } from '../service.ts';
import { GoogleError, Reply } from '../service.ts';
import {
  type AccessEntry,
  type BucketRecord,
  entriesOf,
  getBucket,
  hasUniformAccess,
  saveBucket,
  showEntry,
} from './storage-bucket-record.ts';
import { invalid, required } from './storage-errors.ts';

type ListName = 'acl' | 'defaultObjectAcl';

/** Access control lists of buckets, and those that new objects get. https://docs.cloud.google.com/storage/docs/access-control/lists */
export const aclMethods: Record<string, Handler> = {
  ...methodsOf('storage.bucketAccessControls', 'acl', 'storage#bucketAccessControls', ['OWNER', 'WRITER', 'READER']),
  ...methodsOf('storage.defaultObjectAccessControls', 'defaultObjectAcl', 'storage#objectAccessControls', ['OWNER', 'READER']),
};

function methodsOf(id: string, list: ListName, kind: string, roles: string[]): Record<string, Handler> {
  const set = (call: Call, sim: Sim, entity: string): JsonObject => {
    const role = call.body['role'];
    if (typeof role !== 'string' || role === '') throw required('role');
    if (!roles.includes(role))
      throw invalid(`Invalid value '${role}'. Values must match one of the following: ${JSON.stringify(roles)}`);
    const bucket = aclBucket(call, sim, true);
    const entry = { entity, role };
    const others = entriesOf(bucket, list).filter((one) => one.entity !== entity);
    return showEntry(save(sim, bucket, list, [...others, entry]), list, entry);
  };
  return {
    [`${id}.list`]: (call, sim) => {
      const bucket = aclBucket(call, sim, false);
      return { kind, items: entriesOf(bucket, list).map((entry) => showEntry(bucket, list, entry)) as Json[] };
    },
    [`${id}.get`]: (call, sim) => {
      const bucket = aclBucket(call, sim, false);
      return showEntry(bucket, list, find(bucket, list, call));
    },
    [`${id}.insert`]: (call, sim) => {
      if (!call.body['entity']) throw required('entity');
      return set(call, sim, checkEntity(String(call.body['entity'])));
    },
    [`${id}.patch`]: (call, sim) => set(call, sim, find(aclBucket(call, sim, true), list, call).entity),
    [`${id}.update`]: (call, sim) => set(call, sim, find(aclBucket(call, sim, true), list, call).entity),
    [`${id}.delete`]: (call, sim) => {
      const bucket = aclBucket(call, sim, true);
      const { entity } = find(bucket, list, call);
      save(
        sim,
        bucket,
        list,
        entriesOf(bucket, list).filter((one) => one.entity !== entity),
      );
      return new Reply(204);
    },
  };
}

/** @throws GoogleError 404 without such a bucket, 400 where policies alone decide */
function aclBucket(call: Call, sim: Sim, writes: boolean): BucketRecord {
  const bucket = getBucket(sim, String(call.params['bucket']));
  if (!hasUniformAccess(bucket)) return bucket;
  const what = writes ? 'use ACL API to update bucket policy' : 'get legacy ACL for a bucket';
  throw invalid(
    `Cannot ${what} when uniform bucket-level access is enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access`,
  );
}

function find(bucket: BucketRecord, list: ListName, call: Call): AccessEntry {
  const entity = String(call.params['entity']);
  const found = entriesOf(bucket, list).find((one) => one.entity.toLowerCase() === entity.toLowerCase());
  if (!found) throw new GoogleError({ code: 404, message: `The specified entity ${entity} was not found.`, reason: 'notFound' });
  return found;
}

function save(sim: Sim, bucket: BucketRecord, list: ListName, entries: AccessEntry[]): BucketRecord {
  const changed = { ...bucket, [list]: entries, metageneration: bucket.metageneration + 1, updated: sim.now().toISOString() };
  saveBucket(sim, changed);
  return changed;
}

function checkEntity(entity: string): string {
  const known =
    /^(allUsers|allAuthenticatedUsers|(user|group)-[^@\s]+@[^@\s]+|domain-[^@\s]+\.[^@\s]+|project-(owners|editors|viewers)-[^\s]+)$/i;
  if (!known.test(entity)) throw invalid(`Unknown entity: ${entity}.`);
  return entity;
}
