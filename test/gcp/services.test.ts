import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createDockerRepository,
  deleteRepository,
  getRepository,
  patchRepository,
  repositoryAddress,
  repositoryPolicy,
} from '../../src/gcp/artifact-registry.ts';
import { getBillingInfo } from '../../src/gcp/billing.ts';
import { ensureGrants, type PolicyResource, revokeGrants } from '../../src/gcp/iam-policy.ts';
import { deploymentLabels } from '../../src/gcp/labels.ts';
import { getProject, projectAncestry, projectPolicy, searchProjects, testPermissions } from '../../src/gcp/projects.ts';
import { secretPolicy } from '../../src/gcp/secret-policy.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  latestVersion,
  listVersions,
} from '../../src/gcp/secret-versions.ts';
import { createSecret, deleteSecret, getSecret, listSecrets, patchSecret } from '../../src/gcp/secrets.ts';
import {
  createServiceAccount,
  deleteServiceAccount,
  getServiceAccount,
  serviceAccountEmail,
  serviceAccountPolicy,
} from '../../src/gcp/service-accounts.ts';
import { enabledServices, enableServices } from '../../src/gcp/serviceusage.ts';
import {
  bucketPolicy,
  createBucket,
  deleteBucket,
  deleteObject,
  getBucket,
  patchBucket,
  readObject,
  uploadObject,
} from '../../src/gcp/storage.ts';
import { type Opened, openOnSimulator } from './open.ts';

const LABELS = deploymentLabels('mlflow');
const MEMBER = 'user:someone@example.com';

let opened: Opened;
beforeAll(async () => {
  opened = await openOnSimulator();
  await opened.enable(
    'run',
    'secretmanager',
    'storage',
    'iam',
    'artifactregistry',
    'cloudresourcemanager',
    'cloudbilling',
    'cloudbuild',
  );
});
afterEach(async () => {
  await opened.simulator.control('DELETE', '/_simulator/faults');
  expect(opened.simulator.bugs).toEqual([]);
});
afterAll(() => opened.close());

async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await opened.requests()).length;
  await work();
  return (await opened.requests()).slice(before).map(({ call }) => call);
}

/** A role given, given again, and taken; with a conflict and a lost answer in between. */
async function exercisePolicy(resource: PolicyResource, role: string, writes: string): Promise<void> {
  const grants = [{ role, members: [MEMBER] }];
  expect(await ensureGrants(opened.google, resource, grants)).toBe(true);
  expect(await callsOf(async () => expect(await ensureGrants(opened.google, resource, grants)).toBe(false))).toHaveLength(1);
  expect((await resource.read()).bindings).toContainEqual({ role, members: [MEMBER] });
  await opened.fault({ match: writes, times: 1, status: 409 });
  expect(await revokeGrants(opened.google, resource, grants)).toBe(true);
  await opened.fault({ match: writes, times: 1, reset: true, after: true });
  await ensureGrants(opened.google, resource, grants);
  expect((await resource.read()).bindings).toContainEqual({ role, members: [MEMBER] });
  expect(await revokeGrants(opened.google, resource, grants)).toBe(true);
  expect((await resource.read()).bindings ?? []).not.toContainEqual({ role, members: [MEMBER] });
}

describe('service usage', () => {
  it('enables more services than fit into one call, and again without harm', async () => {
    const services =
      'run sqladmin secretmanager artifactregistry cloudbuild iam iamcredentials cloudresourcemanager serviceusage storage compute dns iap domains cloudbilling orgpolicy certificatemanager logging monitoring pubsub cloudfunctions'
        .split(' ')
        .map((name) => `${name}.googleapis.com`);
    const { google, projectNumber } = opened;
    const calls = await callsOf(() => enableServices(google, { projectNumber, services }));
    expect(calls.filter((call) => call.endsWith(':batchEnable'))).toHaveLength(2);
    const again = await callsOf(() => enableServices(google, { projectNumber, services: services.slice(0, 3) }));
    expect(again).toHaveLength(1);
    expect(await enabledServices(google, { projectNumber, services })).toEqual(new Set(services));
  });

  it('asks again when the answer of enabling was lost', async () => {
    await opened.fault({ match: 'POST serviceusage.*batchEnable', times: 2, reset: true, after: true });
    await enableServices(opened.google, { projectNumber: opened.projectNumber, services: ['sqladmin.googleapis.com'] });
  });
});

describe('projects', () => {
  it('reads a project, and tells one that is not there', async () => {
    const { google, project, projectNumber } = opened;
    expect(await getProject(google, { project })).toMatchObject({ projectId: project, projectNumber, state: 'ACTIVE' });
    expect(await getProject(google, { project: 'surely-not-there' })).toBeUndefined();
    expect((await searchProjects(google)).map(({ projectId }) => projectId)).toContain(project);
    expect((await projectAncestry(google, { project }))[0]).toEqual({ type: 'project', id: project });
    expect((await getBillingInfo(google, { project })).billingEnabled).toBe(true);
    const permissions = ['run.services.create', 'resourcemanager.projects.setIamPolicy'];
    expect(await testPermissions(google, { project, permissions })).toEqual(new Set(permissions));
    const many = Array.from({ length: 150 }, (_, index) => `run.services.p${index}`);
    expect(await callsOf(() => testPermissions(google, { project, permissions: many }).catch(() => undefined))).toHaveLength(2);
  });

  it('changes its policy', () => exercisePolicy(projectPolicy(opened.google, opened), 'roles/viewer', 'POST .*:setIamPolicy'));

  it('changes one policy from many places without losing a change', async () => {
    const { google } = opened;
    const members = Array.from({ length: 8 }, (_, index) => `user:person${index}@example.com`);
    const policy = projectPolicy(google, opened);
    await Promise.all(members.map((member) => ensureGrants(google, policy, [{ role: 'roles/browser', members: [member] }])));
    const binding = (await policy.read()).bindings?.find(({ role }) => role === 'roles/browser');
    expect(new Set(binding?.members)).toEqual(new Set(members));
  });
});

describe('service accounts', () => {
  const accountId = 'mlflow-server';
  const account = () => ({ project: opened.project, email: serviceAccountEmail({ project: opened.project, accountId }) });

  it('makes one, sees it three times in a row, and may then be granted roles at once', async () => {
    const { google, project } = opened;
    const { value: made, created } = await createServiceAccount(google, { project, accountId, displayName: 'MLflow server' });
    expect(created).toBe(true);
    expect(made).toMatchObject({ email: account().email, displayName: 'MLflow server', disabled: false });
    await ensureGrants(google, projectPolicy(google, opened), [
      { role: 'roles/cloudsql.client', members: [`serviceAccount:${made.email}`] },
    ]);
    const again = await createServiceAccount(google, { project, accountId, displayName: 'other' });
    expect(again).toMatchObject({ created: false, value: { uniqueId: made.uniqueId } });
  });

  it('looks a lost answer up', async () => {
    const { google, project } = opened;
    await opened.fault({ match: 'POST iam.*serviceAccounts', times: 1, reset: true, after: true });
    const calls = await callsOf(() => createServiceAccount(google, { project, accountId: 'mlflow-lost', displayName: 'x' }));
    expect(calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  it('changes who may act as it', () =>
    exercisePolicy(serviceAccountPolicy(opened.google, account()), 'roles/iam.serviceAccountUser', 'POST .*:setIamPolicy'));

  it('deletes it, and again', async () => {
    await deleteServiceAccount(opened.google, account());
    await deleteServiceAccount(opened.google, account());
    expect(await getServiceAccount(opened.google, account())).toBeUndefined();
  });
});

describe('artifact registry', () => {
  const repository = () => ({ project: opened.project, location: 'us-central1', repository: 'mlflow' });

  it('makes, changes and deletes a repository', async () => {
    const { google } = opened;
    expect(await getRepository(google, repository())).toBeUndefined();
    const made = await createDockerRepository(google, { ...repository(), description: 'images', labels: LABELS });
    expect(made).toMatchObject({ created: true, value: { format: 'DOCKER', labels: LABELS, description: 'images' } });
    expect((await createDockerRepository(google, { ...repository(), description: 'x', labels: {} })).created).toBe(false);
    await patchRepository(google, { ...repository(), labels: { ...LABELS, more: 'yes' } });
    expect((await getRepository(google, repository()))?.labels).toEqual({ ...LABELS, more: 'yes' });
    await exercisePolicy(repositoryPolicy(google, repository()), 'roles/artifactregistry.writer', 'POST .*:setIamPolicy');
    await deleteRepository(google, repository());
    await deleteRepository(google, repository());
    expect(repositoryAddress({ ...repository(), project: 'example.com:mine' })).toBe(
      'us-central1-docker.pkg.dev/example.com/mine/mlflow',
    );
  });

  it('looks a lost answer up, and calls what it finds its own', async () => {
    await opened.fault({ match: 'POST artifactregistry', times: 1, reset: true, after: true });
    const made = await createDockerRepository(opened.google, { ...repository(), description: '', labels: LABELS });
    expect(made.created).toBe(true);
  });

  it('sends it again when nothing came of it', async () => {
    await opened.fault({ match: 'POST artifactregistry', times: 2, status: 503 });
    const other = { ...repository(), repository: 'other' };
    expect((await createDockerRepository(opened.google, { ...other, description: '', labels: LABELS })).created).toBe(true);
  });
});

describe('secrets', () => {
  const secret = () => ({ project: opened.project, secretId: 'mlflow_database_url' });

  it('goes through the life of a secret', async () => {
    const { google, project } = opened;
    expect(await getSecret(google, secret())).toBeUndefined();
    expect(await latestVersion(google, secret())).toBeUndefined();
    expect(await createSecret(google, { ...secret(), labels: LABELS, locations: ['us-central1'] })).toMatchObject({
      created: true,
    });
    expect(await createSecret(google, { ...secret(), labels: {} })).toMatchObject({ created: false, value: { labels: LABELS } });
    expect(await latestVersion(google, secret())).toBeUndefined();
    expect(await accessVersion(google, secret())).toBeUndefined();
    const value = 'postgresql://ü:p%40ss@/db?host=/cloudsql/a:b:c\n';
    expect(await addVersion(google, { ...secret(), value })).toMatchObject({ version: '1', state: 'ENABLED' });
    expect(await accessVersion(google, secret())).toEqual({ version: '1', value });
    const second = await addVersion(google, { ...secret(), value: 'two' });
    expect(Date.parse(second.createTime)).toBeGreaterThan(Date.now() - 60_000);
    expect((await listVersions(google, secret())).map(({ version }) => version)).toEqual(['2', '1']);
    await disableVersion(google, { ...secret(), version: '2' });
    expect(await latestVersion(google, secret())).toMatchObject({ version: '1' });
    expect(await accessVersion(google, { ...secret(), version: '2' })).toBeUndefined();
    await destroyVersion(google, { ...secret(), version: '1' });
    expect(await accessVersion(google, { ...secret(), version: '1' })).toBeUndefined();
    await patchSecret(google, { ...secret(), labels: { ...LABELS, a: 'b' } });
    expect(await listSecrets(google, { project, labels: LABELS })).toMatchObject([
      { secretId: 'mlflow_database_url', labels: { a: 'b' } },
    ]);
    await exercisePolicy(secretPolicy(google, secret()), 'roles/secretmanager.secretAccessor', 'POST .*:setIamPolicy');
    await deleteSecret(google, secret());
    await deleteSecret(google, secret());
    expect(await getSecret(google, secret())).toBeUndefined();
  });

  it('adds one version, also when the answer is lost or the call fails', async () => {
    const { google, project } = opened;
    const one = { project, secretId: 'one' };
    await createSecret(google, { ...one, labels: LABELS });
    await opened.fault({ match: 'POST .*:addVersion', times: 1, reset: true, after: true });
    expect(await addVersion(google, { ...one, value: 'a' })).toMatchObject({ version: '1' });
    await opened.fault({ match: 'POST .*:addVersion', times: 1, status: 503 });
    expect(await addVersion(google, { ...one, value: 'b' })).toMatchObject({ version: '2' });
    expect(await listVersions(google, one)).toHaveLength(2);
  });
});

describe('storage', () => {
  const bucket = 'mlflow-artifacts-of-tests';
  const body = {
    name: bucket,
    location: 'US-CENTRAL1',
    labels: LABELS,
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
    softDeletePolicy: { retentionDurationSeconds: '604800' },
  };

  it('makes a bucket, changes it, and finds it there', async () => {
    const { google, project } = opened;
    expect(await createBucket(google, { project, body })).toMatchObject({
      created: true,
      value: { name: bucket, labels: LABELS },
    });
    expect(await createBucket(google, { project, body })).toMatchObject({ created: false });
    await patchBucket(google, { bucket, change: { versioning: { enabled: true } } });
    expect(await getBucket(google, { bucket })).toMatchObject({
      versioning: { enabled: true },
      iamConfiguration: body.iamConfiguration,
    });
    await exercisePolicy(bucketPolicy(google, { bucket }), 'roles/storage.objectUser', 'PUT storage.*/iam');
  });

  it('looks a lost answer up', async () => {
    const { google, project } = opened;
    await opened.fault({ match: 'POST storage', times: 1, reset: true, after: true });
    const made = await createBucket(google, { project, body: { ...body, name: 'mlflow-lost-answer' } });
    expect(made).toMatchObject({ created: true, value: { name: 'mlflow-lost-answer' } });
  });

  it('stores, reads from a place on, and deletes objects', async () => {
    const { google } = opened;
    const object = { bucket, object: 'source/a b+c.tgz' };
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    expect(await readObject(google, object)).toBeUndefined();
    await opened.fault({ match: 'POST storage', times: 1, reset: true });
    await uploadObject(google, { ...object, body: bytes, contentType: 'application/gzip' });
    expect((await readObject(google, object))?.equals(bytes)).toBe(true);
    expect((await readObject(google, { ...object, start: 299_990 }))?.equals(bytes.subarray(299_990))).toBe(true);
    expect(await readObject(google, { ...object, start: 300_000 })).toHaveLength(0);
    await opened.fault({ match: 'GET storage', times: 1, truncate: true });
    expect((await readObject(google, object))?.equals(bytes)).toBe(true);
    await deleteObject(google, object);
    await deleteObject(google, object);
    expect(await readObject(google, object)).toBeUndefined();
  });

  it('deletes a bucket only when it is told to delete what is in it', async () => {
    const { google } = opened;
    for (const name of ['a', 'b', 'c/d'])
      await uploadObject(google, { bucket, object: name, body: Buffer.from(name), contentType: 'text/plain' });
    await uploadObject(google, { bucket, object: 'a', body: Buffer.from('newer'), contentType: 'text/plain' });
    await expect(deleteBucket(google, { bucket })).rejects.toMatchObject({ failure: { status: 409 } });
    let deleted = 0;
    await deleteBucket(google, { bucket, withObjects: true, onObjects: (count) => (deleted = count) });
    expect(deleted).toBeGreaterThanOrEqual(4);
    await deleteBucket(google, { bucket });
    expect(await getBucket(google, { bucket })).toBeUndefined();
  });
});
