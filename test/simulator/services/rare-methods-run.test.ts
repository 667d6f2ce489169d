import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '../../support/simulator.ts';
import { step, walk } from './walk.ts';
import {
  buildBody,
  build as buildFiles,
  buildsUrl,
  REGION,
  smallRuntime,
  startWorld,
  uploadSource,
  type World,
} from './world.ts';

// Methods of Cloud Run, Cloud Build and Artifact Registry that hardly anybody calls, each once, as in `rare-methods.test.ts`.
const FILES = { Dockerfile: 'FROM x\n' };
const PERMISSIONS = { permissions: ['run.services.get'] };
const runtime = smallRuntime();
let world: World;
let parent: string;
let namespace: string;
let image: string;
beforeAll(async () => {
  world = await startWorld({ runtime });
  parent = `projects/${world.project}/locations/${REGION}`;
  namespace = `https://${REGION}-run.googleapis.com/apis`;
  image = `${world.registry}/served:1`;
  expect((await buildFiles(world, FILES, image)).body.status).toBe('SUCCESS');
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
  await runtime.stop();
});
const ask = (what: string, body?: object) => step(world.sim, what, body);
const status = async (url: string) => (await world.call('GET', url)).status;
const named = (items: Answer['body'][]) => items.map(({ metadata }) => metadata.name);

test('a build is tried again and cancelled', async () => {
  const { body } = await buildFiles(world, FILES, `${world.registry}/again:1`);
  const finished = `https://cloudbuild.googleapis.com/v1/projects/${world.project}/builds`;
  const again = await ask(`POST ${buildsUrl(world)}/${body.id}:retry`, {});
  const { id } = again.metadata.build;
  expect(id).not.toBe(body.id);
  const [built] = (await ask(`GET ${buildsUrl(world)}/${id}`)).results.images;
  expect(built.digest).toBe(body.results.images[0].digest);
  const object = await uploadSource(world, { ...FILES, sleep: '' }, 'source/sleep.tar.gz');
  const slow = (await world.call('POST', finished, buildBody(world, object, `${world.registry}/again:2`))).body.metadata.build.id;
  expect((await ask(`POST ${finished}/${slow}:cancel`, {})).status).toBe('CANCELLED');
  const third = (await world.call('POST', `${finished}/${slow}:retry`, {})).body;
  expect(third.metadata.build.status).toBe('QUEUED');
  await ask(`POST ${finished}/${third.metadata.build.id}:cancel`, {});
});

test('images, packages, versions and tags', async () => {
  const { digest } = (await buildFiles(world, FILES, `${world.registry}/app:v1`)).body.results.images[0];
  const repository = `${parent}/repositories/repo`;
  const base = `https://artifactregistry.googleapis.com/v1/${repository}`;
  const app = `${base}/packages/app`;
  const version = `${repository}/packages/app/versions/${digest}`;
  expect((await ask(`GET ${base}/dockerImages/app@${digest}`)).tags).toEqual(['v1']);
  expect((await ask(`GET ${app}`)).name).toBe(`${repository}/packages/app`);
  expect((await ask(`GET ${app}/tags/v1`)).version).toBe(version);
  await ask(`POST ${app}/tags?tagId=v2`, { name: `${repository}/packages/app/tags/v2`, version });
  const relatedTags = [{ name: expect.stringMatching(/v1$/) }, { name: expect.stringMatching(/v2$/) }];
  expect((await ask(`GET ${app}/versions/${digest}?view=FULL`)).relatedTags).toMatchObject(relatedTags);
  expect((await ask(`GET ${app}/versions`)).versions).toMatchObject([{ name: version }]);
  for (const tag of ['v1', 'v2']) await ask(`DELETE ${app}/tags/${tag}`);
  await ask(`DELETE ${app}/versions/${digest}`);
  expect(await status(`${app}/versions/${digest}`)).toBe(404);
  await buildFiles(world, FILES, `${world.registry}/app:v3`);
  await ask(`DELETE ${app}`);
  expect(await status(app)).toBe(404);
});

const knative = (name: string, env: string) => ({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  metadata: { name },
  spec: { template: { spec: { containers: [{ image, env: [{ name: 'A', value: env }] }] } } },
});
/** The name of the service's revision, once it serves. */
async function ready(url: string, generation: number): Promise<string> {
  const { body } = await world.sim.until(
    url,
    ({ status: now }) =>
      now?.observedGeneration === generation &&
      now.conditions.some((one: { type: string; status: string }) => one.type === 'Ready' && one.status === 'True'),
  );
  return body.status.latestReadyRevisionName;
}

test('a service by the first API, under both of its paths', async () => {
  const services = `${namespace}/serving.knative.dev/v1/namespaces/${world.project}`;
  const one = `https://run.googleapis.com/v1/${parent}`;
  await ask(`POST ${services}/services`, knative('web', '1'));
  const first = await ready(`${services}/services/web`, 1);
  const replaced = await ask(`PUT ${services}/services/web`, knative('web', '2'));
  const operation = `${one}/operations/${replaced.metadata.annotations['run.googleapis.com/operation-id']}`;
  expect(await ask(`POST ${operation}:wait`, { timeout: '20s' })).toMatchObject({ done: true, response: { kind: 'Service' } });
  expect((await ask(`GET ${operation}`)).done).toBe(true);
  const second = await ready(`${services}/services/web`, 2);
  for (const url of [services, one]) {
    expect(named((await ask(`GET ${url}/services`)).items)).toEqual(['web']);
    expect(named((await ask(`GET ${url}/configurations`)).items)).toEqual(['web']);
    expect(named((await ask(`GET ${url}/routes`)).items)).toEqual(['web']);
    expect(named((await ask(`GET ${url}/revisions`)).items).sort()).toEqual([first, second].sort());
  }
  expect((await ask(`GET ${one}/configurations/web`)).status.latestReadyRevisionName).toBe(second);
  expect((await ask(`GET ${one}/routes/web`)).status.traffic[0].revisionName).toBe(second);
  expect((await ask(`GET ${one}/revisions/${first}`)).metadata.name).toBe(first);
  expect(await ask(`POST ${one}/services/web:testIamPermissions`, PERMISSIONS)).toEqual(PERMISSIONS);
  await ask(`DELETE ${one}/revisions/${first}`);
  expect(await status(`${one}/revisions/${first}`)).toBe(404);
  await ask(`PUT ${services}/services/web`, knative('web', '3'));
  await ready(`${services}/services/web`, 3);
  await ask(`DELETE ${services}/revisions/${second}`);
  await ask(`DELETE ${services}/services/web`);
  await world.sim.until(`${services}/services/web`, (body) => body.error?.code === 404);
  const { locations } = await ask(`GET https://run.googleapis.com/v1/projects/${world.project}/locations`);
  expect(locations).toContainEqual(expect.objectContaining({ locationId: REGION }));
});

test('a job and its executions by the first API', async () => {
  const jobs = `${namespace}/run.googleapis.com/v1/namespaces/${world.project}`;
  const policy = `https://run.googleapis.com/v1/${parent}/jobs/nightly`;
  const job = (taskCount: number) => ({
    apiVersion: 'run.googleapis.com/v1',
    kind: 'Job',
    metadata: { name: 'nightly' },
    spec: { template: { spec: { taskCount, template: { spec: { containers: [{ image, args: ['wait'] }] } } } } },
  });
  await ask(`POST ${jobs}/jobs`, job(1));
  await ask(`PUT ${jobs}/jobs/nightly`, job(2));
  const [listed] = (await ask(`GET ${jobs}/jobs`)).items;
  expect(listed.spec.template.spec.taskCount).toBe(2);
  const bindings = [{ role: 'roles/run.invoker', members: ['user:a@example.com'] }];
  await walk(world.sim, [
    [`POST ${policy}:setIamPolicy`, { policy: { bindings } }],
    [`POST ${policy}:testIamPermissions`, PERMISSIONS],
  ]);
  expect((await ask(`GET ${policy}:getIamPolicy`)).bindings).toEqual(bindings);
  await world.sim.until(`${jobs}/jobs/nightly`, ({ status: now }) => now.conditions?.[0]?.status === 'True');
  const { metadata } = await ask(`POST ${jobs}/jobs/nightly:run`, {});
  const execution = `${jobs}/executions/${metadata.name}`;
  await ask(`POST ${execution}:cancel`, {});
  await world.sim.until(execution, ({ status: now }) => now.completionTime !== undefined);
  expect(await ask(`DELETE ${execution}`)).toMatchObject({ status: 'Success' });
  await world.sim.until(execution, (body) => body.error?.code === 404);
});

test('the second API waits for its operations and hands builds on', async () => {
  const v2 = `https://run.googleapis.com/v2`;
  const made = await world.call('POST', `${v2}/${parent}/services?serviceId=later`, {
    template: { containers: [{ image }] },
  });
  const waited = await ask(`POST ${v2}/${made.body.name}:wait`, { timeout: '20s' });
  expect(waited).toMatchObject({ done: true, response: { name: `${parent}/services/later` } });
  const imageUri = `${world.registry}/submitted:1`;
  const { buildOperation } = await ask(`POST ${v2}/${parent}/builds:submit`, {
    storageSource: { bucket: world.bucket, object: await uploadSource(world, FILES) },
    imageUri,
    dockerBuild: {},
    serviceAccount: `projects/${world.project}/serviceAccounts/${world.builder}`,
  });
  const { body } = await world.sim.until(`https://cloudbuild.googleapis.com/v1/${buildOperation.name}`, ({ done }) => done);
  expect(body.response).toMatchObject({ status: 'SUCCESS', results: { images: [{ name: imageUri }] } });
});
