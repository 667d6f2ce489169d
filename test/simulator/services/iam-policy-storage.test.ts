import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const IAM = 'https://storage.googleapis.com/storage/v1/b/policy-bucket/iam';
const binding = { role: 'roles/storage.objectUser', members: ['user:a@example.com'] };

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['iam']);
  await sim.call('POST', `https://storage.googleapis.com/storage/v1/b?project=${PROJECT}`, { name: 'policy-bucket' });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

test("a bucket's policy has the form and the etags of Cloud Storage", async () => {
  const first = await sim.call('GET', IAM);
  expect(first.body).toMatchObject({
    kind: 'storage#policy',
    resourceId: 'projects/_/buckets/policy-bucket',
    etag: 'CAE=',
    version: 1,
  });
  const policy = { ...first.body, bindings: [...first.body.bindings, binding] };
  const second = await sim.call('PUT', IAM, policy);
  expect([second.body.etag, second.body.bindings.at(-1)]).toEqual(['CAI=', binding]);
  const stale = await sim.call('PUT', IAM, policy);
  expect([stale.status, stale.body.error.errors[0].reason]).toEqual([412, 'conditionNotMet']);
  expect((await sim.call('GET', IAM)).body).toEqual(second.body);
});

test('roles and accounts that do not exist are refused', async () => {
  const set = (change: object) => sim.call('PUT', IAM, { bindings: [{ ...binding, ...change }] });
  expect((await set({ role: 'roles/cloudobjectstorage.objectViewer' })).body.error.message).toBe(
    'Role roles/cloudobjectstorage.objectViewer is not supported for this resource.',
  );
  const ghost = await set({ members: [`serviceAccount:ghost@${PROJECT}.iam.gserviceaccount.com`] });
  expect([ghost.status, ghost.body.error.message]).toEqual([
    400,
    `Service account ghost@${PROJECT}.iam.gserviceaccount.com does not exist.`,
  ]);
  expect((await set({ condition: { title: 't', expression: 'true' } })).status).toBe(400);
  expect((await set({ members: ['allUsers'] })).status).toBe(200);
});

test('conditions come with version 3', async () => {
  const condition = { title: 'prefix', expression: "resource.name.startsWith('projects/_/buckets/policy-bucket/objects/a')" };
  const { body } = await sim.call('PUT', IAM, { version: 3, bindings: [{ ...binding, condition }] });
  expect([body.version, body.bindings[0].condition]).toEqual([3, condition]);
});
