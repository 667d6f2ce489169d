import { criticalPathSeconds } from './graph.ts';
import type { Observation, Resource, StackContext } from './resource.ts';
import { settle } from './settle.ts';
import { unlessDisabled } from './unless-disabled.ts';

export interface PlannedResource {
  resource: Resource;
  observation: Observation;
}

/** What would happen to each resource of a stack. */
export interface Plan {
  items: PlannedResource[];
  /** Whether anything would be written. */
  changes: boolean;
  /** How long what is to be done usually takes at least, in seconds. */
  usualSeconds: number;
}

/**
 * Looks at every resource at once; nothing is written. A resource whose service is not enabled in the project yet cannot be there.
 * Throws what the first look that fails throws: NOT_OURS, a missing permission, and so on.
 */
export async function planStack(resources: Resource[], context: StackContext): Promise<Plan> {
  const items = await settle(resources.map(async (resource) => ({ resource, observation: await observe(resource, context) })));
  const toDo = items.map(({ resource, observation }) => ({
    ...resource,
    usualSeconds: isChange(observation) ? resource.usualSeconds : 0,
  }));
  return {
    items,
    changes: items.some(({ observation }) => isChange(observation)),
    usualSeconds: criticalPathSeconds(toDo),
  };
}

/** Whether something would be written for it. */
export function isChange({ action, differences }: Observation): boolean {
  return action === 'adopt' ? differences.length > 0 : action !== 'unchanged';
}

async function observe(resource: Resource, context: StackContext): Promise<Observation> {
  return (await unlessDisabled(resource.observe(context))) ?? { action: 'create', differences: [] };
}
