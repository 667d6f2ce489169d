import type { Google } from '../../gcp/google.ts';
import {
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  type ServiceAccount,
} from '../../gcp/service-accounts.ts';
import { USUAL_SECONDS } from '../../local/simulator/durations.ts';
import type { Deployment } from '../deployment.ts';
import { assertOursByDescription, ownDescription } from '../ownership.ts';
import type { Resource } from '../resource.ts';

export interface AccountRole {
  id: 'server-account' | 'build-account' | 'deploy-account';
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

/** The identity that a CI service deploys as. */
export function deployAccount(deployment: Deployment): AccountRole {
  return {
    id: 'deploy-account',
    email: deployment.deployAccount,
    displayName: `Deployments of MLflow server ${deployment.name}`,
  };
}

/** The accounts that a deployment has, by the choices made. */
export function ownAccounts(deployment: Deployment): AccountRole[] {
  const deployers = deployment.ci.github === undefined ? [] : [deployAccount(deployment)];
  return [serverAccount(deployment), buildAccount(deployment), ...deployers];
}

/** A service account. It can have no labels, so its description says whose it is. */
export function serviceAccountResource(deployment: Deployment, account: AccountRole): Resource {
  const { project } = deployment;
  const args = { project, email: account.email };
  const [accountId = ''] = account.email.split('@');
  const title = `Service account ${accountId}`;
  const find = async (google: Google): Promise<ServiceAccount | undefined> => {
    const found = await getServiceAccount(google, args);
    if (found !== undefined) assertOursByDescription(title, found.description, deployment);
    return found;
  };
  return {
    id: account.id,
    title,
    dependsOn: ['services'],
    usualSeconds: USUAL_SECONDS['serviceAccounts.visible'],
    async observe({ google }) {
      return { action: (await find(google)) === undefined ? 'create' : 'unchanged', differences: [] };
    },
    async ensure({ google }) {
      const { displayName } = account;
      const description = ownDescription(deployment);
      const { value, created } = await createServiceAccount(google, { project, accountId, displayName, description });
      assertOursByDescription(title, value.description, deployment);
      return created ? 'created' : 'unchanged';
    },
    async remove({ google }) {
      if ((await find(google)) === undefined) return 'absent';
      await deleteServiceAccount(google, args);
      return 'deleted';
    },
  };
}
