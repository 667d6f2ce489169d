import { z } from 'zod';
import {
  BUCKET_NAME,
  CPU,
  DEPLOYMENT_NAME,
  IDENTIFIER,
  MEMORY,
  PROJECT_ID,
  REGION,
  SQL_INSTANCE_NAME,
  SQL_TIER,
} from './name-rules.ts';

/** Values and defaults of `mlflow-gcp.yaml`. Unknown keys are errors: a misspelt one would be ignored without a word. */
export const configSchema = z.strictObject({
  version: z.literal(1).default(1),
  target: z.enum(['cloud', 'local']).default('cloud'),
  project: z
    .string()
    .regex(PROJECT_ID, 'a project id: 6 to 30 lower-case letters, digits and hyphens, such as my-project-123')
    .optional(),
  region: z.string().regex(REGION, 'a Google Cloud region, such as us-central1').default('us-central1'),
  name: z.string().regex(DEPLOYMENT_NAME, 'a deployment name: up to 23 lower-case letters, digits and hyphens').default('mlflow'),
  database: z
    .strictObject({
      instance: z.string().regex(SQL_INSTANCE_NAME, 'a Cloud SQL instance name').optional(),
      version: z
        .string()
        .regex(/^POSTGRES_1[4-8]$/, 'POSTGRES_14 to POSTGRES_18')
        .default('POSTGRES_18'),
      tier: z.string().regex(SQL_TIER, 'a Cloud SQL machine tier, such as db-f1-micro').default('db-f1-micro'),
      edition: z.enum(['ENTERPRISE', 'ENTERPRISE_PLUS']).default('ENTERPRISE'),
      availability: z.enum(['ZONAL', 'REGIONAL']).default('ZONAL'),
      diskGb: z.int().min(10).max(65536).default(10),
      name: z.string().regex(IDENTIFIER, 'a database name').default('mlflow'),
      user: z.string().regex(IDENTIFIER, 'a database user').default('mlflow'),
    })
    .prefault({}),
  artifacts: z.strictObject({ bucket: z.string().regex(BUCKET_NAME, 'a bucket name').optional() }).prefault({}),
  service: z
    .strictObject({
      cpu: z.string().regex(CPU, 'a number of CPUs, such as "1"').default('1'),
      memory: z.string().regex(MEMORY, 'an amount of memory, such as 1Gi').default('1Gi'),
      minInstances: z.int().min(0).max(100).default(0),
      maxInstances: z.int().min(1).max(100).default(2),
    })
    .prefault({}),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;

/** What a person decides about a deployment; every resource name and size follows from it. */
export interface DeploymentChoices extends Pick<Config, 'region' | 'name' | 'database' | 'artifacts' | 'service'> {
  project: string;
}

/** The part of the file that names and sizes resources, for this project. */
export function choicesOf(config: Config, project: string): DeploymentChoices {
  const { region, name, database, artifacts, service } = config;
  return { project, region, name, database, artifacts, service };
}
