import { createServiceAccount, deleteServiceAccount, getServiceAccount } from '../../gcp/service-accounts.ts';
import { USUAL_SECONDS } from '../../local/simulator/durations.ts';
import type { Deployment } from '../deployment.ts';
import type { Resource } from '../resource.ts';

export interface AccountRole {
  id: 'server-account' | 'build-account';
  email: string;
  displayName: string;
}

/** The identity that the server runs as. */
export function serverAccount(deployment: Deployment): AccountRole {
  return { id: 'server-account', email: deployment.serverAccount, displayName: `MLflow server ${deployment.name}` };
}

/** The identity that builds the image: the project's default one may have no roles, or far too many. */
export function buildAccount(deployment: Deployment): AccountRole {
  return { id: 'build-account', email: deployment.buildAccount, displayName: `Image builds of MLflow server ${deployment.name}` };
}

/** A service account. It can have no labels, so its description says whose it is. */
export function serviceAccountResource(deployment: Deployment, account: AccountRole): Resource {
  const { project } = deployment;
  const args = { project, email: account.email };
  return {
    id: account.id,
    title: `Service account ${account.email.split('@')[0]}`,
    dependsOn: ['services'],
    usualSeconds: USUAL_SECONDS['serviceAccounts.visible'],
    async observe({ google }) {
      const found = await getServiceAccount(google, args);
      return { action: found === undefined ? 'create' : 'unchanged', differences: [] };
    },
    async ensure({ google }) {
      if ((await getServiceAccount(google, args)) !== undefined) return 'unchanged';
      const [accountId = ''] = account.email.split('@');
      const description = `Made by mlflow-gcp for deployment ${deployment.name}`;
      await createServiceAccount(google, { project, accountId, displayName: account.displayName, description });
      return 'created';
    },
    async remove({ google }) {
      if ((await getServiceAccount(google, args)) === undefined) return 'absent';
      await deleteServiceAccount(google, args);
      return 'deleted';
    },
  };
}
