import { expect, test } from 'vitest';
import { gcloudScript } from '../../../src/stack/plan-formats/gcloud.ts';
import { terraformConfiguration } from '../../../src/stack/plan-formats/terraform.ts';
import { nothingToDo, planDocument } from './documents.ts';
import { parseHcl } from './parse-hcl.ts';

const WITH = { database: { clientCert: true, requireClientCert: true } };
const THERE = planDocument(WITH, { ...nothingToDo(), 'client-certificate': { action: 'unchanged', differences: [] } });

test('the script makes the certificate and brings its key into the secret by a file that goes again', () => {
  const script = gcloudScript(planDocument(WITH));
  const place = (text: string): number => {
    expect(script).toContain(text);
    return script.indexOf(text);
  };
  const steps = [
    'gcloud secrets create mlflow_database_client_key',
    'keys="$(mktemp -d)"',
    'gcloud sql ssl client-certs create mlflow-gcp-mlflow "$keys/client-key.pem"',
    '--data-file="$keys/client-key.pem"',
    'rm -r "$keys"',
  ].map(place);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(script).toContain('--ssl-mode=TRUSTED_CLIENT_CERTIFICATE_REQUIRED');
  expect(gcloudScript(planDocument({}))).not.toContain('client-certs');
  expect(gcloudScript(THERE)).not.toContain('client-certs');
});

test('the configuration hands the key from the one resource to the other, and imports none', async () => {
  const text = terraformConfiguration(planDocument(WITH));
  await parseHcl(text);
  expect(text).toMatch(/resource "google_sql_ssl_cert" "client" \{[^}]*common_name\s+= "mlflow-gcp-mlflow"/);
  expect(text).toMatch(/secret_data\s+= google_sql_ssl_cert\.client\.private_key/);
  expect(text).toMatch(/ssl_mode\s+= "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"/);
  for (const document of [planDocument({}), THERE]) expect(terraformConfiguration(document)).not.toContain('google_sql_ssl_cert');
});
