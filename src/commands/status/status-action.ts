import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { getService, type RunService } from '../../gcp/run.ts';
import { checkServer } from '../../project/server-check.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { mermaidDiagram } from '../../stack/diagram.ts';
import { isChange, type Plan, planStack } from '../../stack/plan.ts';
import { settle } from '../../stack/settle.ts';
import { baseStack } from '../../stack/stack.ts';
import { unlessDisabled } from '../../stack/unless-disabled.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { keyPlace } from '../key-place.ts';
import { configOf, openDeployment, projectOf } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import { readClientSettings } from '../server-access.ts';
import type { statusOptions } from '../status.ts';

type StatusContext = Context<typeof statusOptions>;
const STATES = { create: 'missing', update: 'differs', unchanged: 'ok', adopt: 'adopted' } as const;
const PAUSE_MS = 3_000;

interface Server {
  state: 'not deployed' | 'answers' | 'does not answer';
  /** Where this machine reaches it. */
  trackingUri?: string;
  problem?: UserError;
}

/** Looks at every resource and asks the server; writes nothing. */
export async function run(context: StatusContext): Promise<CommandResult> {
  const { ui, settings, options } = context;
  const google = await openGoogleFor(context);
  try {
    const project = projectOf(settings, google);
    const deployment = await ui.step('Look at the project', () => openDeployment(google, configOf(settings), project));
    if (options.diagram) return diagram(deployment);
    const stack = { google, deployment, credentials: {}, key: keyPlace(context, deployment) };
    const [plan, service] = await ui.step('Look at the resources', () =>
      settle([planStack(baseStack(deployment), stack), findService(google, deployment)]),
    );
    const server = await ui.step('Ask the server', () => askServer(context, google, deployment, service), {
      outcome: ({ state }) => state,
    });
    return report(deployment, plan, service, server, options.wait);
  } finally {
    google.close();
  }
}

function findService(google: Google, { project, region, service }: Deployment): Promise<RunService | undefined> {
  return unlessDisabled(getService(google, { project, region, service: service.name }));
}

async function askServer(
  { deps, options }: StatusContext,
  google: Google,
  deployment: Deployment,
  service: RunService | undefined,
): Promise<Server> {
  if (service === undefined) return { state: 'not deployed' };
  const client = await readClientSettings(google, deployment.project, deployment.name);
  const route = {
    proxyFor: (host: string) => google.target.proxyFor(host),
    authorities: google.target.authorities,
    signal: deps.signal,
  };
  const deadline = deps.now().getTime() + (options.wait ? options.timeout * 1000 : 0);
  for (;;) {
    try {
      await checkServer(client, route);
      return { state: 'answers', trackingUri: client.trackingUri };
    } catch (error) {
      if (!(error instanceof UserError) || deps.signal.aborted) throw error;
      if (deps.now().getTime() >= deadline) return { state: 'does not answer', trackingUri: client.trackingUri, problem: error };
      await delay(PAUSE_MS, undefined, { signal: deps.signal });
    }
  }
}

function report(
  deployment: Deployment,
  plan: Plan,
  service: RunService | undefined,
  server: Server,
  wait: boolean,
): CommandResult {
  const resources = plan.items.map(({ resource, observation }) => ({
    id: resource.id,
    title: resource.title,
    state: observation.action === 'adopt' && isChange(observation) ? 'differs' : STATES[observation.action],
    differences: observation.differences,
    ...(observation.note !== undefined && { note: observation.note }),
  }));
  const rows = [
    ...resources.map(({ title, state, differences, note }) => [title, state, [...differences, note ?? []].flat().join('; ')]),
    [
      `Cloud Run service ${deployment.service.name}`,
      service === undefined ? 'missing' : 'ok',
      service?.latestReadyRevision ?? '',
    ],
  ];
  const failure = server.problem ?? (wait && server.state === 'not deployed' ? notDeployed(deployment) : undefined);
  const reached =
    server.trackingUri === undefined || server.trackingUri === deployment.url
      ? []
      : [['On this machine', server.trackingUri] as [string, string]];
  return {
    data: {
      project: deployment.project,
      region: deployment.region,
      name: deployment.name,
      url: deployment.url,
      trackingUri: server.trackingUri,
      server: server.state,
      revision: service?.latestReadyRevision,
      urls: service?.urls ?? [],
      resources,
    },
    show: [
      { kind: 'table', head: ['Resource', 'State', 'Details'], rows },
      { kind: 'pairs', pairs: [['URL', deployment.url], ...reached, ['Server', server.state]] },
    ],
    ...(failure && { failure }),
  };
}

function diagram(deployment: Deployment): CommandResult {
  const text = mermaidDiagram(deployment);
  return { data: { diagram: text }, show: [{ kind: 'verbatim', text }] };
}

function notDeployed(deployment: Deployment): UserError {
  return new UserError({
    code: 'NOT_DEPLOYED',
    message: `Service ${deployment.service.name} in ${deployment.project}, ${deployment.region} is not deployed.`,
    hint: 'Deploy it with: mlflow-gcp deploy',
  });
}
