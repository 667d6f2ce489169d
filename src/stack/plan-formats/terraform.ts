import { requiredServices } from '../resources/services.ts';
import { blueprintOf } from './blueprint.ts';
import { clientCertificateBlocks } from './client-certificate-forms.ts';
import { type HclBlock, hclText } from './hcl.ts';
import type { PlanDocument } from './plan-document.ts';
import { accessBlocks } from './terraform-access.ts';
import { resourceBlocks, SERVICES } from './terraform-parts.ts';
import { accountBlocks, bucketBlocks, repositoryBlocks } from './terraform-resources.ts';
import { databaseBlocks, secretBlocks } from './terraform-secrets.ts';
import { instanceBlock } from './terraform-sql.ts';

/**
 * The whole deployment as a Terraform configuration. What is there already is imported rather than made; values of secrets that are
 * there are left as they are. Passwords are made by Terraform, which keeps them in its state.
 */
export function terraformConfiguration(document: PlanDocument): string {
  const { deployment } = document;
  const blueprint = blueprintOf(document);
  const blocks = [
    ...preamble(document),
    ...accountBlocks(document, blueprint),
    ...repositoryBlocks(document, blueprint),
    ...bucketBlocks(document, blueprint),
    ...resourceBlocks(blueprint, 'sql-instance', {
      own: 'google_sql_database_instance.mlflow',
      address: `projects/${deployment.project}/instances/${deployment.sqlInstance}`,
      known: { name: deployment.sqlInstance },
      block: instanceBlock(deployment, SERVICES),
    }),
    ...secretBlocks(document, blueprint),
    ...databaseBlocks(document, blueprint),
    ...clientCertificateBlocks(deployment, blueprint),
    ...accessBlocks(document, blueprint),
  ];
  return hclText(blocks);
}

function preamble({ deployment }: PlanDocument): HclBlock[] {
  const { project, region, name } = deployment;
  return [
    {
      comment: `What MLflow deployment ${name} needs in project ${project}. Written by mlflow-gcp init --dry-run --plan-format terraform.\nTerraform's state will hold the passwords that it makes: keep it where only those may read it who may know them.\nAfterwards \`mlflow-gcp init\` makes the project folder, and \`mlflow-gcp deploy\` the server.`,
      kind: 'terraform',
      values: { required_version: '>= 1.5' },
      blocks: [
        {
          kind: 'required_providers',
          values: {
            google: { map: { source: 'hashicorp/google', version: '>= 6.0' } },
            random: { map: { source: 'hashicorp/random', version: '>= 3.0' } },
          },
        },
      ],
    },
    { kind: 'provider', labels: ['google'], values: { project, region, add_terraform_attribution_label: false } },
    {
      kind: 'resource',
      labels: ['google_project_service', 'mlflow'],
      values: {
        for_each: { raw: `toset(${listText(requiredServices(deployment))})` },
        service: { raw: 'each.value' },
        disable_on_destroy: false,
      },
    },
  ];
}

function listText(items: string[]): string {
  return `[\n${items.map((item) => `  ${JSON.stringify(item)},\n`).join('')}]`;
}
