import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';

const B = 'https://storage.googleapis.com/storage/v1/b';
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator();
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const make = (name: string, body: object = {}) => sim.call('POST', `${B}?project=${sim.project.projectId}`, { name, ...body });

test('a new bucket has the defaults that Google fills in', async () => {
  const { status, body } = await make('defaults-1');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    kind: 'storage#bucket',
    id: 'defaults-1',
    location: 'US',
    locationType: 'multi-region',
    rpo: 'DEFAULT',
    storageClass: 'STANDARD',
    metageneration: '1',
    etag: 'CAE=',
    projectNumber: sim.project.projectNumber,
    softDeletePolicy: { retentionDurationSeconds: '604800' },
    iamConfiguration: { publicAccessPrevention: 'inherited', uniformBucketLevelAccess: { enabled: false } },
  });
  expect(body.acl).toBeUndefined();
  const regional = await make('defaults-2', {
    location: 'us-central1',
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
  });
  expect(regional.body).toMatchObject({ location: 'US-CENTRAL1', locationType: 'region' });
  expect(regional.body.rpo).toBeUndefined();
  expect(Date.parse(regional.body.iamConfiguration.uniformBucketLevelAccess.lockedTime)).toBeGreaterThan(Date.now() + 89 * 864e5);
});

test.each([
  ['Upper', 400],
  ['ab', 400],
  ['-dash', 400],
  ['192.168.5.4', 400],
  ['goog-x', 400],
  ['my-google-data', 400],
  ['a'.repeat(64), 400],
  ['under_score-ok1', 200],
  ['some.domain.org', 403],
])('the name %s answers %i', async (name, status) => {
  expect((await make(name)).status).toBe(status);
});

test('an unknown location, class or label is refused', async () => {
  expect((await make('bad-place', { location: 'mars-1' })).body.error).toMatchObject({
    code: 400,
    errors: [{ reason: 'invalid', domain: 'global' }],
  });
  expect((await make('bad-class', { storageClass: 'FAST' })).status).toBe(400);
  expect((await make('bad-label', { labels: { 'A B': 'x' } })).status).toBe(400);
  expect((await make('bad-soft', { softDeletePolicy: { retentionDurationSeconds: '5' } })).status).toBe(400);
});

test('names are unique, and a second creation says who owns it', async () => {
  await make('twice-1');
  const again = await make('twice-1');
  expect(again.status).toBe(409);
  expect(again.body.error.message).toContain('you already own it');
  expect(again.body.error.errors[0].reason).toBe('conflict');
});

test('a patch merges, null removes, and the full projection comes back', async () => {
  await make('patched-1', { labels: { one: 'a', two: 'b' } });
  const patched = await sim.call('PATCH', `${B}/patched-1`, {
    labels: { one: null, three: 'c' },
    versioning: { enabled: true },
    softDeletePolicy: { retentionDurationSeconds: '0' },
  });
  expect(patched.body).toMatchObject({
    metageneration: '2',
    etag: 'CAI=',
    labels: { two: 'b', three: 'c' },
    versioning: { enabled: true },
  });
  expect(patched.body.labels.one).toBeUndefined();
  expect(patched.body.softDeletePolicy).toEqual({ retentionDurationSeconds: '0' });
  expect(patched.body.acl).toHaveLength(3);
  expect(patched.body.owner.entity).toBe(`project-owners-${sim.project.projectNumber}`);
  expect((await sim.call('GET', `${B}/patched-1`)).body.acl).toBeUndefined();
});

test('ifMetagenerationMatch decides', async () => {
  await make('matched-1');
  const stale = await sim.call('PATCH', `${B}/matched-1?ifMetagenerationMatch=7`, { labels: { a: 'b' } });
  expect(stale.status).toBe(412);
  expect(stale.body.error.errors[0]).toMatchObject({ reason: 'conditionNotMet', locationType: 'header', location: 'If-Match' });
  expect((await sim.call('PATCH', `${B}/matched-1?ifMetagenerationMatch=1`, { labels: { a: 'b' } })).status).toBe(200);
  expect((await sim.call('GET', `${B}/matched-1?ifMetagenerationNotMatch=2`)).status).toBe(304);
});

test('lists by project and prefix, in pages', async () => {
  for (const name of ['list-a', 'list-b', 'list-c']) await make(name);
  const first = await sim.call('GET', `${B}?project=${sim.project.projectNumber}&prefix=list-&maxResults=2`);
  expect(first.body.items.map((item: { name: string }) => item.name)).toEqual(['list-a', 'list-b']);
  const second = await sim.call(
    'GET',
    `${B}?project=${sim.project.projectId}&prefix=list-&maxResults=2&pageToken=${first.body.nextPageToken}`,
  );
  expect(second.body.items.map((item: { name: string }) => item.name)).toEqual(['list-c']);
  expect(second.body.nextPageToken).toBeUndefined();
  expect((await sim.call('GET', `${B}?prefix=x`)).status).toBe(400);
});

test('a bucket with objects cannot be deleted; an empty one goes', async () => {
  await make('full-1');
  await sim.call('POST', 'https://storage.googleapis.com/upload/storage/v1/b/full-1/o?uploadType=media&name=x', 'hello');
  const refused = await sim.call('DELETE', `${B}/full-1`);
  expect(refused.status).toBe(409);
  expect(refused.body.error.message).toBe('The bucket you tried to delete is not empty.');
  expect((await sim.call('DELETE', `${B}/full-1/o/x`)).status).toBe(204);
  expect((await sim.call('DELETE', `${B}/full-1`)).status).toBe(204);
  expect((await sim.call('GET', `${B}/full-1`)).body.error.message).toBe('The specified bucket does not exist.');
});

test('policies start with the project’s teams, refuse a stale etag and public members where they are prevented', async () => {
  await make('policy-1', {
    iamConfiguration: { publicAccessPrevention: 'enforced', uniformBucketLevelAccess: { enabled: true } },
  });
  const policy = (await sim.call('GET', `${B}/policy-1/iam`)).body;
  expect(policy).toMatchObject({ kind: 'storage#policy', resourceId: 'projects/_/buckets/policy-1' });
  expect(policy.bindings[0].members).toContain(`projectOwner:${sim.project.projectId}`);
  const open = { ...policy, bindings: [...policy.bindings, { role: 'roles/storage.objectViewer', members: ['allUsers'] }] };
  const refused = await sim.call('PUT', `${B}/policy-1/iam`, open);
  expect(refused.status).toBe(412);
  expect(refused.body.error.message).toContain('public access prevention is enforced');
  const grant = {
    ...policy,
    bindings: [...policy.bindings, { role: 'roles/storage.objectUser', members: ['user:a@example.com'] }],
  };
  expect((await sim.call('PUT', `${B}/policy-1/iam`, grant)).status).toBe(200);
  expect((await sim.call('PUT', `${B}/policy-1/iam`, grant)).status).toBe(412);
  const granted = await sim.call(
    'GET',
    `${B}/policy-1/iam/testPermissions?permissions=storage.objects.get&permissions=storage.buckets.get`,
  );
  expect(granted.body.permissions).toEqual(['storage.objects.get', 'storage.buckets.get']);
});

test('the account of Cloud Storage itself has an address', async () => {
  const { body } = await sim.call(
    'GET',
    `https://storage.googleapis.com/storage/v1/projects/${sim.project.projectId}/serviceAccount`,
  );
  expect(body.email_address).toBe(`service-${sim.project.projectNumber}@gs-project-accounts.iam.gserviceaccount.com`);
});
