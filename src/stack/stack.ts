import { accessResources, forgottenAccess } from './access-stack.ts';
import { type Deployment, SECRET_KEYS } from './deployment.ts';
import type { Removable, Resource } from './resource.ts';
import { bucketResource, wantedArtifactBucket, wantedBuildBucket } from './resources/bucket.ts';
import { clientCertificateResource } from './resources/client-certificate.ts';
import { databaseResource, databaseUserResource } from './resources/database.ts';
import { projectRolesResource } from './resources/project-roles.ts';
import { repositoryResource } from './resources/repository.ts';
import { runServiceRemovable } from './resources/run-service.ts';
import { secretResource } from './resources/secret.ts';
import { buildAccount, serverAccount, serviceAccountResource } from './resources/service-account.ts';
import { servicesResource } from './resources/services.ts';
import { sqlInstanceResource } from './resources/sql-instance.ts';

/** What `init` makes: everything that the server needs before it can be deployed. */
export function baseStack(deployment: Deployment): Resource[] {
  return [
    servicesResource(),
    serviceAccountResource(deployment, serverAccount(deployment)),
    serviceAccountResource(deployment, buildAccount(deployment)),
    projectRolesResource(deployment),
    repositoryResource(deployment),
    bucketResource(deployment, wantedArtifactBucket(deployment)),
    bucketResource(deployment, wantedBuildBucket(deployment)),
    sqlInstanceResource(deployment),
    databaseResource(deployment),
    ...SECRET_KEYS.map((key) => secretResource(deployment, key)),
    databaseUserResource(deployment),
    ...(deployment.database.clientCert ? [clientCertificateResource(deployment)] : []),
    ...accessResources(deployment),
  ];
}

/** All that `init` and `deploy` make, for taking it down. */
export function wholeStack(deployment: Deployment): Removable[] {
  const base = baseStack(deployment);
  // The choice stands in mlflow-gcp.yaml, and the folder may be lost.
  const certificate = clientCertificateResource(deployment);
  const more = base.some(({ id }) => id === certificate.id) ? [] : [certificate];
  return [...base, ...more, ...forgottenAccess(deployment), runServiceRemovable(deployment)];
}
