import type { StepGroup } from '../ui/ui.ts';
import { reverseNodes, runGraph } from './graph.ts';
import { isChange, type Plan } from './plan.ts';
import type { Outcome, Removable, Removal, StackContext } from './resource.ts';

export interface Applied {
  id: string;
  title: string;
  outcome: Outcome;
}

/**
 * Carries out a plan: every resource as soon as what it depends on is there, all others at once. What the plan found unchanged is
 * not looked at again. Safe to run again after whatever happened. Throws the first failure once all that was running has ended.
 */
export async function applyPlan(plan: Plan, context: StackContext, group: StepGroup): Promise<Applied[]> {
  const changing = new Map(plan.items.map(({ resource, observation }) => [resource.id, isChange(observation)]));
  const actions = new Map(plan.items.map(({ resource, observation }) => [resource.id, observation.action]));
  const resources = plan.items.map(({ resource }) => resource);
  const outcomes = await runGraph(resources, async (resource): Promise<Outcome> => {
    context.google.signal.throwIfAborted();
    if (changing.get(resource.id) === false) return 'unchanged';
    return group.run(resource.title, (step) => resource.ensure(context, step.progress), {
      usualSeconds: resource.usualSeconds,
      outcome: (outcome) => outcome,
      resource: resource.id,
      action: actions.get(resource.id) ?? 'ensure',
    });
  });
  return resources.map(({ id, title }) => ({ id, title, outcome: outcomes.get(id) ?? 'unchanged' }));
}

export interface Removed {
  id: string;
  title: string;
  outcome: Removal;
}

/**
 * Takes resources down, each after those that depended on it. Resources that hold data are kept unless `deleteData`, and those in `leave`
 * in any case.
 */
export async function removeStack(
  resources: Removable[],
  context: StackContext,
  group: StepGroup,
  options: { deleteData: boolean; leave?: Set<string> },
): Promise<Removed[]> {
  const outcomes = await runGraph(reverseNodes(resources), async (resource): Promise<Removal> => {
    context.google.signal.throwIfAborted();
    if (keeps(resource, options) || options.leave?.has(resource.id)) return 'kept';
    return group.run(resource.title, (step) => resource.remove(context, step.progress), {
      outcome: (outcome) => outcome,
      resource: resource.id,
      action: 'delete',
    });
  });
  return resources.map(({ id, title }) => ({ id, title, outcome: outcomes.get(id) ?? 'kept' }));
}

/** Whether `destroy` leaves this resource where it is: it holds data, or other things of the project rely on it. */
export function keeps(resource: Removable, options: { deleteData: boolean }): boolean {
  return resource.id === 'services' || (resource.holdsData === true && !options.deleteData);
}
