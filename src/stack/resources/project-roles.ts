import { USUAL_SECONDS } from '../../durations.ts';
import { ensureGrants, type Grant, revokeGrants } from '../../gcp/iam-policy.ts';
import { projectPolicy } from '../../gcp/projects.ts';
import { accountGrant, deployerGrants, deployerIds, missingGrants } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import { givenAway } from '../given-away.ts';
import type { Resource } from '../resource.ts';

/**
 * The roles that can be given on the project alone: Cloud SQL instances, logs, builds and services that are not there yet have no policy
 * of their own. Everything else is granted on the single bucket, repository, secret or account.
 * https://docs.cloud.google.com/sql/docs/postgres/roles-and-permissions
 */
export function projectGrants(deployment: Deployment): Grant[] {
  return [
    accountGrant('roles/cloudsql.client', deployment.serverAccount),
    accountGrant('roles/logging.logWriter', deployment.buildAccount),
    ...DEPLOYER_ROLES.flatMap((role) => deployerGrants(deployment, role)),
  ];
}

/**
 * What `deploy` needs on the project: run.developer may not switch Google's sign-in check of a service off, and the instance is found
 * by its labels. https://docs.cloud.google.com/run/docs/authenticating/public
 */
const DEPLOYER_ROLES = ['roles/run.admin', 'roles/cloudbuild.builds.editor', 'roles/cloudsql.viewer'];

/** The roles of the deployment's accounts on the whole project. */
export function projectRolesResource(deployment: Deployment): Resource {
  const { project } = deployment;
  const grants = projectGrants(deployment);
  // Also those of a CI service that is not named any more: members that are deleted stay in the project's policy.
  const all = [...grants, ...DEPLOYER_ROLES.map((role) => accountGrant(role, deployment.deployAccount))];
  return {
    id: 'project-roles',
    title: 'Roles on the project',
    dependsOn: ['server-account', 'build-account', ...deployerIds(deployment)],
    usualSeconds: USUAL_SECONDS['iam.propagation'],
    async observe({ google }) {
      const differences = await missingGrants(projectPolicy(google, { project }), grants);
      return { action: differences.length === 0 ? 'unchanged' : 'create', differences };
    },
    async ensure({ google }) {
      return (await ensureGrants(google, projectPolicy(google, { project }), grants)) ? 'created' : 'unchanged';
    },
    async remove({ google }) {
      const own = await givenAway(google, deployment, all);
      return (await revokeGrants(google, projectPolicy(google, { project }), own)) ? 'deleted' : 'absent';
    },
  };
}
