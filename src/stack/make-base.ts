import { UserError } from '../errors.ts';
import type { StepGroup } from '../ui/ui.ts';
import { type Applied, applyPlan } from './apply.ts';
import { type Deployment, usualInstance } from './deployment.ts';
import { type Plan, planStack } from './plan.ts';
import type { StackContext } from './resource.ts';
import { baseStack } from './stack.ts';

/**
 * Carries out the plan of the base. Cloud SQL keeps the name of a deleted instance for a week, which shows only when one is made:
 * then the next name is tried, and found again by its labels from then on. Returns the deployment with the names as they came to be.
 * https://docs.cloud.google.com/sql/docs/postgres/delete-instance
 */
export async function makeBase(
  plan: Plan,
  context: StackContext,
  group: StepGroup,
): Promise<{ deployment: Deployment; applied: Applied[] }> {
  try {
    return { deployment: context.deployment, applied: await applyPlan(plan, context, group) };
  } catch (error) {
    const named = context.deployment.database.instance !== undefined;
    if (named || !(error instanceof UserError) || error.code !== 'SQL_NAME_RESERVED') throw error;
    const deployment = { ...context.deployment, sqlInstance: nextInstanceName(context.deployment) };
    const renamed = { ...context, deployment };
    return makeBase(await planStack(baseStack(deployment), renamed), renamed, group);
  }
}

/** `mlflow-pgsql`, `mlflow-pgsql-2`, `mlflow-pgsql-3`: not made up by chance, so that two runs at once come to the same instance. */
function nextInstanceName(deployment: Deployment): string {
  const usual = usualInstance(deployment);
  return `${usual}-${(Number(deployment.sqlInstance.slice(usual.length + 1)) || 1) + 1}`;
}
