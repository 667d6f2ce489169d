import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { CRM, PROJECT, startChecked } from './checked-simulator.ts';

const V3 = 'https://cloudresourcemanager.googleapis.com/v3';
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['cloudresourcemanager', 'iam', 'cloudbilling']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

describe('projects', () => {
  test('the project can be read by id and number, in both versions', async () => {
    const { projectNumber } = sim.project;
    expect((await sim.call('GET', CRM)).body).toMatchObject({ projectId: PROJECT, projectNumber, lifecycleState: 'ACTIVE' });
    expect((await sim.call('GET', `${V3}/projects/${projectNumber}`)).body).toMatchObject({
      name: `projects/${projectNumber}`,
      projectId: PROJECT,
      state: 'ACTIVE',
    });
    expect((await sim.call('POST', `${CRM}:getAncestry`, {})).body).toEqual({
      ancestor: [{ resourceId: { type: 'project', id: PROJECT } }],
    });
  });

  test('an unknown one is 403, as Google tells nobody what exists', async () => {
    const { status, body } = await sim.call('GET', 'https://cloudresourcemanager.googleapis.com/v1/projects/nobodys-project');
    expect(status).toBe(403);
    expect(body.error).toMatchObject({ message: 'The caller does not have permission', status: 'PERMISSION_DENIED' });
  });

  test('lists and searches filter', async () => {
    const found = async (query: string) =>
      (await sim.call('GET', `${V3}/projects:search?query=${encodeURIComponent(query)}`)).body.projects?.length ?? 0;
    expect(await found(`id:${PROJECT}`)).toBe(1);
    expect(await found('id:mlflow-* state:ACTIVE')).toBe(1);
    expect(await found('id:other')).toBe(0);
    const { body } = await sim.call(
      'GET',
      `https://cloudresourcemanager.googleapis.com/v1/projects?filter=lifecycleState:ACTIVE`,
    );
    expect(body.projects[0].projectId).toBe(PROJECT);
  });

  test('labels are changed by mask', async () => {
    const url = `${V3}/projects/${PROJECT}?updateMask=labels`;
    const { body } = await sim.call('PATCH', url, { labels: { team: 'ml' }, displayName: 'ignored' });
    expect(body.response).toMatchObject({ labels: { team: 'ml' }, displayName: PROJECT });
  });
});

describe('the policy of the project', () => {
  const get = async (version?: number) =>
    (await sim.call('POST', `${CRM}:getIamPolicy`, version === undefined ? {} : { options: { requestedPolicyVersion: version } }))
      .body;
  const set = (policy: object) => sim.call('POST', `${CRM}:setIamPolicy`, { policy });
  const condition = { title: 'only-then', expression: 'request.time < timestamp("2030-01-01T00:00:00Z")' };
  const owner = { role: 'roles/owner', members: ['user:user@example.com'] };
  beforeEach(() => set({ bindings: [owner], version: 3 }));

  test('read, changed and written back', async () => {
    const policy = await get(3);
    const bindings = [...policy.bindings, { role: 'roles/run.admin', members: ['user:a@example.com'] }];
    const { status, body } = await set({ ...policy, bindings });
    expect(status).toBe(200);
    expect(body.etag).not.toBe(policy.etag);
    expect((await get()).bindings).toEqual(bindings);
  });

  test('a stale etag is 409 ABORTED and changes nothing', async () => {
    const { etag } = await get();
    await set({ bindings: [owner, { role: 'roles/viewer', members: ['user:a@example.com'] }], etag });
    const refused = await set({ bindings: [owner], etag });
    expect(refused.body.error).toMatchObject({ code: 409, status: 'ABORTED' });
    expect((await get()).bindings).toHaveLength(2);
    expect((await set({ bindings: [owner], etag: 'c3RhbGU=' })).status).toBe(409);
  });

  test('without an etag it is overwritten', async () => {
    expect((await set({ bindings: [{ role: 'roles/viewer', members: ['user:b@example.com'] }] })).status).toBe(200);
    expect((await get()).bindings).toEqual([{ role: 'roles/viewer', members: ['user:b@example.com'] }]);
  });

  test('bindings of one role are put together, members once, empty ones dropped', async () => {
    const { body } = await set({
      bindings: [
        { role: 'roles/viewer', members: ['user:A@Example.com', 'user:a@example.com'] },
        { role: 'roles/viewer', members: ['group:g@example.com'] },
        { role: 'roles/editor', members: [] },
      ],
    });
    expect(body.bindings).toEqual([{ role: 'roles/viewer', members: ['user:a@example.com', 'group:g@example.com'] }]);
    expect(body.version).toBe(1);
  });

  test('conditions need version 3 and come back to those who ask for it', async () => {
    const conditional = { role: 'roles/viewer', members: ['user:a@example.com'], condition };
    expect((await set({ bindings: [conditional] })).status).toBe(400);
    expect((await set({ bindings: [conditional], version: 3 })).body.version).toBe(3);
    expect((await get(3)).bindings[0].condition).toEqual(condition);
    const old = await get();
    expect(old.version).toBe(1);
    expect(old.bindings[0].role).toMatch(/^roles\/viewer_withcond_[0-9a-f]{20}$/);
    expect((await set({ bindings: [owner], version: 1, etag: old.etag })).status).toBe(400);
  });

  test.each([
    [
      'a role that does not exist',
      { role: 'roles/cloudrun.invoker', members: ['user:a@example.com'] },
      'Role roles/cloudrun.invoker is not supported for this resource.',
    ],
    [
      'a custom role that does not exist',
      { role: `projects/${PROJECT}/roles/none`, members: ['user:a@example.com'] },
      'is not supported',
    ],
    ['a member without a type', { role: 'roles/viewer', members: ['a@example.com'] }, 'unknown type'],
    ['a member of another type', { role: 'roles/viewer', members: ['robot:a@example.com'] }, 'unknown type'],
    ['everybody', { role: 'roles/viewer', members: ['allUsers'] }, 'allUsers'],
    [
      'a service account that was never made',
      { role: 'roles/viewer', members: [`serviceAccount:ghost@${PROJECT}.iam.gserviceaccount.com`] },
      `Service account ghost@${PROJECT}.iam.gserviceaccount.com does not exist.`,
    ],
  ])('%s is refused', async (_, binding, message) => {
    const { status, body } = await set({ bindings: [owner, binding] });
    expect([status, body.error.status]).toEqual([400, 'INVALID_ARGUMENT']);
    expect(body.error.message).toContain(message);
    expect((await get()).bindings).toEqual([owner]);
  });

  test('permissions are tested, in their form and at most a hundred', async () => {
    const test = (permissions: string[]) => sim.call('POST', `${CRM}:testIamPermissions`, { permissions });
    expect((await test(['run.services.create'])).body).toEqual({ permissions: ['run.services.create'] });
    expect((await test(['run.*'])).status).toBe(400);
    expect((await test(Array.from({ length: 101 }, (_, n) => `run.services.create${n}`))).status).toBe(400);
  });
});

test('the billing account is listed and belongs to the project', async () => {
  const { billingAccounts } = (await sim.call('GET', 'https://cloudbilling.googleapis.com/v1/billingAccounts')).body;
  const info = await sim.call('GET', `https://cloudbilling.googleapis.com/v1/projects/${PROJECT}/billingInfo`);
  expect(info.body).toEqual({
    name: `projects/${PROJECT}/billingInfo`,
    projectId: PROJECT,
    billingAccountName: billingAccounts[0].name,
    billingEnabled: true,
  });
  const refused = await sim.call('PUT', `https://cloudbilling.googleapis.com/v1/projects/${PROJECT}/billingInfo`, {
    billingAccountName: 'billingAccounts/ABCDEF-ABCDEF-ABCDEF',
  });
  expect(refused.status).toBe(403);
});

describe('another project', () => {
  const V1 = 'https://cloudresourcemanager.googleapis.com/v1';
  const id = 'second-project';
  const mine = async () => (await sim.call('GET', `${V1}/projects?filter=id:${id}`)).body.projects ?? [];

  test('is made by an operation, without billing, owned by its maker', async () => {
    const parent = { type: 'folder', id: '1234' };
    const started = await sim.call('POST', `${V1}/projects`, { projectId: id, name: 'Second', labels: { a: 'b' }, parent });
    expect(Object.keys(started.body)).toEqual(['name']);
    const { body } = await sim.until(`${V1}/${started.body.name}`, ({ done }) => done);
    expect(body.response).toMatchObject({ projectId: id, name: 'Second', labels: { a: 'b' }, parent, lifecycleState: 'ACTIVE' });
    expect((await sim.call('GET', `${V3}/projects/${body.response.projectNumber}`)).body).toMatchObject({
      projectId: id,
      parent: 'folders/1234',
    });
    expect((await sim.call('POST', `${V1}/projects/${id}:getAncestry`, {})).body.ancestor).toHaveLength(2);
    const billing = await sim.call('GET', `https://cloudbilling.googleapis.com/v1/projects/${id}/billingInfo`);
    expect(billing.body).toMatchObject({ billingAccountName: '', billingEnabled: false });
    const policy = await sim.call('POST', `${V1}/projects/${id}:getIamPolicy`, {});
    expect(policy.body.bindings).toEqual([{ role: 'roles/owner', members: ['user:user@example.com'] }]);
    expect((await sim.call('POST', `${V1}/projects`, { projectId: id })).body.error).toMatchObject({
      code: 409,
      status: 'ALREADY_EXISTS',
    });
  });

  test('has services and accounts of its own', async () => {
    const url = `https://serviceusage.googleapis.com/v1/projects/${id}/services/iam.googleapis.com`;
    expect((await sim.call('GET', url)).body.state).toBe('DISABLED');
    const { name } = (await sim.call('POST', `${url}:enable`, {})).body;
    await sim.until(`https://serviceusage.googleapis.com/v1/${name}`, ({ done }) => done);
    const member = `serviceAccount:nobody@${id}.iam.gserviceaccount.com`;
    const policy = { bindings: [{ role: 'roles/viewer', members: [member] }] };
    expect((await sim.call('POST', `${V1}/projects/${id}:setIamPolicy`, { policy })).body.error.message).toContain(
      'does not exist',
    );
    const made = await sim.call('POST', `https://iam.googleapis.com/v1/projects/${id}/serviceAccounts`, { accountId: 'nobody' });
    expect(made.body.email).toBe(`nobody@${id}.iam.gserviceaccount.com`);
  });

  test('waits to be deleted, and can be had back', async () => {
    expect((await sim.call('DELETE', `${V1}/projects/${id}`)).body).toEqual({});
    expect((await mine()).map((project: { lifecycleState: string }) => project.lifecycleState)).toEqual(['DELETE_REQUESTED']);
    expect((await sim.call('DELETE', `${V1}/projects/${id}`)).status).toBe(400);
    await sim.call('POST', `${V1}/projects/${id}:undelete`, {});
    expect((await mine())[0].lifecycleState).toBe('ACTIVE');
    expect((await sim.call('DELETE', CRM)).status).toBe(403);
  });

  test.each(['Upper', 'short', '1digit-first', 'ends-with-', 'a'.repeat(31)])('the id %s is refused', async (projectId) => {
    expect((await sim.call('POST', `${V1}/projects`, { projectId })).status).toBe(400);
  });
});
