import { createHash } from 'node:crypto';
import type { DeploymentChoices } from '../project/config-schema.ts';
import { ENGINE_FACTS } from './engine-facts.ts';

/** A deployment with all its resource names, once the project's number is known. */
export interface Deployment extends DeploymentChoices {
  projectNumber: string;
  artifactBucket: string;
  buildBucket: string;
  repository: string;
  /** Image reference without tag. */
  image: string;
  sqlInstance: string;
  /** Email of the service account that the server runs as, and of the one that builds its image. */
  serverAccount: string;
  buildAccount: string;
  /** Of the service account that a CI service deploys as, and ids of the pool and the provider whose tokens it gets that account for. */
  deployAccount: string;
  identityPool: string;
  identityProvider: string;
  /** A key of the server's account was kept until now, and none is wanted any more. */
  withdrawsKey?: boolean;
  service: DeploymentChoices['service'] & { name: string };
  /** The address that Cloud Run gives by name and number; it is known before the first deployment. */
  url: string;
  secrets: Record<SecretKey, string>;
  /** Regions that values of new secrets are kept in; undefined: wherever Google likes. */
  secretLocations?: string[];
}

/** The five secrets, as the deployment's name is put before them: `mlflow_database_url`. */
export const SECRET_KEYS = ['artifact_url', 'database_url', 'tracking_username', 'tracking_password', 'tracking_url'] as const;
export type SecretKey = (typeof SECRET_KEYS)[number];

/**
 * Derives all resource names. Pure: the same choices always give the same names, so a lost folder finds its resources again.
 * `projectNumber` is the project's number as digits.
 * Lengths: service account ids end at 30 characters, bucket names at 63, `project:instance` at 98
 * (https://docs.cloud.google.com/iam/docs/service-accounts-create, https://docs.cloud.google.com/storage/docs/buckets#naming,
 * https://docs.cloud.google.com/sql/docs/postgres/create-instance).
 */
export function nameDeployment(choices: DeploymentChoices, projectNumber: string): Deployment {
  const { project, region, name } = choices;
  const registry = `${region}-docker.pkg.dev`;
  const accountDomain = serviceAccountDomain(project);
  const repository = choices.build.repository ?? name;
  const account = (chosen: string | undefined, usual: string): string => {
    const id = chosen ?? shorten(`${name}-${usual}`, 30);
    return id.includes('@') ? id : `${id}@${accountDomain}`;
  };
  return {
    ...choices,
    projectNumber,
    artifactBucket: choices.artifacts.bucket ?? bucketName(project, `${name}-artifacts`),
    buildBucket: bucketName(project, `${name}-build`),
    repository,
    image: `${registry}/${project.replace(':', '/')}/${repository}/${name}`,
    sqlInstance: choices.database.instance ?? usualInstance(choices),
    serverAccount: account(choices.service.serviceAccount, 'server'),
    buildAccount: account(choices.build.serviceAccount, 'build'),
    deployAccount: account(undefined, 'deploy'),
    // Ids of pools have 4 to 32 characters, and none may begin with `gcp-`.
    identityPool: `github-${name}`,
    identityProvider: 'github',
    service: { ...choices.service, name },
    url: `https://${name}-${projectNumber}.${region}.run.app`,
    secrets: Object.fromEntries(SECRET_KEYS.map((key) => [key, `${name}_${key}`])) as Record<SecretKey, string>,
  };
}

/** The name that an instance has when none is chosen: `mlflow-pgsql`. */
export function usualInstance({ name, database }: Pick<DeploymentChoices, 'name' | 'database'>): string {
  return `${name}-${ENGINE_FACTS[database.engine].suffix}`;
}

/** `PROJECT:REGION:INSTANCE`, as Cloud SQL's connectors and Cloud Run name an instance. */
export function connectionName(deployment: Deployment): string {
  return `${deployment.project}:${deployment.region}:${deployment.sqlInstance}`;
}

/** Projects of the old `example.com:app` kind turn their id around in the account's domain. */
function serviceAccountDomain(project: string): string {
  const [domain, id] = project.split(':');
  return id === undefined ? `${project}.iam.gserviceaccount.com` : `${id}.${domain}.iam.gserviceaccount.com`;
}

/** Bucket names are shared by the whole world: the project id in front keeps them ours. Colons and dots are not allowed. */
function bucketName(project: string, suffix: string): string {
  return shorten(`${project.replaceAll(/[^a-z0-9-]/g, '-')}-${suffix}`, 63);
}

/** Cuts to `length`, ending in a hash of the whole, so that two long names stay two. */
function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 6);
  return `${text.slice(0, length - 7).replace(/-+$/, '')}-${hash}`;
}
