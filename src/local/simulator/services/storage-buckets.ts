import { type Call, GoogleError, type Handler, type JsonObject, Reply, type Sim } from '../service.ts';
import { deletePolicy, testPermissions } from './iam-policy.ts';
import { bucketResource, getStoragePolicy, initStoragePolicy, setStoragePolicy } from './iam-policy-storage.ts';
import { checkBucketLocation, checkUniformAccess } from './orgpolicy-checks.ts';
import { isEnforced } from './orgpolicy-records.ts';
import { checkKeylessBucket } from './orgpolicy-usage.ts';
import {
  allBuckets,
  type BucketRecord,
  findBucket,
  getBucket,
  hasUniformAccess,
  preventsPublicAccess,
  removeBucket,
  saveBucket,
  showBucket,
} from './storage-bucket-record.ts';
import { checkBucketName, mergePatch, normalizeSettings, resolveLocation } from './storage-bucket-rules.ts';
import { preconditionFailed, required } from './storage-errors.ts';
import { forgetNotifications } from './storage-notifications.ts';
import { hasObjects } from './storage-object-record.ts';
import { checkPreconditions, preconditionsOf } from './storage-preconditions.ts';

const DEFAULT_PAGE = 1000;

/** `storage.buckets.*` of the JSON API. https://docs.cloud.google.com/storage/docs/json_api/v1/buckets */
export const bucketMethods: Record<string, Handler> = {
  'storage.buckets.insert': insert,
  'storage.buckets.get': (call, sim) => {
    const bucket = readBucket(call, sim, true);
    return showBucket(bucket, isFull(call, false));
  },
  'storage.buckets.list': list,
  'storage.buckets.patch': (call, sim) => change(call, sim, (before) => mergePatch(before, call.body)),
  'storage.buckets.update': (call, sim) => change(call, sim, () => call.body),
  'storage.buckets.delete': remove,
  'storage.buckets.getStorageLayout': (call, sim) => {
    const bucket = getBucket(sim, nameOf(call));
    const { location, locationType } = bucket;
    return { kind: 'storage#storageLayout', bucket: bucket.name, location, locationType };
  },
  // There is no way to make one: gcloud asks before it deletes a bucket.
  'storage.managedFolders.list': (call, sim) => {
    getBucket(sim, nameOf(call));
    return { kind: 'storage#managedFolders' };
  },
  'storage.buckets.getIamPolicy': (call, sim) => getStoragePolicy(sim, getBucket(sim, nameOf(call)).name),
  'storage.buckets.setIamPolicy': setPolicy,
  'storage.buckets.testIamPermissions': (call, sim) => {
    getBucket(sim, nameOf(call));
    const asked = call.params['permissions'];
    const permissions = Array.isArray(asked) ? asked : asked === undefined ? [] : [String(asked)];
    return { kind: 'storage#testIamPermissionsResponse', ...testPermissions({ permissions }) };
  },
  'storage.projects.serviceAccount.get': (call, sim) => {
    const { projectNumber } = sim.findProject(String(call.params['projectId']));
    return {
      kind: 'storage#serviceAccount',
      email_address: `service-${projectNumber}@gs-project-accounts.iam.gserviceaccount.com`,
    };
  },
};

function nameOf(call: Call): string {
  return String(call.params['bucket']);
}

function isFull(call: Call, byDefault: boolean): boolean {
  return call.params['projection'] === undefined ? byDefault : call.params['projection'] === 'full';
}

/** @throws GoogleError 404, 412, 304 */
function readBucket(call: Call, sim: Sim, reading: boolean): BucketRecord {
  const bucket = getBucket(sim, nameOf(call));
  checkPreconditions(
    preconditionsOf((name) => call.params[name]),
    bucket,
    reading,
  );
  return bucket;
}

function insert(call: Call, sim: Sim): JsonObject {
  if (typeof call.params['project'] !== 'string') throw required('project');
  const project = sim.findProject(call.params['project']);
  const name = call.body['name'];
  if (typeof name !== 'string' || name === '') throw required('name');
  checkBucketName(name);
  const existing = findBucket(sim, name);
  if (existing) throw taken(existing.projectId === project.projectId);
  const place = resolveLocation(call.body['location']);
  const now = sim.now();
  const time = now.toISOString();
  const bucket: BucketRecord = {
    name,
    projectId: project.projectId,
    projectNumber: project.projectNumber,
    generation: `${now.getTime()}${Math.floor(Number.parseInt(sim.id(4), 16) % 1000)
      .toString()
      .padStart(3, '0')}`,
    metageneration: 1,
    timeCreated: time,
    updated: time,
    ...place,
    settings: normalizeSettings(call.body, place, {}, time),
  };
  checkBucketLocation(sim, bucket.projectId, bucket.location);
  if (!hasUniformAccess(bucket)) checkUniformAccess(sim, bucket.projectId);
  if (!(call.body['encryption'] as JsonObject | undefined)?.['defaultKmsKeyName']) checkKeylessBucket(sim, bucket.projectId);
  saveBucket(sim, bucket);
  initStoragePolicy(sim, name, firstBindings(bucket));
  return showBucket(bucket, isFull(call, call.body['acl'] !== undefined || call.body['defaultObjectAcl'] !== undefined));
}

/** The convenience members that a bucket's policy starts with. https://docs.cloud.google.com/storage/docs/access-control/iam#convenience-values */
function firstBindings(bucket: BucketRecord): Array<{ role: string; members: string[] }> {
  const owners = [`projectEditor:${bucket.projectId}`, `projectOwner:${bucket.projectId}`];
  const viewers = [`projectViewer:${bucket.projectId}`];
  const bindings = [
    { role: 'roles/storage.legacyBucketOwner', members: owners },
    { role: 'roles/storage.legacyBucketReader', members: viewers },
  ];
  if (!hasUniformAccess(bucket)) return bindings;
  return [
    ...bindings,
    { role: 'roles/storage.legacyObjectOwner', members: owners },
    { role: 'roles/storage.legacyObjectReader', members: viewers },
  ];
}

function taken(own: boolean): GoogleError {
  const message = own
    ? 'Your previous request to create the named bucket succeeded and you already own it.'
    : 'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.';
  return new GoogleError({ code: 409, message, reason: 'conflict' });
}

function list(call: Call, sim: Sim): JsonObject {
  if (typeof call.params['project'] !== 'string') throw required('project');
  const { projectId } = sim.findProject(call.params['project']);
  const size = Math.min(Number(call.params['maxResults'] ?? DEFAULT_PAGE) || DEFAULT_PAGE, DEFAULT_PAGE);
  const token = call.params['pageToken'];
  const after = typeof token === 'string' ? Buffer.from(token, 'base64url').toString() : '';
  const found = allBuckets(sim, String(call.params['prefix'] ?? '')).filter(
    (bucket) => bucket.projectId === projectId && bucket.name > after,
  );
  const page = found.slice(0, size);
  const last = page.at(-1);
  return {
    kind: 'storage#buckets',
    ...(last && found.length > size ? { nextPageToken: Buffer.from(last.name).toString('base64url') } : {}),
    ...(page.length > 0 ? { items: page.map((bucket) => showBucket(bucket, isFull(call, false))) } : {}),
  };
}

function change(call: Call, sim: Sim, next: (before: JsonObject) => JsonObject): JsonObject {
  const bucket = readBucket(call, sim, false);
  const now = sim.now().toISOString();
  const changed: BucketRecord = {
    ...bucket,
    metageneration: bucket.metageneration + 1,
    updated: now,
    settings: normalizeSettings(next(bucket.settings), bucket, bucket.settings, now),
  };
  if (hasUniformAccess(bucket) && !hasUniformAccess(changed)) checkUniformAccess(sim, bucket.projectId);
  saveBucket(sim, changed);
  return showBucket(changed, isFull(call, true));
}

function remove(call: Call, sim: Sim): Reply {
  const bucket = readBucket(call, sim, false);
  if (hasObjects(sim, bucket.name)) {
    throw new GoogleError({ code: 409, message: 'The bucket you tried to delete is not empty.', reason: 'conflict' });
  }
  forgetNotifications(sim, bucket.name);
  removeBucket(sim, bucket.name);
  deletePolicy(sim, bucketResource(bucket.name));
  return new Reply(204);
}

function setPolicy(call: Call, sim: Sim): JsonObject {
  const bucket = getBucket(sim, nameOf(call));
  const bindings = (call.body['bindings'] ?? []) as Array<{ members?: string[] }>;
  const open = bindings.some(({ members }) => members?.some((member) => /^all(Authenticated)?Users$/.test(member)));
  const prevented = preventsPublicAccess(bucket) || isEnforced(sim, bucket.projectId, 'storage.publicAccessPrevention');
  if (open && prevented) {
    const refused = preconditionFailed();
    throw new GoogleError({
      ...refused.facts,
      message:
        'The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.',
    });
  }
  return setStoragePolicy(sim, bucket.name, call.body);
}
