import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { permissionOf } from '../../../src/local/simulator/services/iam-permission-table.ts';
import { roleHolds } from '../../../src/local/simulator/services/iam-role-permissions.ts';
import { predefinedRoles } from '../../../src/local/simulator/services/iam-roles.ts';
import type { Answer, TestSimulator } from '../../support/simulator.ts';
import { CRM, PROJECT, startChecked } from './checked-simulator.ts';

const SECRETS = `https://secretmanager.googleapis.com/v1/projects/${PROJECT}/secrets`;
const STORAGE = 'https://storage.googleapis.com';
const IAM = `https://iam.googleapis.com/v1/projects/${PROJECT}`;
const RUN = `https://run.googleapis.com/v2/projects/${PROJECT}/locations/us-central1/services`;
const SQL = `https://sqladmin.googleapis.com/v1/projects/${PROJECT}/instances`;
const RUNNER = `runner@${PROJECT}.iam.gserviceaccount.com`;
let sim: TestSimulator;
let ada: string;

beforeAll(async () => {
  sim = await startChecked(['cloudresourcemanager', 'iam', 'secretmanager', 'run', 'sqladmin', 'compute', 'artifactregistry']);
  await sim.call('POST', `${SECRETS}?secretId=own`, { replication: { automatic: {} } });
  await sim.call('POST', `${SECRETS}/own:addVersion`, { payload: { data: 'eA==' } });
  await sim.call('POST', `${STORAGE}/storage/v1/b?project=${PROJECT}`, { name: 'permitted-bucket' });
  await sim.call('POST', `${IAM}/serviceAccounts`, { accountId: 'runner' });
  ada = (await sim.control('POST', '/_simulator/tokens', { principal: 'user:ada@example.com' })).body.token;
  expect((await sim.control('GET', '/_simulator/permissions')).body).toEqual({ enforce: false });
  expect((await sim.control('POST', '/_simulator/permissions', { enforce: true })).body).toEqual({ enforce: true });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
beforeEach(() => grant({}));

/** Ada has these roles on the project, and nobody but the owner has any other. */
async function grant(roles: Record<string, object | undefined>): Promise<void> {
  const granted = Object.entries(roles).map(([role, condition]) => ({ role, members: ['user:ada@example.com'], condition }));
  const policy = { version: 3, bindings: [{ role: 'roles/owner', members: ['user:user@example.com'] }, ...granted] };
  const set = await sim.call('POST', `${CRM}:setIamPolicy`, { policy });
  expect(set.status).toBe(200);
}
const as = (token: string, method: string, url: string, body?: unknown): Promise<Answer> =>
  sim.call(method, url, body, { token });
const secret = () => as(ada, 'GET', `${SECRETS}/own/versions/1:access`);

describe('who may do what', () => {
  test('who has no role is refused, with the name of the permission', async () => {
    const { status, body } = await secret();
    expect(status).toBe(403);
    expect(body.error).toMatchObject({
      status: 'PERMISSION_DENIED',
      message: expect.stringContaining('secretmanager.versions.access'),
    });
    expect(body.error.details[0]).toMatchObject({
      reason: 'IAM_PERMISSION_DENIED',
      domain: 'iam.googleapis.com',
      metadata: { permission: 'secretmanager.versions.access', resource: `projects/${PROJECT}/secrets/own/versions/1` },
    });
  });

  test('the person who uses the simulator owns its project, whatever token is sent', async () => {
    expect((await as('anything', 'GET', `${SECRETS}/own/versions/1:access`)).status).toBe(200);
  });

  test('a role on the project lets in, and a role that does not hold the permission does not', async () => {
    await grant({ 'roles/secretmanager.viewer': undefined });
    expect((await as(ada, 'GET', `${SECRETS}/own`)).status).toBe(200);
    expect((await secret()).status).toBe(403);
    await grant({ 'roles/secretmanager.secretAccessor': undefined });
    expect((await secret()).status).toBe(200);
  });

  test('a role on the resource alone is enough there', async () => {
    const policy = { bindings: [{ role: 'roles/secretmanager.secretAccessor', members: ['user:ada@example.com'] }] };
    await sim.call('POST', `${SECRETS}/own:setIamPolicy`, { policy });
    expect((await secret()).status).toBe(200);
    expect((await as(ada, 'GET', SECRETS)).status).toBe(403);
    await sim.call('POST', `${SECRETS}/own:setIamPolicy`, { policy: { bindings: [] } });
    expect((await secret()).status).toBe(403);
  });

  test('a grant that has run out is none', async () => {
    const until = (time: string) => ({ title: 'until', expression: `request.time < timestamp("${time}")` });
    await grant({ 'roles/secretmanager.secretAccessor': until('2001-01-01T00:00:00Z') });
    expect((await secret()).status).toBe(403);
    await grant({ 'roles/secretmanager.secretAccessor': until('2201-01-01T00:00:00Z') });
    expect((await secret()).status).toBe(200);
  });

  test("a role of one's own holds what was put into it", async () => {
    const role = { title: 'Reader', includedPermissions: ['secretmanager.versions.access'] };
    const made = await sim.call('POST', `${IAM}/roles`, { roleId: 'secretReader', role });
    await grant({ [made.body.name]: undefined });
    expect((await secret()).status).toBe(200);
  });

  test('an editor does much, but sets no policies and reads no secrets', async () => {
    await grant({ 'roles/editor': undefined });
    expect((await as(ada, 'POST', `${SECRETS}?secretId=by-ada`, { replication: { automatic: {} } })).status).toBe(200);
    expect((await as(ada, 'POST', `${CRM}:setIamPolicy`, { policy: {} })).body.error.details[0].metadata.permission).toBe(
      'resourcemanager.projects.setIamPolicy',
    );
    expect((await secret()).status).toBe(403);
  });

  test('deploying a service needs to act as its account too', async () => {
    await grant({ 'roles/run.developer': undefined });
    const service = {
      template: { serviceAccount: RUNNER, containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] },
    };
    const refused = await as(ada, 'POST', `${RUN}?serviceId=hello`, service);
    expect(refused.body.error.details[0].metadata.permission).toBe('iam.serviceAccounts.actAs');
    await grant({ 'roles/run.developer': undefined, 'roles/iam.serviceAccountUser': undefined });
    expect((await as(ada, 'POST', `${RUN}?serviceId=hello&validateOnly=true`, service)).status).not.toBe(403);
  });
});

test('each API refuses in its own words', async () => {
  const errorOf = async (url: string) => (await as(ada, 'GET', url)).body.error;
  expect(await errorOf(SQL)).toEqual({
    code: 403,
    message: 'The client is not authorized to make this request.',
    errors: [{ domain: 'global', reason: 'notAuthorized', message: 'The client is not authorized to make this request.' }],
  });
  expect((await errorOf(`${STORAGE}/storage/v1/b/permitted-bucket`)).message).toBe(
    "ada@example.com does not have storage.buckets.get access to the Google Cloud Storage bucket. Permission 'storage.buckets.get' denied on resource (or it may not exist).",
  );
  expect((await errorOf(`https://compute.googleapis.com/compute/v1/projects/${PROJECT}/global/addresses`)).message).toBe(
    `Required 'compute.globalAddresses.list' permission for 'projects/${PROJECT}'`,
  );
  expect((await errorOf(RUN)).message).toBe(
    `Permission 'run.services.list' denied on resource '//run.googleapis.com/projects/${PROJECT}/locations/us-central1' (or it may not exist).`,
  );
});

test('uploads and downloads are asked about as well', async () => {
  const upload = () => as(ada, 'POST', `${STORAGE}/upload/storage/v1/b/permitted-bucket/o?uploadType=media&name=a`, 'text');
  const download = () => as(ada, 'GET', `${STORAGE}/storage/v1/b/permitted-bucket/o/a?alt=media`);
  expect([(await upload()).status, (await download()).status]).toEqual([403, 403]);
  await grant({ 'roles/storage.objectCreator': undefined });
  expect([(await upload()).status, (await download()).status]).toEqual([200, 403]);
  await grant({ 'roles/storage.objectViewer': undefined });
  expect([(await upload()).status, (await download()).status]).toEqual([403, 200]);
});

test('access lists of buckets are asked about as well', async () => {
  const lists = `${STORAGE}/storage/v1/b/permitted-bucket`;
  const entry = { entity: 'user-b@example.com', role: 'READER' };
  const statuses = async () => [
    (await as(ada, 'GET', `${lists}/acl`)).status,
    (await as(ada, 'POST', `${lists}/acl`, entry)).status,
    (await as(ada, 'GET', `${lists}/defaultObjectAcl`)).status,
    (await as(ada, 'POST', `${lists}/defaultObjectAcl`, entry)).status,
  ];
  expect(await statuses()).toEqual([403, 403, 403, 403]);
  await grant({ 'roles/storage.bucketViewer': undefined });
  expect(await statuses()).toEqual([403, 403, 200, 403]);
  await grant({ 'roles/storage.admin': undefined });
  expect(await statuses()).toEqual([200, 200, 200, 200]);
});

test('who pulls and pushes images is asked as well', async () => {
  const repositories = `https://artifactregistry.googleapis.com/v1/projects/${PROJECT}/locations/us-central1/repositories`;
  await sim.call('POST', `${repositories}?repositoryId=images`, { format: 'DOCKER' });
  await sim.until(`${repositories}/images`, ({ name }) => name !== undefined);
  const image = `https://us-central1-docker.pkg.dev/v2/${PROJECT}/images/app`;
  const pull = async () => (await as(ada, 'GET', `${image}/manifests/latest`)).body.errors[0];
  const push = async () => (await as(ada, 'POST', `${image}/blobs/uploads/`)).status;
  expect(await pull()).toEqual({
    code: 'DENIED',
    message: `Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/${PROJECT}/locations/us-central1/repositories/images" (or it may not exist)`,
  });
  await grant({ 'roles/artifactregistry.reader': undefined });
  expect([(await pull()).code, await push()]).toEqual(['MANIFEST_UNKNOWN', 403]);
  await grant({});
  const policy = { bindings: [{ role: 'roles/artifactregistry.writer', members: ['user:ada@example.com'] }] };
  expect((await sim.call('POST', `${repositories}/images:setIamPolicy`, { policy })).status).toBe(200);
  expect(await push()).toBe(202);
});

test('an owner makes buckets, and what he may do with them their own policies say', async () => {
  const held = async () => {
    const permissions = ['storage.buckets.create', 'storage.buckets.get', 'storage.buckets.setIamPolicy'];
    return (await sim.call('POST', `${CRM}:testIamPermissions`, { permissions })).body.permissions;
  };
  expect(await held()).toEqual(['storage.buckets.create']);
  const uniform = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
  await sim.call('POST', `${STORAGE}/storage/v1/b?project=${PROJECT}`, { name: 'owned-bucket', ...uniform });
  const bucket = `${STORAGE}/storage/v1/b/owned-bucket`;
  const { body } = await sim.call('GET', `${bucket}/iam`);
  expect((await sim.call('PUT', `${bucket}/iam`, body)).status).toBe(200);
  const viewers = { bindings: [{ role: 'roles/storage.objectViewer', members: ['user:b@example.com'] }] };
  expect((await sim.call('PUT', `${bucket}/iam`, viewers)).status).toBe(200);
  expect((await sim.call('GET', bucket)).status).toBe(403);
});

test('testIamPermissions tells the truth', async () => {
  const permissions = ['run.services.create', 'run.services.get', 'run.services.setIamPolicy'];
  const test = async () => (await as(ada, 'POST', `${CRM}:testIamPermissions`, { permissions })).body.permissions;
  expect(await test()).toBeUndefined();
  await grant({ 'roles/run.viewer': undefined });
  expect(await test()).toEqual(['run.services.get']);
  await grant({ 'roles/run.developer': undefined });
  expect(await test()).toEqual(['run.services.create', 'run.services.get']);
});

test('it stays on through a restart', async () => {
  await sim.restart();
  expect((await secret()).status).toBe(403);
});

test.each([{ enforce: 'yes' }, {}, 'nonsense'])('%j is no way to switch it', async (body) => {
  expect((await sim.control('POST', '/_simulator/permissions', body)).status).toBe(400);
});

test.each([{}, { principal: 'ada@example.com' }, { principal: 'group:a@example.com' }])('no token for %j', async (body) => {
  expect((await sim.control('POST', '/_simulator/tokens', body)).status).toBe(400);
});

describe('the tables', () => {
  test.each([
    ['run', 'run.projects.locations.services.patch', 'run.services.update'],
    ['run', 'run.namespaces.services.replaceService', 'run.services.update'],
    ['sqladmin', 'sql.instances.insert', 'cloudsql.instances.create'],
    ['iam', 'iam.projects.serviceAccounts.keys.create', 'iam.serviceAccountKeys.create'],
    ['iam', 'iam.projects.roles.create', 'iam.roles.create'],
    ['iam', 'iam.roles.list', undefined],
    ['cloudresourcemanager', 'cloudresourcemanager.projects.create', undefined],
    ['storage', 'storage.objects.rewrite', 'storage.objects.create'],
  ])('%s %s needs %s', (api, method, permission) => expect(permissionOf(api, method)).toBe(permission));

  test.each(predefinedRoles.filter((role) => /\.viewer$|\/viewer$/.test(role)))('%s changes nothing', (role) => {
    for (const permission of [
      'run.services.create',
      'secretmanager.versions.access',
      'cloudsql.instances.delete',
      'storage.objects.get',
    ])
      expect(roleHolds(role, permission)).toBe(false);
  });
});
