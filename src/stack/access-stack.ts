import { isPermissionDenied } from '../gcp/errors.ts';
import { accountAccess } from './account-access.ts';
import type { Deployment } from './deployment.ts';
import type { Removable, Resource } from './resource.ts';
import { accountRolesResource } from './resources/account-roles.ts';
import { forgottenKeyResource, serverKeyResource, withdrawnKeyResource } from './resources/server-key.ts';
import { deployAccount, serviceAccountResource } from './resources/service-account.ts';
import { identityPoolResource, identityProviderResource } from './resources/workload-identity.ts';

/** What gives others the rights of the deployment's service accounts, as far as it was asked for: people, a key, a CI service. */
export function accessResources(deployment: Deployment): Resource[] {
  return [
    ...(deployment.ci.github === undefined ? [] : federation(deployment)),
    ...accountAccess(deployment).map((access) => accountRolesResource(deployment, access)),
    ...(deployment.credentials.kind === 'key' ? [serverKeyResource(deployment)] : []),
    ...(deployment.withdrawsKey ? [withdrawnKeyResource(deployment)] : []),
  ];
}

/** What of it was not asked for and may be there all the same: the choice stands in mlflow-gcp.yaml, and the folder may be lost. */
export function forgottenAccess(deployment: Deployment): Removable[] {
  return [
    ...(deployment.ci.github === undefined ? federation(deployment).map(unlessHidden) : []),
    ...(deployment.credentials.kind === 'key' ? [] : [forgottenKeyResource(deployment)]),
  ];
}

/** What nobody asked for, and what may not be looked at, counts as not there: nobody should need a permission for it. */
function unlessHidden(resource: Resource): Resource {
  return {
    ...resource,
    async observe(context) {
      try {
        return await resource.observe(context);
      } catch (error) {
        if (isPermissionDenied(error)) return { action: 'create', differences: [] };
        throw error;
      }
    },
  };
}

function federation(deployment: Deployment): Resource[] {
  return [
    serviceAccountResource(deployment, deployAccount(deployment)),
    identityPoolResource(deployment),
    identityProviderResource(deployment),
  ];
}
