import { changePolicy, ensureGrants, type Grant, hasGrant, type Policy, removeMembers } from '../../gcp/iam-policy.ts';
import { getServiceAccount, serviceAccountPolicy } from '../../gcp/service-accounts.ts';
import type { AccountAccess } from '../account-access.ts';
import type { Deployment } from '../deployment.ts';
import type { Resource } from '../resource.ts';

const USUAL_ROLES_SECONDS = 2;

/** The id of the resource: `server-account-roles`. */
export function accountRolesId({ account }: Pick<AccountAccess, 'account'>): string {
  return `${account.id}-roles`;
}

/** Who may use one of the deployment's service accounts: roles on the account alone, not on the project. */
export function accountRolesResource(deployment: Deployment, access: AccountAccess): Resource {
  const { account, grants } = access;
  const args = { project: deployment.project, email: account.email };
  const [accountId = ''] = account.email.split('@');
  return {
    id: accountRolesId(access),
    title: `Roles on service account ${accountId}`,
    dependsOn: [account.id, ...access.after],
    usualSeconds: USUAL_ROLES_SECONDS,
    async observe({ google }) {
      // Asked first, because of an account that is not there Google may say that its policy may not be read.
      const there = (await getServiceAccount(google, args)) !== undefined;
      const policy = there ? await serviceAccountPolicy(google, args).read() : {};
      const missing = grants.filter((grant) => !hasGrant(policy, grant));
      const stale = staleGrants(policy, access);
      const differences = [
        ...missing.map(({ role, members }) => `grant ${role} to ${members.join(', ')}`),
        ...stale.map(({ role, members }) => `take ${role} from ${members.join(', ')}`),
      ];
      const action = missing.length === grants.length && stale.length === 0 ? 'create' : 'update';
      return { action: differences.length === 0 ? 'unchanged' : action, differences };
    },
    async ensure({ google }) {
      const resource = serviceAccountPolicy(google, args);
      const granted = await ensureGrants(google, resource, grants);
      const { changed } = await changePolicy(google, resource, (policy) => withoutStale(policy, access));
      return granted ? 'created' : changed ? 'updated' : 'unchanged';
    },
    async remove({ google }) {
      if ((await getServiceAccount(google, args)) === undefined) return 'absent';
      const { changed } = await changePolicy(google, serviceAccountPolicy(google, args), (policy) =>
        without(policy, [...grants, ...staleGrants(policy, access)]),
      );
      return changed ? 'deleted' : 'absent';
    },
  };
}

/** What the policy holds of members that are ours and not wanted. */
function staleGrants(policy: Policy, { grants, ownMembers }: AccountAccess): Grant[] {
  if (ownMembers === undefined) return [];
  return grants.flatMap(({ role, members }) => {
    const held = (policy.bindings ?? []).filter((binding) => binding.role === role).flatMap((binding) => binding.members);
    const stale = held.filter((member) => member.startsWith(ownMembers) && !members.includes(member));
    return stale.length > 0 ? [{ role, members: stale }] : [];
  });
}

function withoutStale(policy: Policy, access: AccountAccess): { policy: Policy; changed: boolean } {
  return without(policy, staleGrants(policy, access));
}

function without(policy: Policy, grants: Grant[]): { policy: Policy; changed: boolean } {
  let result = { policy, changed: false };
  for (const grant of grants) {
    const next = removeMembers(result.policy, grant);
    result = { policy: next.policy, changed: result.changed || next.changed };
  }
  return result;
}
