import { afterAll, beforeAll, expect, test } from 'vitest';
import { HELLO, knativePaths, knativeServices } from './knative.ts';
import { grantProject, REGION, secret, sqlInstance, startWorld, type World } from './world.ts';

let world: World;
let paths: string;
beforeAll(async () => {
  world = await startWorld();
  paths = knativePaths(world);
  await secret(world, 'word', 'hush');
  await sqlInstance(world, 'db');
  await grantProject(world, world.runner, 'roles/secretmanager.secretAccessor');
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});

const { service, settled } = knativeServices(() => world);

test('every annotation that has a field in the second API goes there, and back', async () => {
  const annotations = {
    'run.googleapis.com/ingress': 'internal-and-cloud-load-balancing',
    'run.googleapis.com/invoker-iam-disabled': 'true',
    'run.googleapis.com/iap-enabled': 'true',
    'run.googleapis.com/launch-stage': 'BETA',
    'run.googleapis.com/minScale': '1',
    'run.googleapis.com/client-name': 'gcloud',
    'run.googleapis.com/something-new': 'kept',
    'example.com/own': 'mine',
  };
  const templateAnnotations = {
    'autoscaling.knative.dev/minScale': '0',
    'autoscaling.knative.dev/maxScale': '2',
    'run.googleapis.com/cloudsql-instances': `${world.project}:${REGION}:db`,
    'run.googleapis.com/startup-cpu-boost': 'true',
    'run.googleapis.com/cpu-throttling': 'false',
    'run.googleapis.com/execution-environment': 'gen2',
    'run.googleapis.com/sessionAffinity': 'true',
  };
  const container = {
    name: 'mlflow',
    ports: [{ name: 'h2c', containerPort: 8080 }],
    env: [
      { name: 'A', value: 'b' },
      { name: 'S', valueFrom: { secretKeyRef: { name: 'word', key: '1' } } },
    ],
    resources: { limits: { memory: '2Gi', cpu: '1' } },
    startupProbe: {
      httpGet: { path: '/health', port: 8080 },
      periodSeconds: 2,
      timeoutSeconds: 1,
      failureThreshold: 120,
      successThreshold: 1,
    },
    volumeMounts: [{ name: 'files', mountPath: '/secret' }],
  };
  const volumes = [{ name: 'files', secret: { secretName: 'word', items: [{ key: '1', path: 'w' }] } }];
  const sent = service('mapped', {
    annotations,
    templateAnnotations,
    container,
    spec: { serviceAccountName: world.runner, timeoutSeconds: 3600, containerConcurrency: 40, volumes },
    metadata: { labels: { a: 'b' } },
  });
  expect((await world.call('POST', `${paths}/services`, sent)).status).toBe(200);
  const shown = (await settled('mapped')).body;
  expect(shown.metadata.annotations).toMatchObject(annotations);
  expect(shown.metadata.labels).toMatchObject({ a: 'b' });
  expect(shown.spec.template.metadata.annotations).toEqual(templateAnnotations);
  const { successThreshold: _, ...startupProbe } = container.startupProbe;
  expect(shown.spec.template.spec).toEqual({
    containerConcurrency: 40,
    timeoutSeconds: 3600,
    serviceAccountName: world.runner,
    volumes,
    containers: [{ image: HELLO, ...container, startupProbe }],
  });
  const second = (
    await world.call('GET', `https://run.googleapis.com/v2/projects/${world.project}/locations/${REGION}/services/mapped`)
  ).body;
  expect(second).toMatchObject({
    ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
    invokerIamDisabled: true,
    iapEnabled: true,
    launchStage: 'BETA',
    scaling: { minInstanceCount: 1 },
    client: 'gcloud',
    annotations: { 'example.com/own': 'mine' },
    template: {
      scaling: { minInstanceCount: 0, maxInstanceCount: 2 },
      sessionAffinity: true,
      maxInstanceRequestConcurrency: 40,
      timeout: '3600s',
      containers: [
        {
          resources: { cpuIdle: false, startupCpuBoost: true },
          env: [
            { name: 'A', value: 'b' },
            { name: 'S', valueSource: { secretKeyRef: { secret: 'word', version: '1' } } },
          ],
          volumeMounts: [
            { name: 'files', mountPath: '/secret' },
            { name: 'cloudsql', mountPath: '/cloudsql' },
          ],
        },
      ],
      volumes: [
        { name: 'files', secret: { secret: 'word', items: [{ version: '1', path: 'w' }] } },
        { name: 'cloudsql', cloudSqlInstance: { instances: [`${world.project}:${REGION}:db`] } },
      ],
    },
  });
  // What is read may be put back: no new revision.
  const again = await world.call('PUT', `${paths}/services/mapped`, shown);
  expect(again.status).toBe(200);
  expect((await settled('mapped')).body.status.latestCreatedRevisionName).toBe(shown.status.latestCreatedRevisionName);
});
