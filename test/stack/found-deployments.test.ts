import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDeployments, findServiceSizes } from '../../src/stack/found-deployments.ts';
import { type Opened, openOnSimulator } from '../gcp/open.ts';

let opened: Opened;
const labels = (name: string) => ({ 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': name });

beforeAll(async () => {
  opened = await openOnSimulator();
});
afterAll(() => opened.close());

it('finds nothing in a project where no service is enabled', async () => {
  const { google, project } = opened;
  expect(await findDeployments(google, { project })).toEqual([]);
  expect(await findServiceSizes(google, { project, region: 'europe-west1', name: 'team-a' })).toBeUndefined();
});

it('finds deployments by the labels of instances and buckets, and leaves those of others', async () => {
  const { google, project, simulator } = opened;
  await opened.enable('sqladmin', 'run', 'storage');
  const bucket = (name: string, of: object) =>
    simulator.call('POST', `https://storage.googleapis.com/storage/v1/b?project=${project}`, {
      name,
      location: 'us-east1',
      ...of,
    });
  await bucket(`${project}-half-made`, { labels: labels('half-made') });
  await bucket(`${project}-somebody`, { labels: { team: 'x' } });
  await bucket(`${project}-team-a-artifacts`, { labels: labels('team-a') });
  const instances = `https://sqladmin.googleapis.com/v1/projects/${project}/instances`;
  const settings = { tier: 'db-g1-small', edition: 'ENTERPRISE', userLabels: labels('team-a') };
  const body = { name: 'team-a-pgsql', region: 'europe-west1', databaseVersion: 'POSTGRES_16', settings };
  await simulator.call('POST', instances, body);
  await simulator.until(`${instances}/team-a-pgsql`, ({ state }) => state === 'RUNNABLE');
  const found = await findDeployments(google, { project });
  expect(found).toMatchObject([
    { name: 'half-made', region: 'us-east1', instance: undefined },
    { name: 'team-a', region: 'europe-west1', instance: { databaseVersion: 'POSTGRES_16', settings: { tier: 'db-g1-small' } } },
  ]);
});

it('reads the sizes of a server that is deployed, and of no other service of that name', async () => {
  const { google, project, projectNumber, simulator } = opened;
  const deploy = (name: string, of: object) =>
    simulator.call('POST', `https://europe-west1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/${project}/services`, {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: { name, namespace: projectNumber, annotations: { 'run.googleapis.com/ingress': 'internal' }, ...of },
      spec: {
        template: {
          metadata: { annotations: { 'autoscaling.knative.dev/minScale': '1', 'autoscaling.knative.dev/maxScale': '4' } },
          spec: { containers: [{ image: 'x', resources: { limits: { cpu: '2000m', memory: '2Gi' } } }] },
        },
      },
    });
  expect((await deploy('team-a', { labels: labels('team-a') })).status).toBe(200);
  expect((await deploy('stranger', {})).status).toBe(200);
  const sizes = (name: string) => findServiceSizes(google, { project, region: 'europe-west1', name });
  expect(await sizes('team-a')).toEqual({ cpu: '2', memory: '2Gi', minInstances: 1, maxInstances: 4, ingress: 'internal' });
  expect(await sizes('stranger')).toBeUndefined();
});
