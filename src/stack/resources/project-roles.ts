import { ensureGrants, type Grant, revokeGrants } from '../../gcp/iam-policy.ts';
import { projectPolicy } from '../../gcp/projects.ts';
import { USUAL_SECONDS } from '../../local/simulator/durations.ts';
import { accountGrant, missingGrants } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import type { Resource } from '../resource.ts';

/**
 * The two roles that can be given on the project alone: Cloud SQL instances and logs have no policy of their own. Everything else is
 * granted on the single bucket, repository or secret. https://docs.cloud.google.com/sql/docs/postgres/roles-and-permissions
 */
export function projectGrants(deployment: Deployment): Grant[] {
  return [
    accountGrant('roles/cloudsql.client', deployment.serverAccount),
    accountGrant('roles/logging.logWriter', deployment.buildAccount),
  ];
}

/** The roles of the deployment's accounts on the whole project. */
export function projectRolesResource(deployment: Deployment): Resource {
  const { project } = deployment;
  const grants = projectGrants(deployment);
  return {
    id: 'project-roles',
    title: 'Roles on the project',
    dependsOn: ['server-account', 'build-account'],
    usualSeconds: USUAL_SECONDS['iam.propagation'],
    async observe({ google }) {
      const differences = await missingGrants(projectPolicy(google, { project }), grants);
      return { action: differences.length === 0 ? 'unchanged' : 'create', differences };
    },
    async ensure({ google }) {
      return (await ensureGrants(google, projectPolicy(google, { project }), grants)) ? 'created' : 'unchanged';
    },
    async remove({ google }) {
      return (await revokeGrants(google, projectPolicy(google, { project }), grants)) ? 'deleted' : 'absent';
    },
  };
}
