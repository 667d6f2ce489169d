import type { Google } from '../../gcp/google.ts';
import { deleteService, getService, type RunService } from '../../gcp/run.ts';
import type { Deployment } from '../deployment.ts';
import { assertOurs } from '../ownership.ts';
import type { Removable } from '../resource.ts';
import { unlessDisabled } from '../unless-disabled.ts';

/** The deployment's service, or undefined where it is not deployed yet. Throws NOT_OURS where another has its name. */
export async function findOwnService(google: Google, deployment: Deployment): Promise<RunService | undefined> {
  const { project, region, service } = deployment;
  const found = await unlessDisabled(getService(google, { project, region, service: service.name }));
  if (found !== undefined) assertOurs(`Cloud Run service ${service.name}`, found.labels, deployment);
  return found;
}

/** The Cloud Run service, which `deploy` makes from the project folder. */
export function runServiceRemovable(deployment: Deployment): Removable {
  const args = { project: deployment.project, region: deployment.region, service: deployment.service.name };
  const title = `Cloud Run service ${args.service}`;
  return {
    id: 'run-service',
    title,
    // It uses all of these until its last instance is gone.
    dependsOn: [
      'server-account',
      'project-roles',
      'repository',
      'artifact-bucket',
      'sql-instance',
      'database',
      'database-user',
      ...Object.keys(deployment.secrets).map((key) => `secret-${key}`),
    ],
    async remove({ google }) {
      const found = await getService(google, args);
      if (found === undefined) return 'absent';
      assertOurs(title, found.labels, deployment);
      await deleteService(google, args);
      return 'deleted';
    },
  };
}
