import { z } from 'zod';
import { DATABASE_ENGINES, DATABASE_VERSIONS } from './database-engines.ts';
import { checkDatabase, withVersion } from './database-rules.ts';
import {
  BUCKET_NAME,
  CPU,
  DEPLOYMENT_NAME,
  GIT_BRANCH,
  GITHUB_REPOSITORY,
  IDENTIFIER,
  MEMBER,
  MEMORY,
  PROJECT_ID,
  REGION,
  REPOSITORY_NAME,
  SERVICE_ACCOUNT,
  SQL_INSTANCE_NAME,
  SQL_TIER,
} from './name-rules.ts';

/**
 * Values and defaults of `mlflow-gcp.yaml`. Unknown keys are errors: a misspelt one would be ignored without a word. Editors get it as
 * docs/mlflow-gcp.schema.json, by `npm run docs`.
 */
export const configSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file’s form.'),
  target: z
    .enum(['cloud', 'local'])
    .default('cloud')
    .describe('Where the deployment stands: Google Cloud, or the simulated one on this machine.'),
  project: z
    .string()
    .regex(PROJECT_ID, 'a project id: 6 to 30 lower-case letters, digits and hyphens, such as my-project-123')
    .optional()
    .describe('Google Cloud project id.'),
  region: z
    .string()
    .regex(REGION, 'a Google Cloud region, such as us-central1')
    .default('us-central1')
    .describe('Region of everything that is made. It cannot be changed later.'),
  name: z
    .string()
    .regex(DEPLOYMENT_NAME, 'a deployment name: up to 23 lower-case letters, digits and hyphens')
    .regex(/^(?!.*google)/, 'a name without "google", because Cloud Storage refuses such bucket names')
    .default('mlflow')
    .describe('Name of the deployment; every resource is named after it.'),
  database: z
    .strictObject({
      instance: z
        .string()
        .regex(SQL_INSTANCE_NAME, 'a Cloud SQL instance name')
        .optional()
        .describe('Cloud SQL instance; one that exists is adopted. Default: NAME-pgsql or NAME-mysql.'),
      engine: z
        .enum(DATABASE_ENGINES)
        .default('postgres')
        .describe('Database that MLflow keeps its records in. It cannot be changed later.'),
      version: z
        .enum([...DATABASE_VERSIONS.postgres, ...DATABASE_VERSIONS.mysql])
        .optional()
        .describe('Version of the database. Default: POSTGRES_18 or MYSQL_8_4.'),
      tier: z
        .string()
        .regex(SQL_TIER, 'a Cloud SQL machine tier, such as db-f1-micro')
        .default('db-f1-micro')
        .describe('Machine of the database: most of the bill.'),
      edition: z.enum(['ENTERPRISE', 'ENTERPRISE_PLUS']).default('ENTERPRISE').describe('Edition of Cloud SQL.'),
      availability: z
        .enum(['ZONAL', 'REGIONAL'])
        .default('ZONAL')
        .describe('REGIONAL keeps a second database ready in another zone, at twice the price.'),
      diskGb: z
        .int()
        .min(10)
        .max(65536)
        .default(10)
        .describe('Disk of the database in GB; it grows by itself and never shrinks.'),
      clientCert: z
        .boolean()
        .default(false)
        .describe('Whether there is a client certificate for direct connections, its key in Secret Manager.'),
      requireClientCert: z
        .boolean()
        .default(false)
        .describe('Whether direct connections without a client certificate are refused; the server’s own are none.'),
      name: z.string().regex(IDENTIFIER, 'a database name').default('mlflow').describe('Database of MLflow in the instance.'),
      user: z.string().regex(IDENTIFIER, 'a database user').default('mlflow').describe('Database user of the server.'),
    })
    .superRefine(checkDatabase)
    .transform(withVersion)
    .prefault({})
    .describe('The Cloud SQL instance, and the database in it.'),
  artifacts: z
    .strictObject({
      bucket: z
        .string()
        .regex(BUCKET_NAME, 'a bucket name')
        .optional()
        .describe('Bucket for artifacts; one that exists is adopted. Default: PROJECT-NAME-artifacts.'),
    })
    .prefault({})
    .describe('Where MLflow keeps artifacts.'),
  service: z
    .strictObject({
      cpu: z
        .string()
        .regex(CPU, 'a number of CPUs, such as "1"')
        .default('1')
        .describe('CPUs of an instance: 1, 2, 4 or 8, or thousandths such as 500m.'),
      memory: z
        .string()
        .regex(MEMORY, 'an amount of memory, such as 1Gi')
        .default('1Gi')
        .describe('Memory of an instance; half a gigabyte more than the largest artifact.'),
      minInstances: z.int().min(0).max(100).default(0).describe('Instances that are kept running while nobody asks.'),
      maxInstances: z.int().min(1).max(100).default(2).describe('Most instances at once.'),
      ingress: z
        .enum(['all', 'internal', 'internal-and-cloud-load-balancing'])
        .default('all')
        .describe('Where requests may come from.'),
      invoker: z
        .enum(['unchecked', 'all-users'])
        .default('unchecked')
        .describe(
          'How requests get past Cloud Run to the server, which asks for user name and password: unchecked turns Google’s own check off, all-users lets everybody pass it.',
        ),
      serviceAccount: z
        .string()
        .regex(SERVICE_ACCOUNT, 'a service account: its email, or its id in the project')
        .optional()
        .describe('Service account that the server runs as; one that exists is adopted. Default: NAME-server.'),
    })
    .prefault({})
    .describe('The Cloud Run service.'),
  build: z
    .strictObject({
      repository: z
        .string()
        .regex(REPOSITORY_NAME, 'an Artifact Registry repository')
        .optional()
        .describe('Artifact Registry repository for images; one that exists is adopted. Default: NAME.'),
      serviceAccount: z
        .string()
        .regex(SERVICE_ACCOUNT, 'a service account: its email, or its id in the project')
        .optional()
        .describe('Service account that builds images; one that exists is adopted. Default: NAME-build.'),
    })
    .prefault({})
    .describe('How the server’s image is built.'),
  credentials: z
    .strictObject({
      kind: z
        .enum(['keyless', 'key'])
        .default('keyless')
        .describe('key makes a key file of the server’s service account; keyless makes none.'),
      impersonators: z
        .array(z.string().regex(MEMBER, 'a member, such as user:ada@example.com'))
        .default([])
        .describe('Who may act as the server’s service account without a key.'),
      keyFile: z.string().min(1).optional().describe('Where the key is kept. Default: in the user’s config folder.'),
    })
    .prefault({})
    .describe('How people get the rights of the server’s service account.'),
  ci: z
    .strictObject({
      github: z
        .strictObject({
          repository: z.string().regex(GITHUB_REPOSITORY, 'OWNER/NAME').describe('Repository whose workflow may deploy.'),
          repositoryId: z
            .string()
            .regex(/^\d{1,20}$/, 'the number of a repository')
            .optional()
            .describe('Its number, which stays with it: another repository may get the name.'),
          branch: z.string().regex(GIT_BRANCH, 'a branch').default('main').describe('Branch whose workflow may deploy.'),
        })
        .optional()
        .describe('Deployments by GitHub Actions, without a key.'),
    })
    .prefault({})
    .describe('Who deploys besides people.'),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;

/** What a person decides about a deployment; every resource name and size follows from it. */
export interface DeploymentChoices
  extends Pick<Config, 'region' | 'name' | 'database' | 'artifacts' | 'service' | 'build' | 'credentials' | 'ci'> {
  project: string;
}

/** The part of the file that names and sizes resources, for this project. */
export function choicesOf(config: Config, project: string): DeploymentChoices {
  const { region, name, database, artifacts, service, build, credentials, ci } = config;
  return { project, region, name, database, artifacts, service, build, credentials, ci };
}
