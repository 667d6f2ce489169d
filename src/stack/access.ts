import { type Grant, hasGrant, type PolicyResource } from '../gcp/iam-policy.ts';
import type { Deployment, SecretKey } from './deployment.ts';

/** A role for a service account, given by its email. */
export function accountGrant(role: string, email: string): Grant {
  return { role, members: [`serviceAccount:${email}`] };
}

/**
 * Who may read this secret of the deployment: the server, and the account of the CI service, which reads what clients get to check what it
 * deployed, and of the others their versions alone.
 */
export function secretGrants(deployment: Deployment, key: SecretKey): Grant[] {
  return [
    accountGrant('roles/secretmanager.secretAccessor', deployment.serverAccount),
    ...(DEPLOYER_READS.includes(key) ? deployerGrants(deployment, 'roles/secretmanager.secretAccessor') : []),
    ...deployerGrants(deployment, 'roles/secretmanager.viewer'),
  ];
}

/** What a client needs: address, user name and password. */
const DEPLOYER_READS: SecretKey[] = ['tracking_url', 'tracking_username', 'tracking_password'];

/** A role for the account that a CI service deploys as; none where no CI service does. */
export function deployerGrants({ ci, deployAccount }: Pick<Deployment, 'ci' | 'deployAccount'>, role: string): Grant[] {
  return ci.github === undefined ? [] : [accountGrant(role, deployAccount)];
}

/** The id of that account's resource, for what is granted to it. */
export function deployerIds({ ci }: Pick<Deployment, 'ci'>): string[] {
  return ci.github === undefined ? [] : ['deploy-account'];
}

/** Whether a line is one of {@link missingGrants}. */
export function isMissingGrant(difference: string): boolean {
  return difference.startsWith('grant ');
}

/** The grants that the policy does not hold yet, one line each. */
export async function missingGrants(resource: PolicyResource, grants: Grant[]): Promise<string[]> {
  const policy = await resource.read();
  return grants.filter((grant) => !hasGrant(policy, grant)).map((grant) => `grant ${grant.role} to ${grant.members.join(', ')}`);
}
