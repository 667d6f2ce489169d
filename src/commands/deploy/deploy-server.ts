import type { Google } from '../../gcp/google.ts';
import { ensureGrants } from '../../gcp/iam-policy.ts';
import { runServicePolicy } from '../../gcp/run-v1.ts';
import { lockedVersion } from '../../project/lock.ts';
import type { Deployment } from '../../stack/deployment.ts';
import type { Block, CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { readClientSettings } from '../server-access.ts';
import { chooseTool, type ToolChoice } from './choose-tool.ts';
import { type CheckChoice, proveStep } from './prove-step.ts';
import { deployWithApi } from './with-api.ts';
import { deployWithSkaffold } from './with-skaffold.ts';

export type DeployChoices = ToolChoice & Partial<CheckChoice>;

/** What became of the service, and the image that it has now. */
export interface Deployed {
  outcome: string;
  image: string | undefined;
}

/** From a rendered folder to a server that answers: build where needed, deploy, wait, check from outside. */
export async function deployServer(
  context: Context,
  google: Google,
  deployment: Deployment,
  folder: string,
  choices: DeployChoices,
): Promise<CommandResult> {
  const { deps, ui } = context;
  const begun = deps.now().getTime();
  const tool = await chooseTool(context, google, choices);
  const deployed =
    tool === 'skaffold'
      ? await deployWithSkaffold(context, google, deployment, folder)
      : await deployWithApi(context, google, deployment, folder, choices.image);
  await openToAll(google, deployment);
  const client = await readClientSettings(google, deployment.project, deployment.name);
  // An image that was named may be of another version than the folder.
  const version = choices.image === undefined ? await lockedVersion(folder, 'mlflow') : undefined;
  const { quickCheck = false } = choices;
  const reachable = deployment.service.ingress === 'all';
  if (!reachable) ui.note(`The server is not checked from outside: its ingress is ${deployment.service.ingress}.`);
  const noCheck = choices.noCheck === true || !reachable;
  const proven = await proveStep(context, google, client, { noCheck, quickCheck, version });
  return {
    data: {
      service: deployment.service.name,
      url: deployment.url,
      trackingUri: client.trackingUri,
      image: deployed.image,
      with: tool,
      outcome: deployed.outcome,
      checked: !noCheck,
      checks: proven,
      seconds: Math.round((deps.now().getTime() - begun) / 1000),
    },
    show: blocks(deployment, client),
  };
}

/** Where Google's own check of callers has to stay on, everybody is let through it: the server asks for user name and password by itself. */
async function openToAll(google: Google, { project, region, service }: Deployment): Promise<void> {
  if (service.invoker !== 'all-users') return;
  const policy = runServicePolicy(google, { project, region, service: service.name });
  await ensureGrants(google, policy, [{ role: 'roles/run.invoker', members: ['allUsers'] }]);
}

function blocks(deployment: Deployment, client: { trackingUri: string; username?: string | undefined }): Block[] {
  const here: Array<[string, string]> = client.trackingUri === deployment.url ? [] : [['On this machine', client.trackingUri]];
  return [
    { kind: 'pairs', pairs: [['URL', deployment.url], ...here, ['User name', client.username ?? '']] },
    {
      kind: 'text',
      text: 'Next: mlflow-gcp connect prints what a client needs, mlflow-gcp model trains and registers a first model.',
    },
  ];
}
