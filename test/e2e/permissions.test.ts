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
  const policy = (await simulator.call('POST', `${url}:getIamPolicy`, {})).body;
  const bindings = [...(policy.bindings ?? []), ...roles.map((role) => ({ role, members: [ADA] }))];
  expect((await simulator.call('POST', `${url}:setIamPolicy`, { policy: { ...policy, bindings } })).status).toBe(200);
  const { token } = (await simulator.control('POST', '/_simulator/tokens', { principal: ADA })).body;
  await simulator.control('POST', '/_simulator/permissions', { enforce: true });
  const env = {
    ...cloud.env,
    CLOUDSDK_AUTH_ACCESS_TOKEN: token,
    GOOGLE_CLOUD_PROJECT: simulator.project.projectId,
    CI: 'true',
  };
  return { ...cloud, run: (...args: string[]) => runChild(args, { env, cwd: cloud.folder }) };
}

test('with the roles that it needs init makes everything', async () => {
  const cloud = await startAs(ROLES);
  const { status, stdout } = await cloud.run('init', '--yes', '--json');
  expect(`${status} ${stdout.slice(0, 600)}`).toMatch(/^0 /);
});

test.each([
  ['roles/serviceusage.serviceUsageAdmin', 'serviceusage.services.'],
  ['roles/iam.serviceAccountAdmin', 'iam.serviceAccounts.'],
  ['roles/resourcemanager.projectIamAdmin', 'resourcemanager.projects.'],
  ['roles/artifactregistry.admin', 'artifactregistry.repositories.'],
  ['roles/storage.admin', 'storage.buckets.'],
  ['roles/cloudsql.admin', 'cloudsql.instances.'],
  ['roles/secretmanager.admin', 'secretmanager.'],
])('without %s init ends with 3 and names the permission and a role that carries it', async (role, permission) => {
  const cloud = await startAs(ROLES.filter((one) => one !== role));
  const { status, stdout } = await cloud.run('init', '--yes', '--json');
  const { error } = JSON.parse(stdout);
  expect({ status, text: `${error.message} ${error.hint}` }).toEqual({ status: 3, text: expect.stringContaining(permission) });
  expect(error.hint).toContain('roles/');
  if (role.startsWith('roles/serviceusage'))
    expect((await cloud.requests()).filter((call) => !isRead(call) && call.status < 300)).toHaveLength(1);
});
