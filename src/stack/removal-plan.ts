import { UserError } from '../errors.ts';
import { keeps } from './apply.ts';
import type { Observation, Removable, Resource, StackContext } from './resource.ts';
import { findOwnService } from './resources/run-service.ts';
import { settle } from './settle.ts';
import { unlessDisabled } from './unless-disabled.ts';

/** `absent`: there is nothing to delete. `leave`: something of its name is there and is not the deployment's. */
export type RemovalAction = 'delete' | 'keep' | 'absent' | 'leave';

export interface PlannedRemoval {
  resource: Removable;
  action: RemovalAction;
}

/** What would happen to each resource; nothing is written. What may not be looked at counts as there. */
export async function planRemoval(
  resources: Removable[],
  context: StackContext,
  options: { deleteData: boolean },
): Promise<PlannedRemoval[]> {
  return settle(
    resources.map(async (resource) => {
      const found = await look(resource, context);
      if (found !== 'there') return { resource, action: found === 'adopted' ? ('keep' as const) : found };
      return { resource, action: keeps(resource, options) ? ('keep' as const) : ('delete' as const) };
    }),
  );
}

async function look(resource: Removable, context: StackContext): Promise<'there' | 'absent' | 'leave' | 'adopted'> {
  try {
    if (resource.id === 'run-service')
      return (await findOwnService(context.google, context.deployment)) === undefined ? 'absent' : 'there';
    // The services of the project are not the deployment's, and stay as they are.
    if (!isResource(resource) || resource.id === 'services') return 'there';
    const observation: Observation | undefined = await unlessDisabled(resource.observe(context));
    if (observation?.action === 'adopt') return 'adopted';
    return observation === undefined || observation.action === 'create' ? 'absent' : 'there';
  } catch (error) {
    if (!(error instanceof UserError) || context.google.signal.aborted) throw error;
    return error.code === 'NOT_OURS' ? 'leave' : 'there';
  }
}

function isResource(resource: Removable): resource is Resource {
  return 'observe' in resource;
}
