import { expect, test } from 'vitest';
import { choicesOf, configSchema } from '../../src/project/config-schema.ts';
import { connectionName, nameDeployment } from '../../src/stack/deployment.ts';
import { monthlyPrices } from '../../src/stack/prices.ts';

const named = (project: string, name: string, more = {}) =>
  nameDeployment(choicesOf(configSchema.parse({ name, ...more }), project), '123456789012');

test('names follow the deployment, and by default are those of the walk-through', () => {
  const deployment = named('gcp-prj-id-123', 'mlflow');
  expect(deployment).toMatchObject({
    artifactBucket: 'gcp-prj-id-123-mlflow-artifacts',
    image: 'us-central1-docker.pkg.dev/gcp-prj-id-123/mlflow/mlflow',
    sqlInstance: 'mlflow-pgsql',
    serverAccount: 'mlflow-server@gcp-prj-id-123.iam.gserviceaccount.com',
    url: 'https://mlflow-123456789012.us-central1.run.app',
    secrets: { database_url: 'mlflow_database_url', tracking_password: 'mlflow_tracking_password' },
  });
  expect(connectionName(deployment)).toBe('gcp-prj-id-123:us-central1:mlflow-pgsql');
});

test('the longest project and name stay inside the limits of Google, and two long names stay two', () => {
  const long = 'a'.repeat(22);
  const [one, two] = ['x', 'y'].map((end) => named(`p${'r'.repeat(28)}j`, long + end));
  for (const deployment of [one!, two!]) {
    expect(deployment.artifactBucket.length).toBeLessThanOrEqual(63);
    expect(deployment.serverAccount.split('@')[0]!.length).toBeLessThanOrEqual(30);
    expect(new URL(deployment.url).hostname.split('.')[0]!.length).toBeLessThanOrEqual(63);
    expect(deployment.artifactBucket).toMatch(/^[a-z0-9][a-z0-9-]+[a-z0-9]$/);
  }
  expect(one!.artifactBucket).not.toBe(two!.artifactBucket);
});

test('a project of the old kind is turned into valid names', () => {
  const deployment = named('example.com:my-app-1', 'mlflow');
  expect(deployment.artifactBucket).toBe('example-com-my-app-1-mlflow-artifacts');
  expect(deployment.serverAccount).toBe('mlflow-server@my-app-1.example.com.iam.gserviceaccount.com');
  expect(deployment.image).toContain('/example.com/my-app-1/');
});

test('prices: idle costs the database alone; a custom tier and high availability are counted', () => {
  const total = (more: object) =>
    monthlyPrices(named('gcp-prj-id-123', 'mlflow', more)).reduce((sum, price) => sum + (price.usd ?? Number.NaN), 0);
  expect(total({})).toBeCloseTo(9.365, 2);
  expect(total({ database: { tier: 'db-custom-1-3840', availability: 'REGIONAL' } })).toBeCloseTo(98.62 + 3.4, 1);
  expect(total({ service: { minInstances: 1 } })).toBeCloseTo(9.365 + 13.14, 2);
  expect(total({ database: { tier: 'db-perf-optimized-N-2' } })).toBeNaN();
});
