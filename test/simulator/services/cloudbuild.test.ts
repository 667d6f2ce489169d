import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, buildBody, buildsUrl, REGION, smallRuntime, startWorld, uploadSource, type World } from './world.ts';

const FILES = { Dockerfile: 'FROM mirror.gcr.io/library/python:3.13-slim\n', 'app/__init__.py': '' };
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});

test('a build goes from queued to success, pushes its image and leaves a log', async () => {
  const image = `${world.registry}/app:v1`;
  const started = await world.call('POST', buildsUrl(world), buildBody(world, await uploadSource(world, FILES), image));
  expect(started.body.metadata['@type']).toBe('type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata');
  const { id, status, name, projectId, timeout, sourceProvenance } = started.body.metadata.build;
  expect([status, projectId, timeout]).toEqual(['QUEUED', world.project, '600s']);
  expect(name).toBe(`projects/${world.number}/locations/${REGION}/builds/${id}`);
  expect(started.body.name).toBe(
    `projects/${world.project}/locations/${REGION}/operations/${Buffer.from(id).toString('base64')}`,
  );
  expect(sourceProvenance.resolvedStorageSource.generation).toMatch(/^\d+$/);
  const { body } = await world.sim.until(`${buildsUrl(world)}/${id}`, (got) => got.finishTime);
  expect(body).toMatchObject({
    status: 'SUCCESS',
    results: { images: [{ name: image, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }] },
  });
  expect(body.steps[0].status).toBe('SUCCESS');
  const pulled = await world.call('GET', `https://${image.replace('/', '/v2/').replace(':v1', '/manifests/v1')}`);
  expect(pulled.headers['docker-content-digest']).toBe(body.results.images[0].digest);
  const log = await world.call('GET', `https://storage.googleapis.com/${world.bucket}/log-${id}.txt`);
  expect(log.bytes.toString()).toMatch(/starting build "[^"]+"[\s\S]*FETCHSOURCE[\s\S]*PUSH[\s\S]*digest: sha256:[\s\S]*DONE/);
  const operation = await world.call('GET', `https://cloudbuild.googleapis.com/v1/${started.body.name}`);
  expect(operation.body).toMatchObject({
    done: true,
    response: { '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.Build', status: 'SUCCESS' },
  });
});

test('the same source gives the same digest, another one another', async () => {
  const first = (await build(world, FILES, `${world.registry}/same:a`)).body.results.images[0].digest;
  const second = (await build(world, FILES, `${world.registry}/same:b`)).body.results.images[0].digest;
  const third = (await build(world, { ...FILES, more: 'x' }, `${world.registry}/same:c`)).body.results.images[0].digest;
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test('global builds have the other form of operation, and are listed apart', async () => {
  const url = `https://cloudbuild.googleapis.com/v1/projects/${world.project}/builds`;
  const started = await world.call(
    'POST',
    url,
    buildBody(world, await uploadSource(world, FILES), `${world.registry}/global:v1`),
  );
  const { id } = started.body.metadata.build;
  expect(started.body.name).toBe(`operations/build/${world.project}/${Buffer.from(id).toString('base64')}`);
  await world.sim.until(`${url}/${id}`, (body) => body.status === 'SUCCESS');
  expect((await world.call('GET', `https://cloudbuild.googleapis.com/v1/${started.body.name}`)).body.done).toBe(true);
  const listed = (await world.call('GET', `${url}?filter=${encodeURIComponent('status="SUCCESS"')}`)).body.builds;
  expect(listed.map((one: { id: string }) => one.id)).toEqual([id]);
});

test('a missing Dockerfile fails as docker does', async () => {
  const { body } = await build(world, { 'app.py': '' }, `${world.registry}/bad:v1`);
  expect(body).toMatchObject({ status: 'FAILURE', failureInfo: { type: 'USER_BUILD_STEP' } });
  const log = await world.call('GET', `https://storage.googleapis.com/${world.bucket}/log-${body.id}.txt`);
  expect(log.bytes.toString()).toContain('lstat /workspace/Dockerfile: no such file or directory');
  const operation = await world.call(
    'GET',
    `https://cloudbuild.googleapis.com/v1/projects/${world.project}/locations/${REGION}/operations/${Buffer.from(body.id).toString('base64')}`,
  );
  expect(operation.body.error).toMatchObject({
    code: 2,
    message: expect.stringContaining('failed: step exited with non-zero status: 1'),
  });
});

test('what cannot be unpacked, pushed, or run by the builder fails', async () => {
  const bytes = `https://storage.googleapis.com/upload/storage/v1/b/${world.bucket}/o?uploadType=media&name=broken.tgz`;
  await world.call('POST', bytes, 'no archive');
  const broken = await world.call('POST', buildsUrl(world), buildBody(world, 'broken.tgz', `${world.registry}/x:1`));
  const failed = await world.sim.until(`${buildsUrl(world)}/${broken.body.metadata.build.id}`, (body) => body.finishTime);
  expect(failed.body.failureInfo.type).toBe('FETCH_SOURCE_FAILED');
  const nowhere = await build(world, FILES, `${REGION}-docker.pkg.dev/${world.project}/no-repo/app:v1`);
  expect(nowhere.body).toMatchObject({
    status: 'FAILURE',
    statusDetail: expect.stringContaining('Repository "no-repo" not found'),
  });
});

test.each([
  ['no logs bucket', { logsBucket: undefined }, 400, /if 'build.service_account' is specified, the build must either/],
  [
    'a bucket that is not there',
    { source: { storageSource: { bucket: 'not-there-at-all', object: 'x' } } },
    400,
    /could not resolve source: .*404/,
  ],
  [
    'an object that is not there',
    { source: { storageSource: { bucket: 'BUCKET', object: 'nothing' } } },
    400,
    /No such object: .*\/nothing, notFound/,
  ],
  [
    'an account that is not there',
    { serviceAccount: 'projects/PROJECT/serviceAccounts/ghost@PROJECT.iam.gserviceaccount.com' },
    404,
    /Gaia id not found/,
  ],
  ['a bare email', { serviceAccount: 'builder@PROJECT.iam.gserviceaccount.com' }, 400, /must be of the form projects/],
  ['no steps', { steps: [] }, 400, /no build steps/],
])('refuses %s', async (_what, change, status, message) => {
  const filled = JSON.parse(
    JSON.stringify(change, (_key, value) => value ?? null)
      .replaceAll('PROJECT', world.project)
      .replaceAll('BUCKET', world.bucket),
  );
  const body = { ...buildBody(world, await uploadSource(world, FILES), `${world.registry}/x:1`), ...filled };
  for (const [key, value] of Object.entries(body)) if (value === null) delete (body as Record<string, unknown>)[key];
  const refused = await world.call('POST', buildsUrl(world), body);
  expect([refused.status, refused.body.error.message]).toEqual([status, expect.stringMatching(message)]);
});

test('an account without roles can neither read the source nor push', async () => {
  const body = {
    ...buildBody(world, await uploadSource(world, FILES), `${world.registry}/x:1`),
    serviceAccount: `projects/${world.project}/serviceAccounts/${world.runner}`,
  };
  const refused = await world.call('POST', buildsUrl(world), body);
  expect([refused.status, refused.body.error.message]).toEqual([
    400,
    expect.stringContaining(`${world.runner} does not have storage.objects.get access`),
  ]);
  const policy = (await world.call('GET', `https://storage.googleapis.com/storage/v1/b/${world.bucket}/iam`)).body;
  policy.bindings.push({ role: 'roles/storage.objectUser', members: [`serviceAccount:${world.runner}`] });
  expect((await world.call('PUT', `https://storage.googleapis.com/storage/v1/b/${world.bucket}/iam`, policy)).status).toBe(200);
  const started = await world.call('POST', buildsUrl(world), body);
  const ended = await world.sim.until(`${buildsUrl(world)}/${started.body.metadata.build.id}`, (got) => got.finishTime);
  expect(ended.body).toMatchObject({
    status: 'FAILURE',
    statusDetail: expect.stringContaining('"artifactregistry.repositories.uploadArtifacts" denied'),
  });
});

test('the default account has its name', async () => {
  const { body } = await world.call(
    'GET',
    `https://cloudbuild.googleapis.com/v1/projects/${world.project}/locations/${REGION}/defaultServiceAccount`,
  );
  expect(body.serviceAccountEmail).toBe(
    `projects/${world.project}/serviceAccounts/${world.number}-compute@developer.gserviceaccount.com`,
  );
});

test('with a runtime, it builds; a cancelled build is stopped', async () => {
  const runtime = smallRuntime();
  const other = await startWorld({ runtime });
  try {
    const done = await build(other, FILES, `${other.registry}/app:v1`);
    expect(done.body.status).toBe('SUCCESS');
    const log = await other.call('GET', `https://storage.googleapis.com/${other.bucket}/log-${done.body.id}.txt`);
    expect(log.bytes.toString()).toContain('Step #0: read Dockerfile app/__init__.py');
    expect((await build(other, { x: '' }, `${other.registry}/app:v2`)).body.status).toBe('FAILURE');
    const slow = await other.call(
      'POST',
      buildsUrl(other),
      buildBody(other, await uploadSource(other, { ...FILES, sleep: '' }), `${other.registry}/app:v3`),
    );
    const url = `${buildsUrl(other)}/${slow.body.metadata.build.id}`;
    await other.sim.until(url, (body) => body.status === 'WORKING');
    expect((await other.call('POST', `${url}:cancel`, {})).body.status).toBe('CANCELLED');
    const operation = await other.sim.until(`https://cloudbuild.googleapis.com/v1/${slow.body.name}`, (body) => body.done);
    expect(operation.body.error.code).toBe(1);
    expect((await other.call('GET', url)).body.status).toBe('CANCELLED');
    expect((await other.call('POST', `${url}:cancel`, {})).status).toBe(400);
    expect(other.sim.bugs).toEqual([]);
  } finally {
    await runtime.stop();
    await other.remove();
  }
});
