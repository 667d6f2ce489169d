import { certificateName, clientKeySecret } from '../client-certificate.ts';
import type { Deployment } from '../deployment.ts';
import type { Blueprint } from './blueprint.ts';
import { createSecretCommand } from './gcloud-secrets.ts';
import type { HclBlock } from './hcl.ts';
import { command } from './shell.ts';
import { SERVICES } from './terraform-parts.ts';
import { replication } from './terraform-secrets.ts';

/**
 * The commands that make the client certificate and put its key into its secret. gcloud writes the key to a file: that lies in a folder
 * of its owner's for the moment. https://docs.cloud.google.com/sdk/gcloud/reference/sql/ssl/client-certs/create
 */
export function clientCertificateCommands(deployment: Deployment, blueprint: Blueprint): string[] {
  const { project, sqlInstance } = deployment;
  const secret = clientKeySecret(deployment);
  const make = command('gcloud', 'sql', 'ssl', 'client-certs', 'create', certificateName(deployment));
  const add = command('gcloud', 'secrets', 'versions', 'add', secret, `--project=${project}`);
  return [
    createSecretCommand(secret, blueprint, project),
    'keys="$(mktemp -d)"',
    `${make} "$keys/client-key.pem" \\\n  --project=${project} \\\n  --instance=${sqlInstance}`,
    `${add} --data-file="$keys/client-key.pem"`,
    'rm -r "$keys"',
  ];
}

/** One that is to be made; Terraform can import none, as Google does not tell the key again. */
export function clientCertificateBlocks(deployment: Deployment, blueprint: Blueprint): HclBlock[] {
  if (!deployment.database.clientCert || blueprint.action('client-certificate') !== 'create') return [];
  const certificate = 'google_sql_ssl_cert.client';
  const secret = 'google_secret_manager_secret.database_client_key';
  return [
    {
      kind: 'resource',
      labels: certificate.split('.'),
      values: {
        common_name: certificateName(deployment),
        instance: { raw: 'google_sql_database_instance.mlflow.name' },
        // Google runs one operation an instance at a time.
        depends_on: [{ raw: 'google_sql_database.mlflow' }],
      },
    },
    {
      kind: 'resource',
      labels: secret.split('.'),
      values: { secret_id: clientKeySecret(deployment), labels: { map: blueprint.labels }, depends_on: SERVICES },
      blocks: [{ kind: 'replication', blocks: [replication(blueprint)] }],
    },
    {
      kind: 'resource',
      labels: ['google_secret_manager_secret_version', 'database_client_key'],
      values: { secret: { raw: `${secret}.id` }, secret_data: { raw: `${certificate}.private_key` } },
    },
  ];
}
