import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { loadServices } from '../../src/local/simulator/services.ts';
import type { LoggedRequest } from '../support/deployment.ts';
import { credentialsFileOf, standInGithub } from '../support/github.ts';
import { runChild, temporaryFolder } from '../support/program.ts';
import { lockedFolder } from '../support/project-folder.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';

const REPOSITORY = 'octo-org/wine';
const WORKFLOW = '.github/workflows/deploy-mlflow.yml';
const CI = ['--ci', 'github', '--github-repo', REPOSITORY];

/** A simulator with GitHub beside it, and a git work tree with the project folder in it. */
async function startWorld() {
  const github = standInGithub();
  const simulator = await startTestSimulator({ services: [...(await loadServices()), github.service] });
  onTestFinished(() => simulator.remove());
  const root = temporaryFolder();
  await mkdir(path.join(root, '.git'));
  const folder = path.join(root, 'ml', 'server');
  await cp(await lockedFolder(), folder, { recursive: true });
  const plain = { HTTPS_PROXY: simulator.url, NODE_EXTRA_CA_CERTS: simulator.ca, CI: 'true', MLFLOW_GCP_HOME: temporaryFolder() };
  const env = { ...plain, CLOUDSDK_AUTH_ACCESS_TOKEN: 'of-a-person', GOOGLE_CLOUD_PROJECT: simulator.project.projectId };
  const run = (args: string[], more: Record<string, string> = env, cwd = folder) => runChild(args, { env: more, cwd });
  const made = async (...args: string[]) => {
    const { status, stdout, stderr } = await run([...args, '--json']);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  };
  return { github, simulator, root, folder, env, plain, run, made };
}
type World = Awaited<ReturnType<typeof startWorld>>;

async function requests(simulator: TestSimulator): Promise<LoggedRequest[]> {
  const { bytes } = await simulator.control('GET', '/_simulator/requests');
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoggedRequest);
}

const poolsOf = (simulator: TestSimulator) =>
  `https://iam.googleapis.com/v1/projects/${simulator.project.projectId}/locations/global/workloadIdentityPools`;

/** Google would fetch the issuer's keys; here the provider is given them. */
async function giveKeys({ simulator, github }: World): Promise<void> {
  const provider = `${poolsOf(simulator)}/github-mlflow/providers/github`;
  const { body } = await simulator.call('GET', provider);
  const oidc = { ...body.oidc, jwksJson: github.jwks };
  const started = await simulator.call('PATCH', `${provider}?updateMask=oidc`, { oidc });
  await simulator.until(`https://iam.googleapis.com/v1/${started.body.name}`, ({ done }) => done === true);
}

/** A clone of the repository on a runner, with the credentials that google-github-actions/auth leaves there. */
async function runner({ root, plain, simulator }: World) {
  const clone = temporaryFolder();
  await cp(root, clone, { recursive: true });
  const workflow = parse(await readFile(path.join(clone, WORKFLOW), 'utf8'));
  const { steps, defaults } = workflow.jobs.deploy;
  const auth = steps.find(({ uses }: { uses?: string }) => uses?.startsWith('google-github-actions/auth')).with;
  const credentials = path.join(clone, 'gha-creds-0123456789abcdef.json');
  await writeFile(credentials, JSON.stringify(credentialsFileOf(auth)));
  const { projectId } = simulator.project;
  const env = {
    ...plain,
    GOOGLE_APPLICATION_CREDENTIALS: credentials,
    GOOGLE_CLOUD_PROJECT: projectId,
    MLFLOW_GCP_HOME: temporaryFolder(),
  };
  const [npx, yes, program, ...args] = steps.at(-1).run.split(' ');
  expect([npx, yes, program.replace(/@\d+\.\d+\.\d+.*$/, '')]).toEqual(['npx', '--yes', 'mlflow-gcp']);
  const cwd = path.join(clone, defaults.run['working-directory']);
  // Nothing runs behind this simulator, so there is nothing to look at from outside.
  return { clone, run: () => runChild([...args, '--no-check', '--json'], { env, cwd }) };
}

async function enforce(simulator: TestSimulator, on: boolean): Promise<void> {
  await simulator.control('POST', '/_simulator/permissions', { enforce: on });
}

test('a workflow deploys without a key; one of another repository or branch is refused', { timeout: 120_000 }, async () => {
  const world = await startWorld();
  const { simulator, github } = world;
  const { folder, ci } = await world.made('init', ...CI, '--yes');
  expect(folder.written).toContain(`../../${WORKFLOW}`);
  expect(ci).toEqual({ repository: REPOSITORY, repositoryId: '4711', branch: 'main' });
  await giveKeys(world);
  await enforce(simulator, true);

  const { run, clone } = await runner(world);
  for (const [wrong, workflow] of [
    ['another repository', { ...github.workflow, repository: 'evil/wine', repositoryId: '666' }],
    ['another repository of the same name', { ...github.workflow, repositoryId: '4712' }],
    ['another branch', { ...github.workflow, ref: 'refs/heads/feature' }],
  ] as const) {
    const own = github.workflow;
    github.workflow = workflow;
    const { status, stdout } = await run();
    github.workflow = own;
    expect({ wrong, status, message: JSON.parse(stdout).error.message }).toEqual({
      wrong,
      status: 3,
      message: expect.stringContaining('rejected by the attribute condition'),
    });
  }

  const begun = (await requests(simulator)).length;
  const deployed = await run();
  expect(`${deployed.status} ${deployed.stdout}${deployed.stderr}`).toMatch(/^0 /);
  const { image } = JSON.parse(deployed.stdout);
  const hosts = (await requests(simulator)).slice(begun).map(({ host, path: asked }) => `${host}${asked}`);
  expect(hosts).toContain('sts.googleapis.com/v1/token');
  expect(hosts.some((asked) => asked.endsWith(':generateAccessToken'))).toBe(true);
  expect(hosts.some((asked) => asked.startsWith('oauth2.'))).toBe(false);

  // What the clone's files say is what the folder's say: nothing is built twice.
  await enforce(simulator, false);
  const again = await world.made('deploy', '--with', 'api', '--no-check', '--yes');
  expect(again.image).toBe(image);
  expect(await readFile(path.join(clone, 'ml/server/.gitignore'), 'utf8')).toContain('gha-creds-*.json');
});

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
