import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantProject, REGION, secret, startWorld, type World } from './world.ts';

let world: World;
let parent: string;
beforeAll(async () => {
  world = await startWorld();
  parent = `https://run.googleapis.com/v2/projects/${world.project}/locations/${REGION}`;
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});
const HELLO = 'us-docker.pkg.dev/cloudrun/container/hello';
const body = (more: object = {}, container: object = {}) => ({
  template: { containers: [{ image: HELLO, ...container }], ...more },
});
const done = (name: string) => world.sim.until(`https://run.googleapis.com/v2/${name}`, (operation) => operation.done);
async function create(id: string, sent: object = body()) {
  const started = await world.call('POST', `${parent}/services?serviceId=${id}`, sent);
  return started.status === 200 ? done(started.body.name) : started;
}
const get = async (id: string) => (await world.call('GET', `${parent}/services/${id}`)).body;

test('a service is made by an operation, with the defaults that Google fills in', async () => {
  const missing = await world.call('GET', `${parent}/services/first`);
  expect(missing.body.error).toEqual({
    code: 404,
    message: `service "projects/${world.project}/locations/${REGION}/services/first" not found`,
    status: 'NOT_FOUND',
  });
  const started = await world.call('POST', `${parent}/services?serviceId=first`, body());
  expect(started.body.metadata).toMatchObject({
    '@type': 'type.googleapis.com/google.cloud.run.v2.Service',
    reconciling: true,
    generation: '1',
  });
  const ended = await done(started.body.name);
  expect(ended.body.response['@type']).toBe('type.googleapis.com/google.cloud.run.v2.Service');
  const service = await get('first');
  expect(service).toMatchObject({
    name: `projects/${world.project}/locations/${REGION}/services/first`,
    ingress: 'INGRESS_TRAFFIC_ALL',
    launchStage: 'GA',
    observedGeneration: '1',
    creator: 'user@example.com',
    template: {
      maxInstanceRequestConcurrency: 80,
      timeout: '300s',
      serviceAccount: `${world.number}-compute@developer.gserviceaccount.com`,
      executionEnvironment: 'EXECUTION_ENVIRONMENT_GEN2',
      containers: [
        {
          ports: [{ name: 'http1', containerPort: 8080 }],
          resources: { cpuIdle: true, limits: { cpu: '1000m', memory: '512Mi' } },
          startupProbe: { tcpSocket: { port: 8080 }, timeoutSeconds: 240 },
        },
      ],
    },
    traffic: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
    trafficStatuses: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 }],
    terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED' },
  });
  expect(service.reconciling).toBeUndefined();
  expect(service.latestReadyRevision).toMatch(/\/revisions\/first-00001-[a-z]{3}$/);
  expect(service.urls[0]).toBe(`https://first-${world.number}.${REGION}.run.app`);
  expect(service.uri).toMatch(/^https:\/\/first-[a-z2-7]{10}-uc\.a\.run\.app$/);
  expect((await create('first')).body.error).toMatchObject({ code: 409, status: 'ALREADY_EXISTS' });
});

test('a change of the template makes a revision, another change does not', async () => {
  await create('changed');
  const first = (await get('changed')).latestCreatedRevision;
  const labelled = await world.call('PATCH', `${parent}/services/changed?updateMask=labels`, { labels: { a: 'b' } });
  await done(labelled.body.name);
  expect(await get('changed')).toMatchObject({
    latestCreatedRevision: first,
    labels: { a: 'b' },
    generation: '2',
    observedGeneration: '2',
  });
  const scaled = await world.call('PATCH', `${parent}/services/changed?updateMask=template.scaling`, {
    template: { scaling: { maxInstanceCount: 3 } },
  });
  await done(scaled.body.name);
  const now = await get('changed');
  expect(now.latestCreatedRevision).toMatch(/changed-00003-/);
  expect(now.template).toMatchObject({ scaling: { maxInstanceCount: 3 }, containers: [{ image: HELLO }] });
  const { revisions } = (await world.call('GET', `${parent}/services/changed/revisions`)).body;
  expect(revisions).toHaveLength(2);
  expect(revisions[0]).toMatchObject({
    service: 'changed',
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', state: 'CONDITION_SUCCEEDED' })]),
  });
  const latest = await world.call('DELETE', `https://run.googleapis.com/v2/${now.latestCreatedRevision}`);
  expect(latest.body.error.status).toBe('FAILED_PRECONDITION');
  expect((await world.call('DELETE', `https://run.googleapis.com/v2/${first}`)).status).toBe(200);
  expect((await world.call('GET', `https://run.googleapis.com/v2/${first}`)).status).toBe(404);
  // What was read may be written back: nothing changes.
  const again = await world.call('PATCH', `${parent}/services/changed`, {
    template: now.template,
    labels: now.labels,
    traffic: now.traffic,
  });
  await done(again.body.name);
  expect((await get('changed')).latestCreatedRevision).toBe(now.latestCreatedRevision);
});

test('etags, dry runs and allowMissing', async () => {
  await create('checked');
  const { etag } = await get('checked');
  const changed = await world.call('PATCH', `${parent}/services/checked?updateMask=labels`, { labels: { a: 'b' }, etag });
  await done(changed.body.name);
  const stale = await world.call('PATCH', `${parent}/services/checked?updateMask=labels`, { labels: { a: 'c' }, etag });
  expect(stale.body.error).toMatchObject({ code: 409, status: 'ABORTED' });
  const dry = await world.call('PATCH', `${parent}/services/checked?updateMask=labels&validateOnly=true`, { labels: { a: 'd' } });
  expect(dry.body).toMatchObject({ done: true, response: { labels: { a: 'd' } } });
  expect((await get('checked')).labels).toEqual({ a: 'b' });
  expect((await world.call('POST', `${parent}/services?serviceId=never&validateOnly=true`, body())).body.done).toBe(true);
  expect((await world.call('GET', `${parent}/services/never`)).status).toBe(404);
  const made = await world.call('PATCH', `${parent}/services/fresh?allowMissing=true`, body());
  await done(made.body.name);
  expect((await get('fresh')).generation).toBe('1');
});

test('a service is deleted with its revisions', async () => {
  await create('gone');
  const deletion = await world.call('DELETE', `${parent}/services/gone`);
  expect(deletion.body.metadata.deleteTime).toBeDefined();
  const ended = await done(deletion.body.name);
  expect(ended.body.response).toMatchObject({
    '@type': 'type.googleapis.com/google.cloud.run.v2.Service',
    terminalCondition: { state: 'CONDITION_SUCCEEDED' },
  });
  expect((await world.call('GET', `${parent}/services/gone`)).status).toBe(404);
  expect((await world.call('GET', `${parent}/services/gone/revisions`)).body).toEqual({});
});

test.each([
  ['no containers', { template: { containers: [] } }, /at least 1 container/],
  ['a reserved variable', body({}, { env: [{ name: 'PORT', value: '1' }] }), /reserved env names were provided: PORT/],
  ['a variable twice', body({}, { env: [{ name: 'A' }, { name: 'A' }] }), /Duplicate environment variable/],
  ['a mount without volume', body({}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }), /No volume with name "v"/],
  ['too long a timeout', body({ timeout: '3601s' }), /between 1 and 3600/],
  ['too much at a time', body({ maxInstanceRequestConcurrency: 1001 }), /between 1 and 1000/],
  [
    'a slow probe',
    body({}, { startupProbe: { timeoutSeconds: 9, periodSeconds: 2, httpGet: { path: '/' } } }),
    /timeout_seconds/,
  ],
  ['a foreign revision name', body({ revision: 'other-1' }), /must be prefixed by the name/],
  ['half the traffic', { ...body(), traffic: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 50 }] }, /sum to 100/],
  ['a system annotation', { ...body(), annotations: { 'run.googleapis.com/ingress': 'all' } }, /system namespace/],
  ['an unknown field', { ...body(), nonsense: 1 }, /Unknown name "nonsense"/],
])('refuses %s', async (_what, sent, message) => {
  const refused = await world.call('POST', `${parent}/services?serviceId=refused`, sent);
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringMatching(message)]);
  expect((await world.call('GET', `${parent}/services/refused`)).status).toBe(404);
});

test('names, places and accounts that there are not', async () => {
  expect((await world.call('POST', `${parent}/services?serviceId=Bad_Name`, body())).status).toBe(400);
  expect((await world.call('POST', `${parent.replace(REGION, 'mars-1')}/services?serviceId=x`, body())).status).toBe(403);
  const ghost = await world.call(
    'POST',
    `${parent}/services?serviceId=ghost`,
    body({ serviceAccount: `ghost@${world.project}.iam.gserviceaccount.com` }),
  );
  expect(ghost.body.error).toMatchObject({
    code: 403,
    message: expect.stringContaining("Permission 'iam.serviceaccounts.actAs' denied"),
  });
});

test('an image that is not in the registry fails the rollout', async () => {
  const image = `${world.registry}/none:v1`;
  const failed = await create('no-image', body({}, { image }));
  expect(failed.body.error).toMatchObject({ code: 9, message: expect.stringContaining(`Image '${image}' not found.`) });
  const service = await get('no-image');
  expect(service.terminalCondition).toMatchObject({ state: 'CONDITION_FAILED', reason: 'CONTAINER_MISSING' });
  expect(service.latestReadyRevision).toBeUndefined();
});

test('a Cloud SQL instance that is not there fails the rollout', async () => {
  const connection = `${world.project}:${REGION}:nothing`;
  const failed = await create('no-sql', body({ volumes: [{ name: 'sql', cloudSqlInstance: { instances: [connection] } }] }));
  expect(failed.body.error.message).toContain(`Cloud SQL instance "${connection}" not found`);
});

test('a secret needs its version and its grant', async () => {
  await secret(world, 'password', 'hush');
  const env = [{ name: 'P', valueSource: { secretKeyRef: { secret: 'password', version: '1' } } }];
  const mine = (version = '1') =>
    body(
      { serviceAccount: world.runner },
      { env: [{ name: 'P', valueSource: { secretKeyRef: { secret: 'password', version } } }] },
    );
  const refused = await create('secretive', body({ serviceAccount: world.runner }, { env }));
  expect(refused.body.error.message).toContain(
    `Permission denied on secret: projects/${world.number}/secrets/password/versions/1 for Revision service account ${world.runner}.`,
  );
  expect((await get('secretive')).terminalCondition.reason).toBe('SECRETS_ACCESS_CHECK_FAILED');
  await grantProject(world, world.runner, 'roles/secretmanager.secretAccessor');
  const retried = await world.call('PATCH', `${parent}/services/secretive?forceNewRevision=true`, mine());
  expect((await done(retried.body.name)).body.error).toBeUndefined();
  const wrong = await world.call('PATCH', `${parent}/services/secretive`, mine('7'));
  expect((await done(wrong.body.name)).body.error.message).toContain('/versions/7 was not found');
  const service = await get('secretive');
  expect(service.terminalCondition.state).toBe('CONDITION_FAILED');
  expect(service.latestReadyRevision).not.toBe(service.latestCreatedRevision);
});

test('policies and lists', async () => {
  await create('policed');
  const bindings = [{ role: 'roles/run.invoker', members: ['allUsers'] }];
  expect((await world.call('POST', `${parent}/services/policed:setIamPolicy`, { policy: { bindings } })).body.bindings).toEqual(
    bindings,
  );
  expect((await world.call('GET', `${parent}/services/policed:getIamPolicy`)).body.bindings).toEqual(bindings);
  const first = (await world.call('GET', `${parent}/services?pageSize=2`)).body;
  expect(first.services).toHaveLength(2);
  const all = (await world.call('GET', `${parent.replace(REGION, '-')}/services`)).body.services;
  expect(all.map((service: { name: string }) => service.name)).toContain(
    `projects/${world.project}/locations/${REGION}/services/policed`,
  );
});

test('enums as numbers, both ways', async () => {
  const made = await create('numbers', { ...body(), ingress: 2 });
  expect(made.body.response.ingress).toBe('INGRESS_TRAFFIC_INTERNAL_ONLY');
  const numbers = await world.call('GET', `${parent}/services/numbers?$alt=json;enum-encoding=int`);
  expect(numbers.body).toMatchObject({ ingress: 2, terminalCondition: { state: 4 }, traffic: [{ type: 1 }] });
});
