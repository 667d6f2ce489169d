import { USUAL_SECONDS } from '../../durations.ts';
import { UserError } from '../../errors.ts';
import {
  createDockerRepository,
  deleteRepository,
  getRepository,
  patchRepository,
  type Repository,
  repositoryPolicy,
} from '../../gcp/artifact-registry.ts';
import { ensureGrants, type Grant, revokeGrants } from '../../gcp/iam-policy.ts';
import { deploymentLabels, type Labels } from '../../gcp/labels.ts';
import { accountGrant, deployerGrants, deployerIds, missingGrants } from '../access.ts';
import type { Deployment } from '../deployment.ts';
import { givenAway } from '../given-away.ts';
import { labelDifferences, type Ownership, ownershipOf } from '../ownership.ts';
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

/** The Docker repository of the server's images. One that the user named may be one that exists already. */
export function repositoryResource(deployment: Deployment): Resource {
  const { project, region, repository } = deployment;
  const args = { project, location: region, repository };
  const title = `Artifact Registry repository ${repository}`;
  const { description, labels, grants } = wantedRepository(deployment);
  const adoption = { flag: `--repository ${repository}`, named: deployment.build.repository !== undefined };
  const check = (found: Repository): Ownership => {
    const ownership = ownershipOf(title, found.labels, deployment, adoption);
    if (found.format !== 'DOCKER') throw holdsNoImages(found, deployment);
    return ownership;
  };
  return {
    id: 'repository',
    title,
    dependsOn: ['services', 'build-account', ...deployerIds(deployment)],
    usualSeconds: USUAL_SECONDS['artifactregistry.repositories'],
    async observe({ google }) {
      const found = await getRepository(google, args);
      if (found === undefined) return { action: 'create', differences: [] };
      const ownership = check(found);
      const missing = await missingGrants(repositoryPolicy(google, args), grants);
      if (ownership === 'adopted') return { action: 'adopt', differences: missing };
      const differences = [...labelDifferences(found.labels, deployment), ...missing];
      return { action: differences.length > 0 ? 'update' : 'unchanged', differences };
    },
    async ensure({ google }) {
      const { value, created } = await createDockerRepository(google, { ...args, description, labels });
      const relabel = check(value) === 'ours' && labelDifferences(value.labels, deployment).length > 0;
      if (relabel) await patchRepository(google, { ...args, labels: { ...value.labels, ...labels } });
      const granted = await ensureGrants(google, repositoryPolicy(google, args), grants);
      if (created) return 'created';
      return relabel || granted ? 'updated' : 'unchanged';
    },
    async remove({ google }) {
      const found = await getRepository(google, args);
      if (found === undefined) return 'absent';
      if (ownershipOf(title, found.labels, deployment, adoption) === 'adopted') {
        await revokeGrants(google, repositoryPolicy(google, args), await givenAway(google, deployment, grants));
        return 'kept';
      }
      await deleteRepository(google, args);
      return 'deleted';
    },
  };
}

function holdsNoImages({ format }: Repository, { project, region, repository }: Deployment): UserError {
  return new UserError({
    code: 'REPOSITORY_FORMAT',
    message: `Artifact Registry repository ${repository} in project ${project}, region ${region}, is of format ${format}: it holds no images.`,
    hint: 'Name a repository of format DOCKER with --repository, or leave the flag out to have one made.',
  });
}
