import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { type Cloud, isRead, startCloud } from './deployment.ts';
import { runChild, temporaryFolder } from './program.ts';

/** A cloud with a folder of its own for what the program keeps for its user. */
export async function startOwn() {
  const cloud = await startCloud();
  const home = temporaryFolder();
  const { projectId } = cloud.simulator.project;
  const env: Record<string, string> = { ...cloud.env, GOOGLE_CLOUD_PROJECT: projectId, CI: 'true', MLFLOW_GCP_HOME: home };
  const run = (...args: string[]) => runChild(args, { env, cwd: cloud.folder });
  const made = async (...args: string[]) => {
    const { status, stdout, stderr } = await run(...args, '--yes', '--json');
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return JSON.parse(stdout);
  };
  const account = `mlflow-server@${projectId}.iam.gserviceaccount.com`;
  const accountUrl = `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts/${account}`;
  return { ...cloud, env, home, run, made, account, accountUrl, keyFile: path.join(home, 'keys', `${projectId}-mlflow.json`) };
}
export type Own = Awaited<ReturnType<typeof startOwn>>;

export async function keyIds({ simulator, accountUrl }: Own): Promise<string[]> {
  const { body } = await simulator.call('GET', `${accountUrl}/keys?keyTypes=USER_MANAGED`);
  return (body.keys ?? []).map(({ name }: { name: string }) => name.split('/').at(-1));
}

export async function writesOf(cloud: Cloud, work: () => Promise<unknown>) {
  const before = (await cloud.requests()).length;
  await work();
  return (await cloud.requests()).slice(before).filter((request) => !isRead(request));
}

/** The same environment without a token, and with this credentials file. */
export async function signedInBy({ env }: Own, credentials: object): Promise<Record<string, string>> {
  const file = path.join(temporaryFolder(), 'credentials.json');
  await writeFile(file, JSON.stringify(credentials));
  const { CLOUDSDK_AUTH_ACCESS_TOKEN: _, ...rest } = env;
  return { ...rest, GOOGLE_APPLICATION_CREDENTIALS: file };
}

/** What `gcloud auth application-default login --impersonate-service-account` writes. */
export const impersonating = (account: string) => ({
  type: 'impersonated_service_account',
  delegates: [],
  service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
  source_credentials: { type: 'authorized_user', client_id: 'id', client_secret: 'any', refresh_token: 'any', account: '' },
});

/** From now on policies decide, and the person is owner no more. */
export async function enforce({ simulator }: Pick<Cloud, 'simulator'>): Promise<void> {
  const project = `https://cloudresourcemanager.googleapis.com/v3/projects/${simulator.project.projectId}`;
  const policy = (await simulator.call('POST', `${project}:getIamPolicy`, {})).body;
  const bindings = policy.bindings.map((binding: { role: string }) =>
    binding.role === 'roles/owner' ? { ...binding, members: ['user:somebody@example.com'] } : binding,
  );
  expect((await simulator.call('POST', `${project}:setIamPolicy`, { policy: { ...policy, bindings } })).status).toBe(200);
  await simulator.control('POST', '/_simulator/permissions', { enforce: true });
}
