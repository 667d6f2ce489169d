import { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { getService, type RunService } from '../../gcp/run.ts';
import { checkServer } from '../../project/server-check.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { type Health, instanceHealth, serviceHealth } from '../../stack/health.ts';
import { isChange, type PlannedResource, planStack } from '../../stack/plan.ts';
import type { StackContext } from '../../stack/resource.ts';
import { settle } from '../../stack/settle.ts';
import { baseStack } from '../../stack/stack.ts';
import { unlessDisabled } from '../../stack/unless-disabled.ts';
import type { Context } from '../command.ts';
import { readClientSettings } from '../server-access.ts';

const STATES = { create: 'missing', update: 'differs', unchanged: 'ok', adopt: 'adopted' } as const;

const IN_INSTANCE = ['database', 'database-user'];

/** A resource as it stands: `state` is missing, ok, adopted, differs, unknown, or one of its health. */
export interface ResourceState {
  id: string;
  title: string;
  state: string;
  differences: string[];
  note?: string;
}

export interface ServerState {
  state: 'not deployed' | 'answers' | 'does not answer';
  /** Where this machine reaches it. */
  trackingUri?: string;
  problem?: UserError;
}

/** Everything that `status` tells, at one moment. */
export interface Look {
  resources: ResourceState[];
  service: RunService | undefined;
  server: ServerState;
}

/** Looks at the resources of the base and at the service, all at once; writes nothing. */
export async function lookAtResources(stack: StackContext): Promise<Pick<Look, 'resources' | 'service'>> {
  const { google, deployment } = stack;
  const { project, region, service: wanted } = deployment;
  const [plan, instance, health, service] = await settle([
    planStack(baseStack(deployment), stack),
    unlessDisabled(instanceHealth(google, deployment)),
    unlessDisabled(serviceHealth(google, deployment)),
    unlessDisabled(getService(google, { project, region, service: wanted.name })),
  ]);
  const stopped = instance?.state === 'stopped';
  const resources = plan.items.map((item) => {
    if (item.resource.id === 'sql-instance') return withHealth(item, instance);
    const state = stateOf(item);
    // Nobody can look into an instance that does not run.
    return stopped && IN_INSTANCE.includes(state.id) ? { ...state, state: 'unknown' } : state;
  });
  const title = `Cloud Run service ${wanted.name}`;
  const { state, note } = health ?? { state: 'missing', note: '' };
  return {
    resources: [...resources, { id: 'run-service', title, state, differences: [], ...(note !== '' && { note }) }],
    service,
  };
}

/** Asks the server once, where there is one. */
export async function lookAtServer(
  { deps }: Pick<Context, 'deps'>,
  google: Google,
  { project, name }: Deployment,
  service: RunService | undefined,
): Promise<ServerState> {
  if (service === undefined) return { state: 'not deployed' };
  const client = await readClientSettings(google, project, name);
  const { trackingUri } = client;
  const proxyFor = (host: string) => google.target.proxyFor(host);
  try {
    await checkServer(client, { proxyFor, authorities: google.target.authorities, signal: deps.signal });
    return { state: 'answers', trackingUri };
  } catch (error) {
    if (!(error instanceof UserError) || deps.signal.aborted) throw error;
    return { state: 'does not answer', trackingUri, problem: error };
  }
}

function stateOf({ resource, observation }: PlannedResource): ResourceState {
  const { action, differences, note } = observation;
  return {
    id: resource.id,
    title: resource.title,
    state: action === 'adopt' && isChange(observation) ? 'differs' : STATES[action],
    differences,
    ...(note !== undefined && { note }),
  };
}

/** What is as it should be may still not run. */
function withHealth(item: PlannedResource, health: Health | undefined): ResourceState {
  const state = stateOf(item);
  if (health === undefined || health.state === 'ok') return state;
  return { ...state, state: health.state, note: [health.note, state.note ?? []].flat().join('; ') };
}
