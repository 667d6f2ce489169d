import { type Grant, hasGrant, type PolicyResource } from '../gcp/iam-policy.ts';
import type { Deployment } from './deployment.ts';

/** A role for a service account, given by its email. */
export function accountGrant(role: string, email: string): Grant {
  return { role, members: [`serviceAccount:${email}`] };
}

/** Who may read each of the deployment's secrets: the server, and nobody else of ours. */
export function secretGrants({ serverAccount }: Deployment): Grant[] {
  return [accountGrant('roles/secretmanager.secretAccessor', serverAccount)];
}

/** The grants that the policy does not hold yet, one line each. */
export async function missingGrants(resource: PolicyResource, grants: Grant[]): Promise<string[]> {
  const policy = await resource.read();
  return grants.filter((grant) => !hasGrant(policy, grant)).map((grant) => `grant ${grant.role} to ${grant.members.join(', ')}`);
}
