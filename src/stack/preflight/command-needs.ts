import type { Deployment } from '../deployment.ts';
import { SECRET_KEYS } from '../deployment.ts';
import { secretResourceId } from '../resources/secret.ts';
import { holderOf } from './holders.ts';
import type { Need } from './needs.ts';

/** What deploying calls for, once everything else is there. `builds`: the image is built as well. */
export function needsOfDeploy(deployment: Deployment, { builds }: { builds: boolean }): Need[] {
  const build: Need[] = [
    { permissions: ['cloudbuild.builds.create', 'cloudbuild.builds.get', 'cloudbuild.builds.list'] },
    on('build-bucket', deployment, 'storage.objects.create'),
    on('build-account', deployment, 'iam.serviceAccounts.actAs'),
    on('repository', deployment, 'artifactregistry.repositories.downloadArtifacts'),
  ];
  return [...(builds ? build : []), ...needsOfRevision(deployment)];
}

/** What a new revision of the service calls for. Leaving out the IAM check of those who call it is part of setting its policy. */
export function needsOfRevision(deployment: Deployment): Need[] {
  const services = ['get', 'create', 'update', 'setIamPolicy'].map((verb) => `run.services.${verb}`);
  return [on('run-service', deployment, ...services), on('server-account', deployment, 'iam.serviceAccounts.actAs')];
}

/** What `secrets rotate` calls for: a new version and the end of the old ones, a new password, and a revision where the server is deployed. */
export function needsOfRotation(deployment: Deployment, keys: string[], { deployed }: { deployed: boolean }): Need[] {
  const verbs = ['access', 'add', 'list', 'disable'].map((verb) => `secretmanager.versions.${verb}`);
  const secrets = SECRET_KEYS.filter((key) => keys.includes(key)).map((key) => on(secretResourceId(key), deployment, ...verbs));
  const database: Need[] = [
    { permissions: ['cloudsql.users.list', 'cloudsql.users.create', 'cloudsql.users.update'] },
    on(secretResourceId('database_url'), deployment, 'secretmanager.secrets.update'),
  ];
  return [...secrets, ...(keys.includes('database_url') ? database : []), ...(deployed ? needsOfRevision(deployment) : [])];
}

/** By id, what deleting a resource calls for. */
const REMOVAL: Record<string, string[]> = {
  'run-service': ['run.services.delete'],
  repository: ['artifactregistry.repositories.delete'],
  'artifact-bucket': ['storage.buckets.delete', 'storage.objects.list', 'storage.objects.delete'],
  'build-bucket': ['storage.buckets.delete', 'storage.objects.list', 'storage.objects.delete'],
  'server-account': ['iam.serviceAccounts.delete'],
  'build-account': ['iam.serviceAccounts.delete'],
  'deploy-account': ['iam.serviceAccounts.delete'],
  'server-account-roles': ['iam.serviceAccounts.setIamPolicy'],
  'build-account-roles': ['iam.serviceAccounts.setIamPolicy'],
  'deploy-account-roles': ['iam.serviceAccounts.setIamPolicy'],
  'server-key': ['iam.serviceAccountKeys.delete'],
  'identity-pool': ['iam.workloadIdentityPools.delete'],
  'identity-provider': ['iam.workloadIdentityPoolProviders.delete'],
  'project-roles': ['resourcemanager.projects.setIamPolicy'],
  'sql-instance': ['cloudsql.instances.update', 'cloudsql.instances.delete'],
  database: ['cloudsql.databases.delete'],
  'database-user': ['cloudsql.users.delete'],
  'client-certificate': ['cloudsql.sslCerts.delete', 'secretmanager.secrets.delete'],
};

/** What deleting the resources of these ids calls for. */
export function needsOfRemoval(deployment: Deployment, ids: string[]): Need[] {
  return ids.flatMap((id) => {
    const permissions = REMOVAL[id] ?? (id.startsWith('secret-') ? ['secretmanager.secrets.delete'] : []);
    return permissions.length === 0 ? [] : [on(id, deployment, ...permissions)];
  });
}

function on(id: string, deployment: Deployment, ...permissions: string[]): Need {
  const holder = holderOf(id, deployment);
  return { permissions, ...(holder && { holder }) };
}
