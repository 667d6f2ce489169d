import path from 'node:path';
import { expect, test } from 'vitest';
import { startCloud } from '../support/deployment.ts';
import { runChild } from '../support/program.ts';

test('on the cloud the line goes by the proxy, or directly where networks are admitted; what is in the way is told', async () => {
  const cloud = await startCloud();
  // The cache goes there too.
  const home = { MLFLOW_GCP_HOME: path.join(cloud.folder, 'home') };
  const env = { ...cloud.env, ...home, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  const connect = (...args: string[]) => runChild(['connect', '--database', '--no-check', ...args], { env, cwd: cloud.folder });
  const refusal = async (...args: string[]) => {
    const { status, stdout } = await connect('--json', ...args);
    return [status, JSON.parse(stdout).error?.code];
  };
  const place = `https://sqladmin.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/instances/mlflow-pgsql`;
  const patch = async (settings: object) => {
    const { body } = await cloud.simulator.call('PATCH', place, { settings });
    const url = `https://sqladmin.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/operations/${body.name}`;
    await cloud.simulator.until(url, ({ status }) => status === 'DONE');
  };
  expect((await cloud.run('connect', '--via', 'proxy', '--json')).status).toBe(2);
  expect((await cloud.run('connect', '--format', 'password')).stderr).toContain('FLAG_FOR_DATABASE');
  expect(await refusal()).toEqual([1, 'SECRETS_MISSING']);
  expect((await cloud.run('init', '--yes')).status).toBe(0);

  const proxied = await connect();
  expect(proxied.stdout).toMatch(
    /^PGPASSWORD="\$\(mlflow-gcp connect --database --format password --quiet --project \S+ --name mlflow\)" psql 'host=127\.0\.0\.1 port=5432 dbname=mlflow user=mlflow sslmode=disable'\n$/,
  );
  expect(proxied.stderr).toContain(`cloud-sql-proxy ${cloud.simulator.project.projectId}:us-central1:mlflow-pgsql`);
  await patch({ ipConfiguration: { authorizedNetworks: [{ value: '203.0.113.7/32' }] } });
  const direct = JSON.parse((await connect('--json')).stdout);
  expect(direct).toMatchObject({ via: 'direct', host: expect.stringMatching(/^34\./), checked: false });
  expect(direct.command).toContain('sslmode=verify-ca');
  expect(JSON.stringify(direct)).not.toContain((await connect('--format', 'password')).stdout.trim());
  expect((await connect('--format', 'dotenv', '--via', 'proxy')).stdout).toContain("PGSSLMODE='disable'");

  expect(await refusal('--client-cert-dir', 'certs')).toEqual([1, 'CLIENT_CERT_MISSING']);
  await patch({ ipConfiguration: { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' } });
  expect(await refusal()).toEqual([1, 'CLIENT_CERT_NEEDED']);
  await patch({ connectorEnforcement: 'REQUIRED' });
  expect(await refusal()).toEqual([1, 'DATABASE_NOT_DIRECT']);
  expect(await refusal('--via', 'proxy')).toEqual([0, undefined]);
  await patch({ activationPolicy: 'NEVER' });
  expect(await refusal('--via', 'proxy')).toEqual([1, 'DATABASE_NOT_RUNNING']);
});
