import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';

const B = 'https://storage.googleapis.com/storage/v1/b';
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator();
  const project = sim.project.projectId;
  await sim.call('POST', `${B}?project=${project}`, { name: 'with-lists' });
  const iamConfiguration = { uniformBucketLevelAccess: { enabled: true } };
  await sim.call('POST', `${B}?project=${project}`, { name: 'without-lists', iamConfiguration });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

test.each([
  ['acl', 'storage#bucketAccessControl'],
  ['defaultObjectAcl', 'storage#objectAccessControl'],
])('entries of %s are made, changed, listed and deleted', async (list, kind) => {
  const url = `${B}/with-lists/${list}`;
  expect((await sim.call('GET', url)).body.items).toHaveLength(3);
  const made = await sim.call('POST', url, { entity: 'user-ada@example.com', role: 'READER' });
  expect(made.body).toMatchObject({ kind, entity: 'user-ada@example.com', email: 'ada@example.com', role: 'READER' });
  const changed = await sim.call('PATCH', `${url}/user-ada@example.com`, { role: 'OWNER' });
  expect(changed.body.role).toBe('OWNER');
  expect(changed.body.etag).not.toBe(made.body.etag);
  expect((await sim.call('GET', `${B}/with-lists?projection=full`)).body[list]).toHaveLength(4);
  expect((await sim.call('DELETE', `${url}/user-ada@example.com`)).status).toBe(204);
  expect((await sim.call('GET', `${url}/user-ada@example.com`)).status).toBe(404);
  expect((await sim.call('GET', url)).body.items).toHaveLength(3);
});

test.each([{ role: 'READER' }, { entity: 'allUsers' }, { entity: 'allUsers', role: 'KING' }, { entity: 'ada', role: 'READER' }])(
  '%j is no entry',
  async (entry) => {
    expect((await sim.call('POST', `${B}/with-lists/acl`, entry)).status).toBe(400);
  },
);

test('with uniform access there are no lists', async () => {
  const read = await sim.call('GET', `${B}/without-lists/acl`);
  expect([read.status, read.body.error.message]).toEqual([400, expect.stringContaining('uniform bucket-level access')]);
  expect((await sim.call('POST', `${B}/without-lists/acl`, { entity: 'allUsers', role: 'READER' })).status).toBe(400);
});

test('notifications are kept with the bucket and go with it', async () => {
  const project = sim.project.projectId;
  await sim.call('POST', `${B}?project=${project}`, { name: 'that-notifies' });
  const url = `${B}/that-notifies/notificationConfigs`;
  const topic = `//pubsub.googleapis.com/projects/${project}/topics/changes`;
  const made = await sim.call('POST', url, { topic, payload_format: 'JSON_API_V1', event_types: ['OBJECT_FINALIZE'] });
  expect(made.body).toMatchObject({
    kind: 'storage#notification',
    id: '1',
    topic,
    etag: '1',
    selfLink: expect.stringContaining('/1'),
  });
  expect((await sim.call('POST', url, { topic, payload_format: 'NONE' })).body.id).toBe('2');
  expect((await sim.call('GET', url)).body.items).toHaveLength(2);
  expect((await sim.call('DELETE', `${url}/1`)).status).toBe(204);
  expect((await sim.call('GET', `${url}/1`)).status).toBe(404);
  expect((await sim.call('POST', url, { topic: 'changes', payload_format: 'NONE' })).status).toBe(400);
  expect((await sim.call('DELETE', `${B}/that-notifies`)).status).toBe(204);
  await sim.call('POST', `${B}?project=${project}`, { name: 'that-notifies' });
  expect((await sim.call('GET', url)).body.items).toBeUndefined();
});

test('autoclass shows since when, and to which class objects go at last', async () => {
  const project = sim.project.projectId;
  const { body } = await sim.call('POST', `${B}?project=${project}`, { name: 'with-autoclass', autoclass: { enabled: true } });
  expect(body.autoclass).toMatchObject({ enabled: true, terminalStorageClass: 'NEARLINE', toggleTime: body.timeCreated });
  const changed = await sim.call('PATCH', `${B}/with-autoclass`, { autoclass: { terminalStorageClass: 'ARCHIVE' } });
  expect(changed.body.autoclass).toMatchObject({ enabled: true, terminalStorageClass: 'ARCHIVE', toggleTime: body.timeCreated });
});
