import { createPrivateKey, X509Certificate } from 'node:crypto';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';

const WITH_CERTIFICATE = ['init', '--yes', '--client-cert'];
const SECRET = 'mlflow_database_client_key';

const base = (cloud: Cloud) => `https://sqladmin.googleapis.com/v1/projects/${cloud.simulator.project.projectId}`;
async function certificates(cloud: Cloud) {
  return (await cloud.simulator.call('GET', `${base(cloud)}/instances/mlflow-pgsql/sslCerts`)).body.items ?? [];
}
function secretUrl(cloud: Cloud): string {
  return `https://secretmanager.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/secrets/${SECRET}`;
}
async function storedKey(cloud: Cloud): Promise<string> {
  const { body } = await cloud.simulator.call('GET', `${secretUrl(cloud)}/versions/latest:access`);
  return Buffer.from(body.payload.data, 'base64').toString();
}
const outcomeOf = (text: string, id = 'client-certificate') =>
  JSON.parse(text).resources.find((resource: { id: string }) => resource.id === id)?.outcome;

test('init --client-cert makes a certificate whose key is in Secret Manager alone, once; destroy takes both away', async () => {
  const cloud = await startCloud();
  const plan = await cloud.run('init', '--client-cert', '--dry-run');
  expect(plan.stdout).toContain('Client certificate mlflow-gcp-mlflow');
  expect(await (await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);

  const made = await cloud.run(...WITH_CERTIFICATE, '--json', '--verbose');
  expect(made.status).toBe(0);
  expect(outcomeOf(made.stdout)).toBe('created');
  const [certificate, ...others] = await certificates(cloud);
  expect(others).toEqual([]);
  expect(certificate.commonName).toBe('mlflow-gcp-mlflow');
  const key = await storedKey(cloud);
  expect(new X509Certificate(certificate.cert).checkPrivateKey(createPrivateKey(key))).toBe(true);
  const { labels } = (await cloud.simulator.call('GET', secretUrl(cloud))).body;
  expect(labels).toEqual({ 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' });
  const needle = key.split('\n')[3] ?? '';
  expect(needle.length).toBeGreaterThan(40);
  expect(made.stdout + made.stderr).not.toContain(needle);

  // The choice stands in mlflow-gcp.yaml: no flag any more.
  const before = (await cloud.requests()).length;
  const again = await cloud.run('init', '--yes', '--json');
  expect(outcomeOf(again.stdout)).toBe('unchanged');
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);
  const status = JSON.parse((await cloud.run('status', '--json')).stdout);
  expect(status.resources).toContainEqual(expect.objectContaining({ id: 'client-certificate', state: 'ok' }));

  // With the folder lost.
  const destroyed = await cloud.run('destroy', '--yes', '--json', '--dir', path.join(cloud.folder, 'elsewhere'));
  expect(destroyed.status).toBe(0);
  expect(outcomeOf(destroyed.stdout)).toBe('deleted');
  expect(await certificates(cloud)).toEqual([]);
  expect((await cloud.simulator.call('GET', secretUrl(cloud))).status).toBe(404);
});

test('--require-client-cert sets the mode, also of an instance that is there; nothing weaker comes back by itself', async () => {
  const cloud = await startCloud();
  const mode = async () =>
    (await cloud.simulator.call('GET', `${base(cloud)}/instances/mlflow-pgsql`)).body.settings.ipConfiguration.sslMode;
  expect((await cloud.run('init', '--yes')).status).toBe(0);
  expect(await mode()).toBe('ENCRYPTED_ONLY');
  const strict = await cloud.run('init', '--yes', '--require-client-cert', '--json');
  expect(JSON.parse(strict.stdout).repeat).toContain('--require-client-cert');
  expect(outcomeOf(strict.stdout, 'sql-instance')).toBe('updated');
  expect(outcomeOf(strict.stdout)).toBe('created');
  expect(await mode()).toBe('TRUSTED_CLIENT_CERTIFICATE_REQUIRED');
  expect(outcomeOf((await cloud.run('init', '--yes', '--json')).stdout, 'sql-instance')).toBe('unchanged');
});
