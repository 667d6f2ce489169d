import type { Google } from '../gcp/google.ts';
import { addGrants, changePolicy, type Grant, hasGrant, type PolicyResource } from '../gcp/iam-policy.ts';
import { isUnknownIdentity } from '../gcp/retry.ts';

/** A role for a service account, given by its email. */
export function accountGrant(role: string, email: string): Grant {
  return { role, members: [`serviceAccount:${email}`] };
}

/** The grants that the policy does not hold yet, one line each. */
export async function missingGrants(resource: PolicyResource, grants: Grant[]): Promise<string[]> {
  const policy = await resource.read();
  return grants.filter((grant) => !hasGrant(policy, grant)).map((grant) => `grant ${grant.role} to ${grant.members.join(', ')}`);
}

/**
 * Adds the grants where they are missing; says whether anything had to change. A service account made a moment ago is refused as a
 * member for up to some minutes, because policies learn of it late: that is asked again.
 * https://docs.cloud.google.com/iam/docs/access-change-propagation
 */
export async function ensureGrants(google: Google, resource: PolicyResource, grants: Grant[]): Promise<boolean> {
  const { changed } = await changePolicy(google, resource, addGrants(grants), {
    alsoRetry: isUnknownIdentity,
    timeoutMs: 300_000,
  });
  return changed;
}
