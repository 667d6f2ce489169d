import { afterAll, beforeAll, expect, test } from 'vitest';
import { knativePaths, knativeServices, type Ready } from './knative.ts';
import { REGION, startWorld, type World } from './world.ts';

let world: World;
let paths: string;
let namespaces: string;
beforeAll(async () => {
  world = await startWorld();
  paths = knativePaths(world);
  namespaces = `https://${REGION}-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/${world.project}`;
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});

const { service, settled } = knativeServices(() => world);

test('a service by the regional host and its namespace, as Knative has it', async () => {
  const missing = await world.call('GET', `${namespaces}/services/first`);
  expect(missing.body.error).toMatchObject({
    code: 404,
    status: 'NOT_FOUND',
    message: `Resource 'first' of kind 'SERVICE' in region '${REGION}' in project '${world.project}' does not exist.`,
  });
  const created = await world.call('POST', `${namespaces}/services`, service('first'));
  expect(created.status).toBe(200);
  expect(created.body.status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'Unknown' }));
  const { body } = await settled('first');
  expect(body).toMatchObject({
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      namespace: world.number,
      generation: 1,
      labels: { 'cloud.googleapis.com/location': REGION },
      annotations: {
        'run.googleapis.com/ingress': 'all',
        'run.googleapis.com/ingress-status': 'all',
        'serving.knative.dev/creator': 'user@example.com',
        'run.googleapis.com/operation-id': expect.any(String),
      },
    },
    spec: {
      template: {
        spec: {
          containerConcurrency: 80,
          timeoutSeconds: 300,
          serviceAccountName: `${world.number}-compute@developer.gserviceaccount.com`,
          containers: [{ ports: [{ name: 'http1', containerPort: 8080 }] }],
        },
      },
      traffic: [{ percent: 100, latestRevision: true }],
    },
    status: { observedGeneration: 1, traffic: [{ percent: 100, latestRevision: true }] },
  });
  expect(body.status.conditions.map(({ type, status }: Ready) => `${type} ${status}`)).toEqual([
    'Ready True',
    'ConfigurationsReady True',
    'RoutesReady True',
  ]);
  expect(JSON.parse(body.metadata.annotations['run.googleapis.com/urls'])).toEqual([
    `https://first-${world.number}.${REGION}.run.app`,
    body.status.url,
  ]);
  expect(body.status.latestReadyRevisionName).toBe(body.status.latestCreatedRevisionName);
  expect((await world.call('POST', `${namespaces}/services`, service('first'))).body.error).toMatchObject({
    code: 409,
    message: "Resource 'first' already exists.",
  });
});

test('a replacement is whole: what it leaves out is reset; a stale version is refused', async () => {
  await world.call(
    'POST',
    `${paths}/services`,
    service('whole', { annotations: { 'run.googleapis.com/ingress': 'internal' }, metadata: { labels: { a: 'b' } } }),
  );
  const before = (await settled('whole')).body;
  expect((await world.call('PUT', `${paths}/services/whole`, service('whole'))).status).toBe(200);
  const after = (await settled('whole')).body;
  expect(after.metadata).toMatchObject({ generation: 2, annotations: { 'run.googleapis.com/ingress': 'all' } });
  expect(after.metadata.labels.a).toBeUndefined();
  expect(after.status.latestCreatedRevisionName).toBe(before.status.latestCreatedRevisionName);
  const stale = await world.call(
    'PUT',
    `${paths}/services/whole`,
    service('whole', { metadata: { resourceVersion: before.metadata.resourceVersion } }),
  );
  expect(stale.body.error).toMatchObject({
    code: 409,
    message: expect.stringMatching(/^Conflict for resource 'whole': version '.+' was specified but current version is/),
  });
  const dry = await world.call('PUT', `${paths}/services/whole?dryRun=all`, service('whole', { container: { image: 'other' } }));
  expect(dry.body.spec.template.spec.containers[0].image).toBe('other');
  expect((await settled('whole')).body.metadata.generation).toBe(2);
});

test('traffic goes to named revisions and tags', async () => {
  await world.call('POST', `${paths}/services`, service('split', { metadata: {} }));
  const one = (await settled('split')).body.status.latestReadyRevisionName;
  await world.call(
    'PUT',
    `${paths}/services/split`,
    service('split', {
      container: { env: [{ name: 'A', value: '2' }] },
      traffic: [
        { revisionName: one, percent: 90, tag: 'old' },
        { latestRevision: true, percent: 10 },
      ],
    }),
  );
  const { status } = (await settled('split')).body;
  expect(status.traffic).toEqual([
    { revisionName: one, percent: 90, tag: 'old', url: expect.stringMatching(/^https:\/\/old---split-/) },
    { revisionName: status.latestReadyRevisionName, percent: 10, latestRevision: true },
  ]);
  const none = await world.call(
    'PUT',
    `${paths}/services/split`,
    service('split', { traffic: [{ revisionName: 'split-99999-xyz', percent: 100 }] }),
  );
  expect([none.status, none.body.error.message]).toEqual([400, expect.stringContaining('not found')]);
});

test('revisions, configurations, routes and lists', async () => {
  await world.call('POST', `${paths}/services`, service('parts', { metadata: { labels: { team: 'x' } } }));
  const { status } = (await settled('parts')).body;
  const revision = (await world.call('GET', `${namespaces}/revisions/${status.latestReadyRevisionName}`)).body;
  expect(revision).toMatchObject({
    kind: 'Revision',
    metadata: { labels: { 'serving.knative.dev/service': 'parts' } },
    status: { conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]) },
  });
  expect((await world.call('GET', `${namespaces}/configurations/parts`)).body).toMatchObject({
    kind: 'Configuration',
    status: { latestReadyRevisionName: status.latestReadyRevisionName },
  });
  expect((await world.call('GET', `${namespaces}/routes/parts`)).body).toMatchObject({
    kind: 'Route',
    status: { url: status.url },
  });
  const listed = (await world.call('GET', `${namespaces}/services?labelSelector=team%3Dx`)).body;
  expect(listed).toMatchObject({ kind: 'ServiceList', items: [{ metadata: { name: 'parts' } }] });
  const ofOne = (await world.call('GET', `${namespaces}/revisions?labelSelector=serving.knative.dev/service%3Dparts`)).body;
  expect(ofOne.items).toHaveLength(1);
});

test('a service is deleted', async () => {
  await world.call('POST', `${paths}/services`, service('gone'));
  await settled('gone');
  expect((await world.call('DELETE', `${paths}/services/gone`)).body).toMatchObject({ status: 'Success' });
  await world.sim.until(`${paths}/services/gone`, (body) => body.error?.code === 404);
});

test.each([
  ['another kind', { kind: 'Job' }, /kind: should be Service/],
  ['another version', { apiVersion: 'v1' }, /apiVersion/],
  ['another namespace', { metadata: { name: 'x', namespace: 'someone-else' } }, /metadata.namespace/],
])('refuses %s', async (_what, change, message) => {
  const refused = await world.call('POST', `${paths}/services`, { ...service('x'), ...change });
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringMatching(message)]);
});

test('policies by the path of locations', async () => {
  await world.call('POST', `${paths}/services`, service('policed'));
  const bindings = [{ role: 'roles/run.invoker', members: ['allUsers'] }];
  expect((await world.call('POST', `${paths}/services/policed:setIamPolicy`, { policy: { bindings } })).body.bindings).toEqual(
    bindings,
  );
  expect((await world.call('GET', `${paths}/services/policed:getIamPolicy`)).body.bindings).toEqual(bindings);
});
