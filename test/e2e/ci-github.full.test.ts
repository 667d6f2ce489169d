import { expect, test } from 'vitest';
import { CI, enforce, giveKeys, poolsOf, REPOSITORY, requests, runner, startWorld } from '../support/ci-world.ts';
import { isRead } from '../support/deployment.ts';
import { temporaryFolder } from '../support/program.ts';

test('each role of the deploying account is needed', { timeout: 120_000 }, async () => {
  const world = await startWorld();
  const { simulator } = world;
  await world.made('init', ...CI, '--yes');
  await giveKeys(world);
  await enforce(simulator, true);
  const { run } = await runner(world);
  const { projectId } = simulator.project;
  const member = `serviceAccount:mlflow-deploy@${projectId}.iam.gserviceaccount.com`;
  const project = `https://cloudresourcemanager.googleapis.com/v3/projects/${projectId}`;
  const account = (id: string) =>
    `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts/${id}@${projectId}.iam.gserviceaccount.com`;
  for (const [resource, role, permission] of [
    // Those of the build first: an image that is there is not built again.
    [project, 'roles/cloudbuild.builds.editor', 'cloudbuild.builds.'],
    [account('mlflow-build'), 'roles/iam.serviceAccountUser', 'iam.serviceAccounts.actAs'],
    [project, 'roles/run.admin', 'run.services.'],
    [account('mlflow-server'), 'roles/iam.serviceAccountUser', 'iam.serviceAccounts.actAs'],
    [account('mlflow-deploy'), 'roles/iam.workloadIdentityUser', 'iam.serviceAccounts.getAccessToken'],
  ] as const) {
    await enforce(simulator, false);
    const policy = (await simulator.call('POST', `${resource}:getIamPolicy`, {})).body;
    const without = policy.bindings.map((binding: { role: string; members: string[] }) =>
      binding.role === role
        ? { ...binding, members: binding.members.filter((one) => one !== member && !one.startsWith('principalSet:')) }
        : binding,
    );
    const taken = await simulator.call('POST', `${resource}:setIamPolicy`, { policy: { ...policy, bindings: without } });
    expect(taken.status).toBe(200);
    await enforce(simulator, true);
    const { status, stdout } = await run();
    const { error } = JSON.parse(stdout);
    expect({ role, status, told: `${error?.message} ${error?.hint}` }).toEqual({
      role,
      status: 3,
      told: expect.stringContaining(permission),
    });
    await enforce(simulator, false);
    const { etag } = (await simulator.call('POST', `${resource}:getIamPolicy`, {})).body;
    await simulator.call('POST', `${resource}:setIamPolicy`, { policy: { ...policy, etag } });
  }
  await enforce(simulator, true);
  const all = await run();
  expect(`${all.status} ${all.stdout}`).toMatch(/^0 /);
});

test('pool and provider that were deleted are brought back, what differs is mended, and all of it goes', {
  timeout: 120_000,
}, async () => {
  const world = await startWorld();
  const { simulator, github } = world;
  await world.made('init', ...CI, '--yes');
  const pools = poolsOf(simulator);
  const provider = `${pools}/github-mlflow/providers/github`;
  await world.made('destroy', '--yes');
  expect((await simulator.call('GET', `${pools}/github-mlflow`)).body.state).toBe('DELETED');
  expect((await simulator.call('GET', provider)).body.state).toBe('DELETED');
  const { projectId } = simulator.project;
  const project = `https://cloudresourcemanager.googleapis.com/v3/projects/${projectId}`;
  expect(JSON.stringify((await simulator.call('POST', `${project}:getIamPolicy`, {})).body)).not.toContain('mlflow-deploy');

  const plan = await world.run(['init', '--dry-run', '--yes']);
  expect(plan.stdout).toMatch(/Workload identity pool github-mlflow +create +bring back/);
  github.repositories['octo-org/other'] = 815;
  await world.made('init', '--yes', '--github-repo', 'octo-org/other', '--github-branch', 'release/1.x');
  expect((await simulator.call('GET', provider)).body).toMatchObject({
    state: 'ACTIVE',
    attributeCondition: "assertion.repository_id == '815' && assertion.ref == 'refs/heads/release/1.x'",
  });
  const account = `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts/mlflow-deploy@${projectId}.iam.gserviceaccount.com`;
  const members = async () =>
    (await simulator.call('POST', `${account}:getIamPolicy`, {})).body.bindings.flatMap(
      (one: { members: string[] }) => one.members,
    );
  expect(await members()).toEqual([expect.stringMatching(/attribute\.repository_id\/815$/)]);

  // Another repository again: who was let in before is let in no more. Keys that somebody gave the provider go too.
  await giveKeys(world);
  const { resources } = await world.made('init', '--yes', '--github-repo', REPOSITORY);
  const outcome = (id: string) => resources.find((one: { id: string }) => one.id === id).outcome;
  expect([outcome('identity-pool'), outcome('identity-provider')]).toEqual(['unchanged', 'updated']);
  expect(await members()).toEqual([expect.stringMatching(/attribute\.repository_id\/4711$/)]);
  expect((await simulator.call('GET', provider)).body.oidc).toEqual({ issuerUri: 'https://token.actions.githubusercontent.com' });
  const begun = (await requests(simulator)).length;
  await world.made('init', '--yes');
  expect((await requests(simulator)).slice(begun).filter((request) => !isRead(request))).toEqual([]);

  // A lost folder: found by its names.
  await world.run(['destroy', '--yes', '--json'], world.env, temporaryFolder());
  expect((await simulator.call('GET', `${pools}/github-mlflow`)).body.state).toBe('DELETED');
  expect((await simulator.call('GET', account)).status).toBe(404);
});

test('a repository whose number GitHub does not tell is trusted by its name', { timeout: 60_000 }, async () => {
  const world = await startWorld();
  const { status, stderr } = await world.run(['init', '--ci', 'github', '--github-repo', 'octo-org/private', '--yes']);
  expect([status, stderr]).toEqual([0, expect.stringContaining('did not tell the number of octo-org/private')]);
  expect((await world.simulator.call('GET', `${poolsOf(world.simulator)}/github-mlflow/providers/github`)).body).toMatchObject({
    attributeCondition: "assertion.repository == 'octo-org/private' && assertion.ref == 'refs/heads/main'",
  });
});

test('what it calls for is named before anything is made, with the roles that carry it', { timeout: 120_000 }, async () => {
  const world = await startWorld();
  const { simulator } = world;
  const { projectId } = simulator.project;
  const project = `https://cloudresourcemanager.googleapis.com/v3/projects/${projectId}`;
  const ada = 'user:ada@example.com';
  const roles = [
    ...['browser', 'serviceusage.serviceUsageAdmin', 'iam.serviceAccountAdmin', 'resourcemanager.projectIamAdmin'],
    ...['artifactregistry.admin', 'storage.admin', 'cloudsql.admin', 'secretmanager.admin', 'run.viewer'],
  ];
  const give = async (...names: string[]): Promise<void> => {
    const policy = (await simulator.call('POST', `${project}:getIamPolicy`, {})).body;
    const bindings = [...(policy.bindings ?? []), ...names.map((name) => ({ role: `roles/${name}`, members: [ada] }))];
    expect((await simulator.call('POST', `${project}:setIamPolicy`, { policy: { ...policy, bindings } })).status).toBe(200);
  };
  await give(...roles);
  const { token } = (await simulator.control('POST', '/_simulator/tokens', { principal: ada })).body;
  const env = { ...world.env, CLOUDSDK_AUTH_ACCESS_TOKEN: token };
  const init = () => world.run(['init', ...CI, '--credentials', 'key', '--yes', '--json'], env);
  await enforce(simulator, true);
  const refused = await init();
  const { error } = JSON.parse(refused.stdout);
  expect([refused.status, error.code]).toEqual([3, 'PERMISSIONS_MISSING']);
  for (const told of ['iam.workloadIdentityPools.', 'iam.workloadIdentityPoolProviders.', 'iam.serviceAccountKeys.'])
    expect(error.message).toContain(told);
  for (const role of ['roles/iam.workloadIdentityPoolAdmin', 'roles/iam.serviceAccountKeyAdmin'])
    expect(error.hint).toContain(role);
  await enforce(simulator, false);
  await give('iam.workloadIdentityPoolAdmin', 'iam.serviceAccountKeyAdmin');
  await enforce(simulator, true);
  const made = await init();
  expect(`${made.status} ${made.stdout.slice(0, 800)}`).toMatch(/^0 /);
});
