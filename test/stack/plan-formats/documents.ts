import { choicesOf, configSchema } from '../../../src/project/config-schema.ts';
import { nameDeployment } from '../../../src/stack/deployment.ts';
import type { PlanDocument } from '../../../src/stack/plan-formats/plan-document.ts';
import type { Observation } from '../../../src/stack/resource.ts';
import { baseStack } from '../../../src/stack/stack.ts';

/** A plan as it would be if each resource were observed like this; by default everything is to be made. */
export function planDocument(
  choices: { project?: string; name?: string; username?: string; database?: object; credentials?: object; ci?: object } = {},
  observed: Record<string, Observation> = {},
): PlanDocument {
  const { project = 'my-project-1', username, ...config } = choices;
  const deployment = nameDeployment(choicesOf(configSchema.parse(config), project), '123456789012');
  const items = baseStack(deployment).map((resource) => ({
    resource,
    observation: observed[resource.id] ?? { action: 'create' as const, differences: [] },
  }));
  const changes = items.some(({ observation }) => observation.action !== 'unchanged');
  return { plan: { items, changes, usualSeconds: 480 }, deployment, username };
}

/** The same plan with everything there already. */
export function nothingToDo(): Record<string, Observation> {
  const ids = planDocument().plan.items.map(({ resource }) => resource.id);
  return Object.fromEntries(ids.map((id) => [id, { action: 'unchanged', differences: [] }]));
}
