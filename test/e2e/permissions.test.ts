import { expect, test } from 'vitest';
import { isRead, startCloud } from '../support/deployment.ts';
import { runChild } from '../support/program.ts';

const ADA = 'user:ada@example.com';
/** What init needs; each test leaves one out. */
const ROLES = [
  'roles/browser',
  'roles/serviceusage.serviceUsageAdmin',
  'roles/iam.serviceAccountAdmin',
  'roles/resourcemanager.projectIamAdmin',
  'roles/artifactregistry.admin',
  'roles/storage.admin',
  'roles/cloudsql.admin',
  'roles/secretmanager.admin',
  'roles/run.viewer',
];

/** A cloud where policies decide, and Ada has these roles in the project. */
async function startAs(roles: string[]) {
  const cloud = await startCloud();
  const { simulator } = cloud;
  const url = `https://cloudresourcemanager.googleapis.com/v3/projects/${simulator.project.projectId}`;
  const grant = async (more: string[]): Promise<void> => {
    const policy = (await simulator.call('POST', `${url}:getIamPolicy`, {})).body;
    const bindings = [...(policy.bindings ?? []), ...more.map((role) => ({ role, members: [ADA] }))];
    expect((await simulator.call('POST', `${url}:setIamPolicy`, { policy: { ...policy, bindings } })).status).toBe(200);
  };
  await grant(roles);
  const { token } = (await simulator.control('POST', '/_simulator/tokens', { principal: ADA })).body;
  await simulator.control('POST', '/_simulator/permissions', { enforce: true });
  const env = {
    ...cloud.env,
    CLOUDSDK_AUTH_ACCESS_TOKEN: token,
    GOOGLE_CLOUD_PROJECT: simulator.project.projectId,
    CI: 'true',
  };
  return { ...cloud, grant, run: (...args: string[]) => runChild(args, { env, cwd: cloud.folder }) };
}

const writes = async (cloud: Awaited<ReturnType<typeof startAs>>, after: number) =>
  (await cloud.requests()).slice(after).filter((request) => !isRead(request));

test('with the roles that it needs init makes everything', async () => {
  const cloud = await startAs(ROLES);
  const { status, stdout } = await cloud.run('init', '--yes', '--json');
  expect(`${status} ${stdout.slice(0, 600)}`).toMatch(/^0 /);
});

test('an owner of the project, whose role says little of buckets, makes everything and mends it', async () => {
  const cloud = await startAs(['roles/owner']);
  const { projectId } = cloud.simulator.project;
  const made = await cloud.run('init', '--yes', '--json');
  expect(`${made.status} ${made.stdout.slice(0, 600)}`).toMatch(/^0 /);
  const bucket = `https://storage.googleapis.com/storage/v1/b/${projectId}-mlflow-artifacts`;
  const labels = { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' };
  await cloud.simulator.call('PATCH', bucket, { labels, iamConfiguration: { publicAccessPrevention: 'inherited' } });
  const again = await cloud.run('init', '--yes', '--json');
  expect(`${again.status} ${again.stdout.slice(0, 600)}`).toMatch(/^0 /);
  expect((await cloud.simulator.call('GET', bucket)).body.iamConfiguration.publicAccessPrevention).toBe('enforced');
});

test('everything that is missing is told at once, with the smallest roles, and nothing is made', async () => {
  const cloud = await startAs([
    'roles/browser',
    'roles/run.viewer',
    'roles/storage.admin',
    'roles/cloudsql.viewer',
    'roles/iam.serviceAccountUser',
  ]);
  const { projectId } = cloud.simulator.project;
  const asked = (await cloud.requests()).length;
  const { status, stdout } = await cloud.run('init', '--yes', '--json');
  const { error } = JSON.parse(stdout);
  expect([status, error.code]).toEqual([3, 'PERMISSIONS_MISSING']);
  expect(error.message).toMatch(/^ada@example.com lacks what this needs in project mlflow-local, and nothing was changed/);
  for (const permission of [
    'artifactregistry.repositories.create',
    'cloudsql.instances.create',
    'cloudsql.users.update',
    'iam.serviceAccounts.create',
    'resourcemanager.projects.setIamPolicy',
    'secretmanager.versions.access',
    'serviceusage.services.enable',
  ])
    expect(error.message).toContain(permission);
  // Those that other roles bring are not asked for.
  expect(error.message).not.toMatch(/storage|run\.services|cloudsql\.instances\.list|iam\.serviceAccounts\.get\b/);
  const commands = [...error.hint.matchAll(/add-iam-policy-binding (\S+) --member=(\S+) --role=(\S+)/g)].map(
    ([, ...parts]) => parts,
  );
  expect(commands.sort()).toEqual(
    [
      'artifactregistry.admin',
      'cloudsql.admin',
      'iam.serviceAccountCreator',
      'resourcemanager.projectIamAdmin',
      'secretmanager.admin',
      'serviceusage.serviceUsageAdmin',
    ].map((role) => [projectId, ADA, `roles/${role}`]),
  );
  expect(await writes(cloud, asked)).toEqual([]);
});

test.each([
  ['roles/serviceusage.serviceUsageAdmin', 'serviceusage.services.enable'],
  ['roles/iam.serviceAccountAdmin', 'iam.serviceAccounts.create'],
  ['roles/resourcemanager.projectIamAdmin', 'resourcemanager.projects.setIamPolicy'],
  ['roles/storage.admin', 'storage.buckets.create'],
])(
  'without %s init ends with 3 before anything is made, and names the permission and a role that carries it',
  async (role, permission) => {
    const cloud = await startAs(ROLES.filter((one) => one !== role));
    const asked = (await cloud.requests()).length;
    const { status, stdout } = await cloud.run('init', '--yes', '--json');
    const { error } = JSON.parse(stdout);
    expect({ status, text: error.message }).toEqual({ status: 3, text: expect.stringContaining(permission) });
    expect(error.hint).toContain('--role=roles/');
    expect(await writes(cloud, asked)).toEqual([]);
  },
);

test('what is to be changed alone counts, and a role on the resource is as good as one on the project', async () => {
  const cloud = await startAs([]);
  const { simulator } = cloud;
  const { projectId } = simulator.project;
  const owner = { CLOUDSDK_AUTH_ACCESS_TOKEN: 'the-owner', GOOGLE_CLOUD_PROJECT: projectId, CI: 'true' };
  expect((await runChild(['init', '--yes', '--quiet'], { env: { ...cloud.env, ...owner }, cwd: cloud.folder })).status).toBe(0);
  await cloud.grant([
    'roles/viewer',
    'roles/storage.bucketViewer',
    'roles/iam.securityReviewer',
    'roles/secretmanager.secretAccessor',
  ]);
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const repository = `https://artifactregistry.googleapis.com/v1/projects/${projectId}/locations/us-central1/repositories/mlflow`;
  await simulator.call('PATCH', `${repository}?updateMask=labels`, {
    labels: { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' },
  });
  await simulator.call('POST', `${repository}:setIamPolicy`, { policy: { bindings: [] } });
  const refused = await cloud.run('init', '--yes', '--json');
  expect([refused.status, JSON.parse(refused.stdout).error.message]).toEqual([
    3,
    expect.stringMatching(/needs the permission artifactregistry\.repositories\.setIamPolicy\.$/),
  ]);
  const policy = { bindings: [{ role: 'roles/artifactregistry.admin', members: [ADA] }] };
  await simulator.call('POST', `${repository}:setIamPolicy`, { policy });
  const mended = await cloud.run('init', '--yes', '--json');
  expect(`${mended.status} ${mended.stdout.slice(0, 600)}`).toMatch(/^0 /);
});

test('deploy looks for its permissions too, on the project and on what they are about', async () => {
  const cloud = await startAs([...ROLES, 'roles/storage.objectViewer']);
  const { simulator } = cloud;
  const { projectId } = simulator.project;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const asked = (await cloud.requests()).length;
  const refused = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  const { error } = JSON.parse(refused.stdout);
  expect([refused.status, error.code]).toEqual([3, 'PERMISSIONS_MISSING']);
  expect(error.message).toMatch(
    /cloudbuild\.builds\.create.*iam\.serviceAccounts\.actAs.*run\.services\.create.*run\.services\.setIamPolicy/,
  );
  for (const role of ['run.admin', 'cloudbuild.builds.editor', 'iam.serviceAccountUser'])
    expect(error.hint).toContain(`--role=roles/${role} `);
  expect(await writes(cloud, asked)).toEqual([]);
  await cloud.grant(['roles/run.admin', 'roles/cloudbuild.builds.editor']);
  for (const account of ['mlflow-server', 'mlflow-build']) {
    const url = `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts/${account}@${projectId}.iam.gserviceaccount.com`;
    const policy = { bindings: [{ role: 'roles/iam.serviceAccountUser', members: [ADA] }] };
    expect((await simulator.call('POST', `${url}:setIamPolicy`, { policy })).status).toBe(200);
  }
  const deployed = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(`${deployed.status} ${deployed.stdout.slice(0, 600)}`).toMatch(/^0 /);
});

test('a rotation that could not be brought to its end is not begun', async () => {
  const cloud = await startAs([...ROLES.filter((role) => role !== 'roles/cloudsql.admin'), 'roles/cloudsql.viewer']);
  const owner = { CLOUDSDK_AUTH_ACCESS_TOKEN: 'the-owner', GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  expect((await runChild(['init', '--yes', '--quiet'], { env: { ...cloud.env, ...owner }, cwd: cloud.folder })).status).toBe(0);
  const asked = (await cloud.requests()).length;
  const refused = await cloud.run('secrets', 'rotate', 'database_url', '--yes', '--json');
  expect(JSON.parse(refused.stdout).error).toMatchObject({
    code: 'PERMISSIONS_MISSING',
    message: expect.stringMatching(/permissions: cloudsql\.users\.create, cloudsql\.users\.update\.$/),
  });
  expect(await writes(cloud, asked)).toEqual([]);
  const clients = await cloud.run('secrets', 'rotate', 'tracking_password', '--yes', '--json');
  expect(`${clients.status} ${clients.stdout.slice(0, 600)}`).toMatch(/^0 /);
});

test('destroy takes nothing down that it could not take down as a whole', async () => {
  const cloud = await startAs(ROLES.filter((role) => role !== 'roles/resourcemanager.projectIamAdmin'));
  const owner = { CLOUDSDK_AUTH_ACCESS_TOKEN: 'the-owner', GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  expect((await runChild(['init', '--yes', '--quiet'], { env: { ...cloud.env, ...owner }, cwd: cloud.folder })).status).toBe(0);
  const asked = (await cloud.requests()).length;
  const refused = await cloud.run('destroy', '--yes', '--json');
  expect([refused.status, JSON.parse(refused.stdout).error]).toMatchObject([
    3,
    { code: 'PERMISSIONS_MISSING', message: expect.stringMatching(/the permission resourcemanager\.projects\.setIamPolicy\.$/) },
  ]);
  expect(await writes(cloud, asked)).toEqual([]);
  // The service was never deployed, so that deleting it is nothing to be allowed.
  await cloud.grant(['roles/resourcemanager.projectIamAdmin']);
  const gone = await cloud.run('destroy', '--yes', '--json');
  expect(`${gone.status} ${gone.stdout.slice(0, 600)}`).toMatch(/^0 /);
});
