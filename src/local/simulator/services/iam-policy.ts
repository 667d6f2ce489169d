import type { Json, JsonObject, Sim } from '../service.ts';
import { namesVersion } from './etags.ts';
import { type Binding, canonicalBindings, checkBindings } from './iam-bindings.ts';
import { checkNewMembers } from './orgpolicy-checks.ts';
import { aborted, badRequest } from './refusals.ts';

/** An allow policy as the APIs with google.iam.v1 methods show it. https://docs.cloud.google.com/iam/docs/reference/rest/v1/Policy */
export interface Policy {
  version?: number;
  bindings?: Binding[];
  auditConfigs?: Json[];
  etag?: string;
}

export interface PolicyRecord {
  bindings: Binding[];
  auditConfigs?: Json[];
  /** Microseconds since 1970 of the last change: what the etag is made of. */
  changed: number;
  /** How often it was set. */
  generation: number;
}

const KIND = 'iam.policies';
/** The etag that Google gives for a policy that was never set. */
const NEVER_SET = 'ACAB';
/** What `updateMask` is when left out. */
const DEFAULT_MASK = 'bindings,etag';

/** The stored policy of a resource, by its full name (`//run.googleapis.com/projects/P/locations/R/services/S`). */
export function policyRecord(sim: Sim, resource: string): PolicyRecord | undefined {
  return sim.store.get<PolicyRecord>(KIND, resource);
}

/** Forgets the policy of a resource that is deleted. */
export function deletePolicy(sim: Sim, resource: string): void {
  sim.store.delete(KIND, resource);
}

/**
 * Answers `getIamPolicy`.
 * @param resource the full resource name, the same that {@link setPolicy} is given
 * @param requestedVersion as sent in `options`: 0, 1 or 3. With less than 3, conditional bindings come back without their
 * condition and with `_withcond_…` behind the role's name.
 * @throws GoogleError 400 for another version
 */
export function getPolicy(sim: Sim, resource: string, requestedVersion?: unknown): Policy {
  const requested = requestedVersion === undefined || requestedVersion === null ? 0 : Number(requestedVersion);
  if (![0, 1, 3].includes(requested)) throw badRequest(`Invalid policy version ${requested}. Valid values are 0, 1, and 3.`);
  const record = policyRecord(sim, resource);
  if (!record) return { etag: NEVER_SET };
  return show(record, requested === 3);
}

/**
 * Answers `setIamPolicy`: checks roles, members, version and etag, writes the policy in canonical form and returns it.
 * @param body the request's body: `{policy, updateMask}`
 * @throws GoogleError 400 for an unknown role, member or service account, or conditions without version 3; 409 ABORTED when the
 * etag is not the current one
 */
export function setPolicy(sim: Sim, resource: string, body: JsonObject): Policy {
  if (body['policy'] === undefined || body['policy'] === null) throw badRequest('Policy must be set.');
  const policy = body['policy'] as Policy;
  const before = policyRecord(sim, resource);
  const bindings = policy.bindings ?? [];
  checkBindings(sim, bindings);
  checkVersion(policy, before);
  checkEtag(policy.etag, before);
  const project = /^\/\/[^/]+\/projects\/([^/]+)/.exec(resource)?.[1];
  if (project) checkNewMembers(sim, sim.findProject(project).projectId, membersOf(bindings), membersOf(before?.bindings ?? []));
  const record = changePolicy(sim, bindings, before);
  const mask = typeof body['updateMask'] === 'string' ? body['updateMask'] : DEFAULT_MASK;
  if (
    mask.split(',').some((path) => path.trim() === 'auditConfigs' || path.trim() === 'audit_configs') ||
    policy.auditConfigs?.length
  ) {
    if (policy.auditConfigs?.length) record.auditConfigs = policy.auditConfigs;
    else delete record.auditConfigs;
  }
  sim.store.put(KIND, resource, record);
  return show(record, true);
}

export function membersOf(bindings: Binding[]): string[] {
  return bindings.flatMap(({ members }) => members ?? []);
}

/** Sets the bindings without any check, for what Google itself grants. */
export function replaceBindings(sim: Sim, resource: string, bindings: Binding[]): PolicyRecord {
  const record = changePolicy(sim, bindings, policyRecord(sim, resource));
  sim.store.put(KIND, resource, record);
  return record;
}

/** Answers `testIamPermissions`: the caller of a simulator may do everything that is asked for in a valid form. */
export function testPermissions(body: JsonObject): JsonObject {
  const permissions = Array.isArray(body['permissions']) ? (body['permissions'] as string[]) : [];
  if (permissions.length === 0) return {};
  if (permissions.length > 100) throw badRequest('The number of permissions exceeds the maximum of 100.');
  for (const permission of permissions) {
    if (permission.includes('*')) throw badRequest(`Permission ${permission} is not valid: wildcards are not allowed.`);
    if (!/^[a-z][a-zA-Z0-9]*\.[a-zA-Z0-9]+\.[a-zA-Z0-9.]+$/.test(permission)) {
      throw badRequest(`Permission ${permission} is not valid for this resource.`);
    }
  }
  return { permissions: [...new Set(permissions)] };
}

/** The etag of a policy: Google's are eight bytes, a seven and then the time of the last change in microseconds. */
export function policyEtag(record: PolicyRecord | undefined): string {
  if (!record) return NEVER_SET;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(record.changed));
  bytes[0] = 7;
  return bytes.toString('base64');
}

function changePolicy(sim: Sim, bindings: Binding[], before: PolicyRecord | undefined): PolicyRecord {
  const now = sim.now().getTime() * 1000 + (Number(`0x${sim.id(3)}`) % 1000);
  return {
    ...before,
    bindings: canonicalBindings(bindings),
    changed: Math.max(now, (before?.changed ?? 0) + 1),
    generation: (before?.generation ?? 0) + 1,
  };
}

function show(record: PolicyRecord, withConditions: boolean): Policy {
  const conditional = record.bindings.some((binding) => binding.condition);
  return {
    version: conditional && withConditions ? 3 : 1,
    etag: policyEtag(record),
    ...(record.bindings.length > 0 ? { bindings: withConditions ? record.bindings : record.bindings.map(withoutCondition) } : {}),
    ...(record.auditConfigs ? { auditConfigs: record.auditConfigs } : {}),
  };
}

function withoutCondition(binding: Binding): Binding {
  if (!binding.condition) return binding;
  const hash = Buffer.from(JSON.stringify(binding.condition)).toString('hex').slice(0, 20).padEnd(20, '0');
  return { role: `${binding.role}_withcond_${hash}`, members: binding.members };
}

function checkVersion(policy: Policy, before: PolicyRecord | undefined): void {
  const version = policy.version ?? 0;
  if (![0, 1, 3].includes(version)) throw badRequest(`Invalid policy version ${version}. Valid values are 0, 1, and 3.`);
  if (version === 3) return;
  if (policy.bindings?.some((binding) => binding.condition)) {
    throw badRequest('Conditions can only be set on a policy of version 3: set the version of the policy to 3.');
  }
  if (policy.etag !== undefined && before?.bindings.some((binding) => binding.condition)) {
    throw badRequest('The existing policy has conditions and can only be replaced by a policy of version 3.');
  }
}

function checkEtag(sent: string | undefined, before: PolicyRecord | undefined): void {
  if (!sent || sent === policyEtag(before) || !namesVersion(sent)) return;
  throw aborted(
    `There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. The request's ETag '${sent}' did not match the current policy's ETag '${policyEtag(before)}'.`,
  );
}

/** Writes a member by another name in every policy: a service account that is deleted, or there again. Etags stay, for nobody set a policy. */
export function renameMember(sim: Sim, from: string, to: string): void {
  for (const { key, value } of sim.store.list<PolicyRecord>(KIND)) {
    if (!value.bindings.some((binding) => binding.members.includes(from))) continue;
    const bindings = value.bindings.map((binding) => ({
      ...binding,
      members: binding.members.map((member) => (member === from ? to : member)),
    }));
    sim.store.put(KIND, key, { ...value, bindings });
  }
}
