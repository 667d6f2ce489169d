import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, grantProject, REGION, secret, smallRuntime, startWorld, type World } from './world.ts';

const runtime = smallRuntime();
let world: World;
let parent: string;
let image: string;
beforeAll(async () => {
  world = await startWorld({ runtime });
  parent = `https://run.googleapis.com/v2/projects/${world.project}/locations/${REGION}`;
  image = `${world.registry}/app:v1`;
  expect((await build(world, { Dockerfile: 'FROM scratch' }, image)).body.status).toBe('SUCCESS');
  await secret(world, 'word', 'hush');
  await grantProject(world, world.runner, 'roles/secretmanager.secretAccessor');
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
  await runtime.stop();
});
const done = (name: string) => world.sim.until(`https://run.googleapis.com/v2/${name}`, (operation) => operation.done);
const env = (variables: Record<string, string>) => Object.entries(variables).map(([name, value]) => ({ name, value }));
const body = (variables: Record<string, string> = {}, more: object = {}) => ({
  invokerIamDisabled: true,
  template: {
    serviceAccount: world.runner,
    containers: [
      { image, env: [...env(variables), { name: 'WORD', valueSource: { secretKeyRef: { secret: 'word', version: '1' } } }] },
    ],
  },
  ...more,
});
async function create(id: string, sent: object) {
  const started = await world.call('POST', `${parent}/services?serviceId=${id}`, sent);
  expect(started.status).toBe(200);
  return done(started.body.name);
}
const get = async (id: string) => (await world.call('GET', `${parent}/services/${id}`)).body;
const visit = (url: string, method = 'GET', token: string | null = null) => world.call(method, url, undefined, { token });

test('the runtime gets the revision as the container would see it, and the address answers', async () => {
  expect((await create('web', body({ COLOUR: 'green' }))).body.error).toBeUndefined();
  const service = await get('web');
  const started = runtime.started.find(({ service: name }) => name === service.name);
  expect(started).toMatchObject({
    env: { COLOUR: 'green', WORD: 'hush' },
    containerPort: 8080,
    protocol: 'http1',
    serviceAccount: world.runner,
    startupProbe: { periodSeconds: 240, failureThreshold: 1 },
    timeoutSeconds: 300,
    urls: service.urls,
  });
  expect(started?.image).toMatch(new RegExp(`^${world.registry}/app@sha256:[0-9a-f]{64}$`));
  for (const url of service.urls) {
    const answer = await visit(`${url}/path?x=1`);
    expect(answer.body).toMatchObject({ revision: service.latestReadyRevision.split('/').at(-1), url: '/path?x=1' });
  }
  const revision = (await world.call('GET', `https://run.googleapis.com/v2/${service.latestReadyRevision}`)).body;
  expect(revision.containers[0].image).toMatch(/@sha256:/);
});

test('a revision that does not start leaves the one before in its place', async () => {
  await create('stable', body({ N: '1' }));
  const before = await get('stable');
  const failed = await world.call('PATCH', `${parent}/services/stable`, body({ FAIL: 'yes' }));
  const { error } = (await done(failed.body.name)).body;
  expect(error).toMatchObject({
    code: 9,
    message: expect.stringMatching(
      /^Revision 'stable-00002-[a-z]{3}' is not ready and cannot serve traffic\. The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout\./,
    ),
  });
  const asked = { resourceNames: [`projects/${world.project}`], filter: 'resource.labels.revision_name:stable-00002' };
  await expect
    .poll(async () => {
      const { body: found } = await world.call('POST', 'https://logging.googleapis.com/v2/entries:list', asked);
      return (found.entries ?? []).map(({ textPayload }: { textPayload: string }) => textPayload);
    })
    .toEqual(['first line', 'last line']);
  const after = await get('stable');
  expect(after).toMatchObject({
    latestReadyRevision: before.latestReadyRevision,
    terminalCondition: { state: 'CONDITION_FAILED', revisionReason: 'HEALTH_CHECK_CONTAINER_ERROR' },
  });
  expect((await visit(`${after.uri}/`)).body.env.N).toBe('1');
  const first = (
    await world.call('GET', `https://run.googleapis.com/v1/projects/${world.project}/locations/${REGION}/services/stable`)
  ).body;
  expect(first.status.conditions[0]).toMatchObject({ type: 'Ready', status: 'False', reason: 'HealthCheckContainerError' });
  expect(first.status.observedGeneration).toBe(2);
  const mended = await world.call('PATCH', `${parent}/services/stable`, body({ N: '3' }));
  expect((await done(mended.body.name)).body.error).toBeUndefined();
  expect((await visit(`${after.uri}/`)).body.env.N).toBe('3');
});

test('a fault of the machine itself is told, not waited for', async () => {
  const failed = await create('faulty', body({ CRASH: 'yes' }));
  expect(failed.body.error.message).toContain('System error: no space left on device');
  expect((await get('faulty')).terminalCondition).toMatchObject({ state: 'CONDITION_FAILED', reason: 'INTERNAL' });
});

test('an image from elsewhere cannot be run here, and says so', async () => {
  const failed = await create('elsewhere', { template: { containers: [{ image: 'gcr.io/cloudrun/hello' }] } });
  expect(failed.body.error.message).toContain("Image 'gcr.io/cloudrun/hello' is not in a registry of this machine");
});

test('who may call, and from where', async () => {
  await create('closed', body({}, { invokerIamDisabled: false }));
  const { uri, name } = await get('closed');
  const refused = await visit(`${uri}/secret<b>`);
  expect([refused.status, refused.bytes.toString()]).toEqual([
    403,
    expect.stringContaining('Your client does not have permission to get URL'),
  ]);
  expect(refused.bytes.toString()).not.toContain('<b>');
  expect(
    (
      await world.call('GET', uri, undefined, {
        token: null,
        headers: { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
      })
    ).status,
  ).toBe(403);
  const stranger = world.sim.sim.tokens.issue(`builder@${world.project}.iam.gserviceaccount.com`);
  expect((await visit(uri, 'GET', stranger)).status).toBe(401);
  await world.call('POST', `https://run.googleapis.com/v2/${name}:setIamPolicy`, {
    policy: { bindings: [{ role: 'roles/run.invoker', members: [`serviceAccount:${world.builder}`] }] },
  });
  expect((await visit(uri, 'GET', stranger)).status).toBe(200);
  await world.call('POST', `https://run.googleapis.com/v2/${name}:setIamPolicy`, {
    policy: { bindings: [{ role: 'roles/run.invoker', members: ['allUsers'] }] },
  });
  expect((await visit(uri)).status).toBe(200);
  const changed = await world.call('PATCH', `https://run.googleapis.com/v2/${name}?updateMask=ingress`, {
    ingress: 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
  });
  await done(changed.body.name);
  expect((await visit(uri)).status).toBe(404);
  expect((await visit(`https://nobody-${world.number}.${REGION}.run.app/`)).status).toBe(404);
});

test('after a restart of the simulator, what served serves again', async () => {
  await create('lasting', body({ N: '1' }));
  const { uri } = await get('lasting');
  runtime.serving.clear();
  expect((await visit(uri)).status).toBe(503);
  await world.sim.restart();
  const { body: answer } = await world.sim.until(uri, (page) => page?.env);
  expect(answer.env.N).toBe('1');
});

test('a deleted service is gone from the runtime', async () => {
  await create('gone', body());
  const { uri, name } = await get('gone');
  const deletion = await world.call('DELETE', `https://run.googleapis.com/v2/${name}`);
  await done(deletion.body.name);
  expect(runtime.serving.has(name)).toBe(false);
  expect((await visit(uri)).status).toBe(404);
});

test('two changes at once end with the later one', async () => {
  await create('busy', body({ N: '1' }));
  const { name, uri } = await get('busy');
  const first = await world.call('PATCH', `https://run.googleapis.com/v2/${name}`, body({ N: '2' }));
  const second = await world.call('PATCH', `https://run.googleapis.com/v2/${name}`, body({ N: '3' }));
  await done(first.body.name);
  await done(second.body.name);
  const service = await get('busy');
  expect(service).toMatchObject({
    generation: '3',
    observedGeneration: '3',
    terminalCondition: { state: 'CONDITION_SUCCEEDED' },
  });
  expect(service.latestReadyRevision).toBe(service.latestCreatedRevision);
  expect((await visit(uri)).body.env.N).toBe('3');
});
