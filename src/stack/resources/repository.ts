import {
  createDockerRepository,
  deleteRepository,
  getRepository,
  patchRepository,
  repositoryPolicy,
} from '../../gcp/artifact-registry.ts';
import { ensureGrants, type Grant } from '../../gcp/iam-policy.ts';
import { deploymentLabels, type Labels } from '../../gcp/labels.ts';
import { USUAL_SECONDS } from '../../local/simulator/durations.ts';
import { accountGrant, deployerGrants, deployerIds, missingGrants } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import { assertOurs, labelDifferences } from '../ownership.ts';
import type { Resource } from '../resource.ts';

/** How the repository is made. The build account alone may push to it; a CI service looks whether an image is there already. */
export function wantedRepository(deployment: Deployment): { description: string; labels: Labels; grants: Grant[] } {
  const { name, buildAccount } = deployment;
  return {
    description: `Images of MLflow server ${name}`,
    labels: deploymentLabels(name),
    grants: [
      accountGrant('roles/artifactregistry.writer', buildAccount),
      ...deployerGrants(deployment, 'roles/artifactregistry.reader'),
    ],
  };
}

/** The Docker repository of the server's images. */
export function repositoryResource(deployment: Deployment): Resource {
  const { project, region, repository } = deployment;
  const args = { project, location: region, repository };
  const title = `Artifact Registry repository ${repository}`;
  const { description, labels, grants } = wantedRepository(deployment);
  return {
    id: 'repository',
    title,
    dependsOn: ['services', 'build-account', ...deployerIds(deployment)],
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
