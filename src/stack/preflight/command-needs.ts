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

function on(id: string, deployment: Deployment, ...permissions: string[]): Need {
  const holder = holderOf(id, deployment);
  return { permissions, ...(holder && { holder }) };
}
