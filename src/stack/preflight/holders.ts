import { repositoryName } from '../../gcp/artifact-registry.ts';
import type { PolicyHolder } from '../../gcp/held-permissions.ts';
import { type Deployment, SECRET_KEYS } from '../deployment.ts';
import { secretResourceId } from '../resources/secret.ts';

/** What has a policy of its own behind the resource of this id; undefined for those whose permissions are the project's to give. */
export function holderOf(id: string, deployment: Deployment): PolicyHolder | undefined {
  const { project, region } = deployment;
  const key = SECRET_KEYS.find((one) => secretResourceId(one) === id);
  if (key !== undefined) return { kind: 'secret', project, secretId: deployment.secrets[key] };
  switch (id) {
    case 'artifact-bucket':
      return { kind: 'bucket', bucket: deployment.artifactBucket };
    case 'build-bucket':
      return { kind: 'bucket', bucket: deployment.buildBucket };
    case 'repository':
      return { kind: 'repository', name: repositoryName({ project, location: region, repository: deployment.repository }) };
    case 'server-account':
      return { kind: 'account', project, email: deployment.serverAccount };
    case 'build-account':
      return { kind: 'account', project, email: deployment.buildAccount };
    case 'run-service':
      return { kind: 'service', name: `projects/${project}/locations/${region}/services/${deployment.service.name}` };
    default:
      return undefined;
  }
}
