import {
  createDockerRepository,
  deleteRepository,
  getRepository,
  patchRepository,
  repositoryPolicy,
} from '../../gcp/artifact-registry.ts';
import { ensureGrants } from '../../gcp/iam-policy.ts';
import { deploymentLabels } from '../../gcp/labels.ts';
import { USUAL_SECONDS } from '../../local/simulator/durations.ts';
import { accountGrant, missingGrants } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import { assertOurs, labelDifferences } from '../ownership.ts';
import type { Resource } from '../resource.ts';

/** The Docker repository of the server's images. The build account alone may push to it. */
export function repositoryResource(deployment: Deployment): Resource {
  const { project, region, repository, name } = deployment;
  const args = { project, location: region, repository };
  const title = `Artifact Registry repository ${repository}`;
  const grants = [accountGrant('roles/artifactregistry.writer', deployment.buildAccount)];
  const labels = deploymentLabels(name);
  return {
    id: 'repository',
    title,
    dependsOn: ['services', 'build-account'],
    usualSeconds: USUAL_SECONDS['artifactregistry.repositories'],
    async observe({ google }) {
      const found = await getRepository(google, args);
      if (found === undefined) return { action: 'create', differences: [] };
      assertOurs(title, found.labels, deployment);
      const differences = [
        ...labelDifferences(found.labels, deployment),
        ...(await missingGrants(repositoryPolicy(google, args), grants)),
      ];
      return { action: differences.length > 0 ? 'update' : 'unchanged', differences };
    },
    async ensure({ google }) {
      const description = `Images of MLflow server ${name}`;
      const { value, created } = await createDockerRepository(google, { ...args, description, labels });
      assertOurs(title, value.labels, deployment);
      const relabel = labelDifferences(value.labels, deployment).length > 0;
      if (relabel) await patchRepository(google, { ...args, labels: { ...value.labels, ...labels } });
      const granted = await ensureGrants(google, repositoryPolicy(google, args), grants);
      if (created) return 'created';
      return relabel || granted ? 'updated' : 'unchanged';
    },
    async remove({ google }) {
      const found = await getRepository(google, args);
      if (found === undefined) return 'absent';
      assertOurs(title, found.labels, deployment);
      await deleteRepository(google, args);
      return 'deleted';
    },
  };
}
