import type { JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { type Binding, canonicalBindings, checkBindings } from './iam-bindings.ts';
import { membersOf, policyRecord, replaceBindings } from './iam-policy.ts';
import { checkNewMembers } from './orgpolicy-checks.ts';
import { findBucket } from './storage-bucket-record.ts';

/** A new bucket's policy has the etag `CAE=`. */
const FIRST = 1;

/**
 * Answers `storage.buckets.getIamPolicy`: the same policies in Cloud Storage's own form.
 * @param bucket its name; the policy stands under `//storage.googleapis.com/projects/_/buckets/NAME`
 */
export function getStoragePolicy(sim: Sim, bucket: string): JsonObject {
  const record = policyRecord(sim, bucketResource(bucket));
  return show(bucket, record?.bindings ?? [], record?.generation ?? FIRST);
}

/**
 * Answers `storage.buckets.setIamPolicy`.
 * @param policy the request's body
 * @throws GoogleError 400 for an unknown role, member or service account; 412 conditionNotMet when the etag is not the current one
 */
export function setStoragePolicy(sim: Sim, bucket: string, policy: JsonObject): JsonObject {
  const bindings = (policy['bindings'] ?? []) as unknown as Binding[];
  const before = policyRecord(sim, bucketResource(bucket)) ?? replaceBindings(sim, bucketResource(bucket), []);
  checkBindings(sim, bindings);
  if (bindings.some((binding) => binding.condition) && policy['version'] !== 3) {
    throw new GoogleError({ code: 400, message: 'Policies with conditions must have version 3.', reason: 'invalid' });
  }
  const sent = policy['etag'];
  const generation = typeof sent === 'string' ? etagGeneration(sent) : undefined;
  if (generation !== undefined && generation !== before.generation) {
    throw new GoogleError({
      code: 412,
      message: 'At least one of the pre-conditions you specified did not hold.',
      reason: 'conditionNotMet',
      location: 'If-Match',
      locationType: 'header',
    });
  }
  const projectId = findBucket(sim, bucket)?.projectId;
  if (projectId) checkNewMembers(sim, projectId, membersOf(bindings), membersOf(before?.bindings ?? []), 'storage');
  const record = replaceBindings(sim, bucketResource(bucket), canonicalBindings(bindings));
  return show(bucket, record.bindings, record.generation);
}

/** Writes the policy that a new bucket starts with, in place of {@link setStoragePolicy}'s checks. */
export function initStoragePolicy(sim: Sim, bucket: string, bindings: Binding[]): void {
  replaceBindings(sim, bucketResource(bucket), bindings);
}

/** The name under which a bucket's policy is kept; give it to `deletePolicy` when the bucket goes. */
export function bucketResource(bucket: string): string {
  return `//storage.googleapis.com/projects/_/buckets/${bucket}`;
}

function show(bucket: string, bindings: Binding[], generation: number): JsonObject {
  return {
    kind: 'storage#policy',
    resourceId: `projects/_/buckets/${bucket}`,
    version: bindings.some((binding) => binding.condition) ? 3 : 1,
    etag: generationEtag(generation),
    ...(bindings.length > 0 ? { bindings: bindings as unknown as JsonObject[] } : {}),
  };
}

/** Cloud Storage's etags are a protocol buffer with one number, its generation: `CAE=` is field 1 with value 1. */
function generationEtag(generation: number): string {
  const bytes = [8];
  for (let rest = generation; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) return Buffer.from(bytes).toString('base64');
  }
}

/** The number in such an etag; undefined for an etag of another form, which Cloud Storage never gave out. */
function etagGeneration(etag: string): number | undefined {
  const [tag, ...digits] = Buffer.from(etag, 'base64');
  if (tag !== 8 || digits.length === 0) return undefined;
  return digits.reduce((sum, digit, place) => sum + (digit % 128) * 128 ** place, 0);
}
