import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { loadServices } from '../../src/local/simulator/services.ts';
import type { LoggedRequest } from './deployment.ts';
import { credentialsFileOf, standInGithub } from './github.ts';
import { runChild, temporaryFolder } from './program.ts';
import { lockedFolder } from './project-folder.ts';
import { startTestSimulator, type TestSimulator } from './simulator.ts';

export const REPOSITORY = 'octo-org/wine';
export const WORKFLOW = '.github/workflows/deploy-mlflow.yml';
export const CI = ['--ci', 'github', '--github-repo', REPOSITORY];

/** A simulator with GitHub beside it, and a git work tree with the project folder in it. */
export async function startWorld() {
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
export type World = Awaited<ReturnType<typeof startWorld>>;

export async function requests(simulator: TestSimulator): Promise<LoggedRequest[]> {
  const { bytes } = await simulator.control('GET', '/_simulator/requests');
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoggedRequest);
}

export const poolsOf = (simulator: TestSimulator) =>
  `https://iam.googleapis.com/v1/projects/${simulator.project.projectId}/locations/global/workloadIdentityPools`;

/** Google would fetch the issuer's keys; here the provider is given them. */
export async function giveKeys({ simulator, github }: World): Promise<void> {
  const provider = `${poolsOf(simulator)}/github-mlflow/providers/github`;
  const { body } = await simulator.call('GET', provider);
  const oidc = { ...body.oidc, jwksJson: github.jwks };
  const started = await simulator.call('PATCH', `${provider}?updateMask=oidc`, { oidc });
  await simulator.until(`https://iam.googleapis.com/v1/${started.body.name}`, ({ done }) => done === true);
}

/** A clone of the repository on a runner, with the credentials that google-github-actions/auth leaves there. */
export async function runner({ root, plain, simulator }: World) {
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

export async function enforce(simulator: TestSimulator, on: boolean): Promise<void> {
  await simulator.control('POST', '/_simulator/permissions', { enforce: on });
}
