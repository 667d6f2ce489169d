import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compute, REGION, startCompute } from './compute-client.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute();
});
afterAll(async () => {
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});

test('an insert is answered with an operation that runs, ends and stays to be read', async () => {
  const { call, get, link, done } = compute;
  const { status, body } = await call('POST', 'global/addresses', { name: 'first' });
  expect(status).toBe(200);
  expect(body).toEqual({
    kind: 'compute#operation',
    id: expect.stringMatching(/^\d{1,20}$/),
    name: expect.stringMatching(/^operation-\d{13}-[0-9a-f]{13}-[0-9a-f]{8}-[0-9a-f]{11}$/),
    operationType: 'insert',
    targetLink: link('global/addresses/first'),
    targetId: expect.stringMatching(/^\d{1,20}$/),
    status: 'RUNNING',
    user: 'user@example.com',
    progress: 0,
    insertTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}-08:00$/),
    startTime: expect.any(String),
    selfLink: link(`global/operations/${body.name}`),
  });
  const ended = (await call('POST', `global/operations/${body.name}/wait`)).body;
  expect(ended).toMatchObject({ status: 'DONE', progress: 100, endTime: expect.any(String), targetId: body.targetId });
  expect(await get(`global/operations/${body.name}`)).toEqual(ended);
  expect(await get(`global/operations/${body.id}`)).toEqual(ended);
  expect((await get('global/operations')).items).toContainEqual(ended);
  expect((await get('global/addresses/first')).id).toBe(body.targetId);
  expect(await done('DELETE', 'global/addresses/first')).toMatchObject({ operationType: 'delete', targetId: body.targetId });
});

test('operations of a region are found in that region alone, and can be deleted', async () => {
  const { make, call, link, get, refused } = compute;
  const body = { name: 'regional', networkEndpointType: 'SERVERLESS', cloudRun: { service: 'mlflow' } };
  const operation = await make('networkEndpointGroups', body);
  expect(operation).toMatchObject({
    operationType: 'compute.regionNetworkEndpointGroups.insert',
    region: link(`regions/${REGION}`),
    selfLink: link(`regions/${REGION}/operations/${operation.name}`),
  });
  expect((await call('GET', `regions/europe-west1/operations/${operation.name}`)).status).toBe(404);
  expect((await get('aggregated/operations')).items[`regions/${REGION}`].operations).toContainEqual(operation);
  const path = `global/operations/${operation.name}`;
  expect(await refused('GET', path)).toEqual([
    404,
    'notFound',
    `The resource 'projects/${compute.project}/${path}' was not found`,
  ]);
  expect((await call('DELETE', `regions/${REGION}/operations/${operation.name}`)).status).toBe(204);
  expect((await call('GET', `regions/${REGION}/operations/${operation.name}`)).status).toBe(404);
});

test('a request that is sent again with its id begins nothing anew', async () => {
  const { call, refused } = compute;
  const requestId = randomUUID();
  const first = (await call('POST', `global/addresses?requestId=${requestId}`, { name: 'once' })).body;
  const again = await call('POST', `global/addresses?requestId=${requestId.toUpperCase()}`, { name: 'once' });
  expect([again.status, again.body.name, again.body.clientOperationId]).toEqual([200, first.name, requestId]);
  expect(first.clientOperationId).toBe(requestId);
  const other = await refused('DELETE', `global/addresses/once?requestId=${requestId}`);
  expect(other.slice(0, 2)).toEqual([400, 'invalid']);
  expect((await refused('POST', 'global/addresses?requestId=seven', { name: 'x' })).slice(0, 2)).toEqual([400, 'invalid']);
  expect((await refused('POST', 'global/addresses', { name: 'once' })).slice(0, 2)).toEqual([409, 'alreadyExists']);
});

test('what is refused leaves its request id free', async () => {
  const { call } = compute;
  const path = `global/addresses?requestId=${randomUUID()}`;
  expect((await call('POST', path, { name: 'Bad' })).status).toBe(400);
  expect((await call('POST', path, { name: 'good' })).status).toBe(200);
});

test('while an operation runs, its resource is not there yet and nothing else may touch it', async () => {
  // At this speed a change takes half a second.
  const slow = await startCompute({ speed: 20 });
  const { call, refused, project } = slow;
  const { body } = await call('POST', 'global/sslPolicies', { name: 'slow' });
  const path = `projects/${project}/global/sslPolicies/slow`;
  expect((await refused('GET', 'global/sslPolicies/slow'))[0]).toBe(404);
  expect(await refused('POST', 'global/sslPolicies', { name: 'slow' })).toEqual([
    409,
    'alreadyExists',
    `The resource '${path}' already exists`,
  ]);
  const notReady = [400, 'resourceNotReady', `The resource '${path}' is not ready`];
  expect(await refused('DELETE', 'global/sslPolicies/slow')).toEqual(notReady);
  expect(await refused('PATCH', 'global/sslPolicies/slow', { profile: 'MODERN' })).toEqual(notReady);
  await call('POST', `global/operations/${body.name}/wait`);
  const patch = (await call('PATCH', 'global/sslPolicies/slow', { profile: 'MODERN' })).body;
  expect((await slow.get('global/sslPolicies/slow')).profile).toBe('COMPATIBLE');
  // What was begun goes on after a restart.
  await slow.sim.restart();
  expect((await call('POST', `global/operations/${patch.name}/wait`)).body.status).toBe('DONE');
  expect((await slow.get('global/sslPolicies/slow')).profile).toBe('MODERN');
  await slow.remove();
});

test('a quota is exceeded inside of an operation that was taken', async () => {
  const small = await startCompute();
  const { call, refused } = small;
  const names = Array.from({ length: 762 }, (_, number) => `address-${number}`);
  const made = await Promise.all(names.map((name) => call('POST', 'global/addresses', { name })));
  expect(new Set(made.map(({ status }) => status))).toEqual(new Set([200]));
  const { status, body } = await call('POST', 'global/addresses', { name: 'one-more' });
  expect(status).toBe(200);
  const ended = await small.call('POST', `global/operations/${body.name}/wait`);
  expect([ended.status, ended.body]).toEqual([
    200,
    expect.objectContaining({
      status: 'DONE',
      httpErrorStatusCode: 403,
      httpErrorMessage: 'FORBIDDEN',
      error: { errors: [{ code: 'QUOTA_EXCEEDED', message: "Quota 'STATIC_ADDRESSES' exceeded.  Limit: 762.0 globally." }] },
    }),
  ]);
  expect((await refused('GET', 'global/addresses/one-more'))[0]).toBe(404);
  await small.remove();
});
