import { expect, test } from 'vitest';
import { gcloudScript } from '../../../src/stack/plan-formats/gcloud.ts';
import { mermaidPlan } from '../../../src/stack/plan-formats/mermaid.ts';
import type { PlanDocument } from '../../../src/stack/plan-formats/plan-document.ts';
import { terraformConfiguration } from '../../../src/stack/plan-formats/terraform.ts';
import { planDocument } from './documents.ts';
import { parseHcl } from './parse-hcl.ts';

const adopted = (...differences: string[]) => ({ action: 'adopt' as const, differences });
const document = planDocument(
  { database: { instance: 'their-pgsql' } },
  {
    'server-account': adopted(),
    repository: adopted(
      'grant roles/artifactregistry.writer to serviceAccount:mlflow-build@my-project-1.iam.gserviceaccount.com',
    ),
    'artifact-bucket': adopted(),
    'sql-instance': adopted(),
  },
);
/** What the script does for the resource of this title. */
const section = (title: string): string =>
  gcloudScript(document)
    .split('\n\n')
    .find((block) => block.startsWith(`# ${title}`)) ?? '';

test('the gcloud script gives roles on what is adopted, and neither makes nor changes it', () => {
  const repository = section('Artifact Registry repository mlflow: adopt');
  expect(repository).toContain('gcloud artifacts repositories add-iam-policy-binding mlflow');
  expect(repository).not.toMatch(/repositories (create|update)/);
  expect(section('Bucket my-project-1-mlflow-artifacts: adopt')).not.toMatch(/buckets (create|update)/);
  expect(section('Cloud SQL instance their-pgsql: adopt').split('\n')).toHaveLength(1);
  expect(section('Service account mlflow-server: adopt').split('\n')).toHaveLength(1);
});

test('the Terraform configuration only reads what is adopted, and refers to it', async () => {
  const text = terraformConfiguration(document);
  const { data, resource } = (await parseHcl(text)) as Record<string, Record<string, Record<string, unknown>>>;
  expect(Object.keys(data ?? {}).sort()).toEqual([
    'google_artifact_registry_repository',
    'google_service_account',
    'google_sql_database_instance',
    'google_storage_bucket',
  ]);
  expect(Object.keys(resource?.['google_service_account'] ?? {})).toEqual(['build']);
  expect(Object.keys(resource?.['google_storage_bucket'] ?? {})).toEqual(['builds']);
  expect(resource?.['google_sql_database_instance']).toBeUndefined();
  expect(text).toContain('= data.google_sql_database_instance.mlflow.name');
  expect(text).toContain('= data.google_service_account.server.member');
  expect(text).toContain('= data.google_artifact_registry_repository.images.name');
  expect(text).toContain('= data.google_storage_bucket.artifacts.name');
  expect(text).not.toMatch(/[^.]\bgoogle_storage_bucket\.artifacts/);
});

test('the drawing marks it', () => {
  expect(mermaidPlan(document)).toMatch(/Cloud SQL instance their-pgsql<br\/>adopt"\]:::adopt/);
});

test('secrets that have to stay in a region do so in every form', async () => {
  const placed: PlanDocument = { ...document, deployment: { ...document.deployment, secretLocations: ['us-central1'] } };
  const script = gcloudScript(placed);
  expect(script).toContain('--replication-policy=user-managed');
  expect(script).toContain('--locations=us-central1');
  expect(script).not.toContain('--replication-policy=automatic');
  const text = terraformConfiguration(placed);
  expect(text).toMatch(/user_managed \{\s+replicas \{\s+location = "us-central1"/);
  expect(text).not.toContain('auto {');
  await expect(parseHcl(text)).resolves.toBeDefined();
});
