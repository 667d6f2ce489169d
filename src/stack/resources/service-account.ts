import { USUAL_SECONDS } from '../../durations.ts';
import { UserError } from '../../errors.ts';
import {
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  type ServiceAccount,
  serviceAccountEmail,
} from '../../gcp/service-accounts.ts';
import type { Deployment } from '../deployment.ts';
import { type Adoption, type Ownership, ownDescription, ownershipByDescription } from '../ownership.ts';
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

/** A service account. It can have no labels, so its description says whose it is. One that the user named may be one that exists already. */
export function serviceAccountResource(deployment: Deployment, account: AccountRole): Resource {
  const { project } = deployment;
  const args = { project, email: account.email };
  const [accountId = ''] = account.email.split('@');
  const title = `Service account ${accountId}`;
  const adoption = adoptionOf(deployment, account, accountId);
  const whose = (found: ServiceAccount): Ownership => {
    const ownership = ownershipByDescription(title, found.description, deployment, adoption);
    if (ownership === 'adopted' && found.disabled) throw isDisabled(found, project);
    return ownership;
  };
  return {
    id: account.id,
    title,
    dependsOn: ['services'],
    usualSeconds: USUAL_SECONDS['serviceAccounts.visible'],
    async observe({ google }) {
      const found = await getServiceAccount(google, args);
      if (found !== undefined) return { action: whose(found) === 'adopted' ? 'adopt' : 'unchanged', differences: [] };
      if (serviceAccountEmail({ project, accountId }) !== account.email) throw isMissing(account, project);
      return { action: 'create', differences: [] };
    },
    async ensure({ google }) {
      const { displayName } = account;
      const description = ownDescription(deployment);
      const { value, created } = await createServiceAccount(google, { project, accountId, displayName, description });
      whose(value);
      return created ? 'created' : 'unchanged';
    },
    async remove({ google }) {
      const found = await getServiceAccount(google, args);
      if (found === undefined) return 'absent';
      if (ownershipByDescription(title, found.description, deployment, adoption) === 'adopted') return 'kept';
      await deleteServiceAccount(google, args);
      return 'deleted';
    },
  };
}

/** The account that a CI service deploys as is always one of our own. */
function adoptionOf({ service, build }: Deployment, { id }: AccountRole, accountId: string): Adoption | undefined {
  if (id === 'deploy-account') return undefined;
  const [flag, named] =
    id === 'server-account' ? ['--service-account', service.serviceAccount] : ['--build-service-account', build.serviceAccount];
  return { flag: `${flag} ${accountId}`, named: named !== undefined };
}

function isMissing({ email }: AccountRole, project: string): UserError {
  return new UserError({
    code: 'ACCOUNT_NOT_FOUND',
    message: `There is no service account ${email} in project ${project}, and one of that email cannot be made there.`,
    hint: `Name one of the project's own, by its id: gcloud iam service-accounts list --project=${project}`,
  });
}

function isDisabled({ email }: ServiceAccount, project: string): UserError {
  return new UserError({
    code: 'ACCOUNT_DISABLED',
    message: `Service account ${email} in project ${project} is disabled: nothing can run as it.`,
    hint: `gcloud iam service-accounts enable ${email} --project=${project}`,
  });
}
