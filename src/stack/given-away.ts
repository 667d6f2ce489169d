import type { Google } from '../gcp/google.ts';
import type { Grant } from '../gcp/iam-policy.ts';
import { getServiceAccount } from '../gcp/service-accounts.ts';
import type { Deployment } from './deployment.ts';
import { ownDescription } from './ownership.ts';

/**
 * Of these grants, those whose members are accounts of the deployment's own: what goes with it. An account that was adopted may have had
 * its roles before, so it keeps them. To be asked while the accounts are still there.
 */
export async function givenAway(google: Google, deployment: Deployment, grants: Grant[]): Promise<Grant[]> {
  const adopted = await adoptedMembers(google, deployment);
  return grants
    .map((grant) => ({ ...grant, members: grant.members.filter((member) => !adopted.includes(member)) }))
    .filter(({ members }) => members.length > 0);
}

/** Only accounts that the user named can be somebody else's. */
async function adoptedMembers(
  google: Google,
  { project, service, build, serverAccount, buildAccount, ...rest }: Deployment,
): Promise<string[]> {
  const named = [
    ...(service.serviceAccount === undefined ? [] : [serverAccount]),
    ...(build.serviceAccount === undefined ? [] : [buildAccount]),
  ];
  const found = await Promise.all(named.map((email) => getServiceAccount(google, { project, email })));
  const own = ownDescription({ project, service, build, serverAccount, buildAccount, ...rest });
  return found.flatMap((account) =>
    account === undefined || account.description === own ? [] : [`serviceAccount:${account.email}`],
  );
}
