import type { Grant } from '../gcp/iam-policy.ts';
import { accountGrant, deployerIds } from './access.ts';
import type { Deployment } from './deployment.ts';
import { poolMembers, workflowMember } from './github-trust.ts';
import { type AccountRole, ownAccounts } from './resources/service-account.ts';

/** Who may use one of the deployment's service accounts. */
export interface AccountAccess {
  account: AccountRole;
  grants: Grant[];
  /** Ids of what has to be there first, beside the account. */
  after: string[];
  /** Members of the same roles that are ours and not wanted any more begin so. */
  ownMembers?: string;
}

/**
 * The accounts that others may use: people and programs that stand in for the server's account, the CI service that has its account attached
 * to what it deploys and builds, and the workflows that get the account of the CI service. Accounts that nobody else may use are left out.
 * https://docs.cloud.google.com/iam/docs/service-account-permissions
 */
export function accountAccess(deployment: Deployment): AccountAccess[] {
  const all = ownAccounts(deployment).map((account) => ({ account, ...accessTo(account.id, deployment) }));
  return all.filter(({ grants }) => grants.length > 0);
}

function accessTo(id: AccountRole['id'], deployment: Deployment): Omit<AccountAccess, 'account'> {
  const after = deployerIds(deployment);
  const attaches = after.length > 0 ? [accountGrant('roles/iam.serviceAccountUser', deployment.deployAccount)] : [];
  if (id === 'build-account') return { grants: attaches, after };
  if (id === 'server-account') return { grants: [...impersonation(deployment), ...attaches], after };
  return {
    grants: [{ role: 'roles/iam.workloadIdentityUser', members: [workflowMember(deployment)] }],
    // Not before the provider takes the right tokens alone: one that is brought back has the condition of before.
    after: ['identity-provider'],
    ownMembers: poolMembers(deployment),
  };
}

function impersonation({ credentials }: Deployment): Grant[] {
  const { impersonators } = credentials;
  return impersonators.length === 0 ? [] : [{ role: 'roles/iam.serviceAccountTokenCreator', members: impersonators }];
}
