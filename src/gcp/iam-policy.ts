import { isAborted, isConflict, isPreconditionFailed, isUnknownMember } from './errors.ts';
import type { Google } from './google.ts';
import { isTransient, retry } from './retry.ts';

/** An IAM policy as Google's APIs carry it. `auditConfigs` and what else a policy holds is kept as it is. */
export interface Policy {
  version?: number;
  etag?: string;
  bindings?: Binding[];
  [other: string]: unknown;
}
export interface Binding {
  role: string;
  members: string[];
  condition?: Condition;
}
export interface Condition {
  title: string;
  expression: string;
  description?: string;
}
/** Who gets which role; with a condition, only where it holds. */
export interface Grant {
  role: string;
  members: string[];
  condition?: Condition;
}
/** One resource that has a policy. `key` names it among all resources: changes of one key are done one after another. */
export interface PolicyResource {
  key: string;
  read(): Promise<Policy>;
  write(policy: Policy): Promise<Policy>;
}

/**
 * A copy of the policy in which each member has the role under that very condition, and whether anything had to change. A grant
 * without a condition is never added to a conditional binding, nor the other way round. Versions below 3 drop conditions, so the
 * copy asks for 3. https://docs.cloud.google.com/iam/docs/policies#versions
 */
export function addMembers(policy: Policy, grant: Grant): { policy: Policy; changed: boolean } {
  const bindings = (policy.bindings ?? []).map(copyOf);
  let binding = bindings.find((candidate) => isFor(candidate, grant));
  const missing = grant.members.filter((member) => !binding?.members.includes(member));
  if (missing.length === 0) return { policy, changed: false };
  if (binding === undefined) {
    binding = { role: grant.role, members: [], ...(grant.condition && { condition: grant.condition }) };
    bindings.push(binding);
  }
  binding.members.push(...new Set(missing));
  return { policy: { ...policy, version: 3, bindings }, changed: true };
}

/** A copy of the policy without these members in the role under that very condition; a binding that gets empty goes. */
export function removeMembers(policy: Policy, grant: Grant): { policy: Policy; changed: boolean } {
  let changed = false;
  const bindings = (policy.bindings ?? []).map(copyOf).filter((binding) => {
    if (!isFor(binding, grant)) return true;
    const kept = binding.members.filter((member) => !grant.members.includes(member));
    changed ||= kept.length < binding.members.length;
    binding.members = kept;
    return kept.length > 0;
  });
  return changed ? { policy: { ...policy, version: 3, bindings }, changed } : { policy, changed };
}

/** Whether each member of the grant has the role under that very condition. */
export function hasGrant(policy: Policy, grant: Grant): boolean {
  return !addMembers(policy, grant).changed;
}

/**
 * Reads the policy, applies `change` and writes it back with the etag that was read; starts again from reading when somebody else
 * was faster (409 ABORTED, 412) or the answer was lost. Changes of one resource by this program wait for each other. Writes
 * nothing where `change` says that nothing changed. Repeats for two minutes unless `timeoutMs` says otherwise.
 * https://docs.cloud.google.com/iam/docs/granting-changing-revoking-access#multiple-roles-programmatic
 */
export function changePolicy(
  google: Google,
  resource: PolicyResource,
  change: (policy: Policy) => { policy: Policy; changed: boolean },
  options: { alsoRetry?: (error: unknown) => boolean; timeoutMs?: number } = {},
): Promise<{ policy: Policy; changed: boolean }> {
  const attempt = async () => {
    const { policy, changed } = change(await resource.read());
    return changed ? { policy: await resource.write(policy), changed } : { policy, changed };
  };
  const again = (error: unknown) =>
    isAborted(error) ||
    isConflict(error) ||
    isPreconditionFailed(error) ||
    isTransient(error) ||
    options.alsoRetry?.(error) === true;
  return google.serialise(`policy:${resource.key}`, () =>
    retry(google, attempt, { when: again, timeoutMs: options.timeoutMs ?? 120_000 }),
  );
}

/**
 * Sees to it that the grants hold on the resource, in one write; returns whether anything had to change. An account that was made a
 * moment ago is refused as a member until all of Google knows of it, so that is tried for four minutes.
 */
export async function ensureGrants(google: Google, resource: PolicyResource, grants: Grant[]): Promise<boolean> {
  // A person's address that Google does not know is a misspelt one: no waiting helps.
  const members = grants.flatMap((grant) => grant.members).filter((member) => !/^(?:user|group|domain):/.test(member));
  const alsoRetry = (error: unknown) => isUnknownMember(error, members);
  const { changed } = await changePolicy(google, resource, (policy) => applyAll(policy, grants, addMembers), {
    alsoRetry,
    timeoutMs: 240_000,
  });
  return changed;
}

/** Sees to it that none of the grants is held on the resource, in one write; returns whether anything had to change. */
export async function revokeGrants(google: Google, resource: PolicyResource, grants: Grant[]): Promise<boolean> {
  const { changed } = await changePolicy(google, resource, (policy) => applyAll(policy, grants, removeMembers));
  return changed;
}

function applyAll(policy: Policy, grants: Grant[], apply: typeof addMembers): { policy: Policy; changed: boolean } {
  let result = { policy, changed: false };
  for (const grant of grants) {
    const next = apply(result.policy, grant);
    result = { policy: next.policy, changed: result.changed || next.changed };
  }
  return result;
}

function isFor(binding: Binding, grant: Grant): boolean {
  return (
    binding.role === grant.role &&
    binding.condition?.expression === grant.condition?.expression &&
    binding.condition?.title === grant.condition?.title
  );
}

function copyOf(binding: Binding): Binding {
  return { ...binding, members: [...(binding.members ?? [])] };
}
