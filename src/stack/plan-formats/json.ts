import { monthlyPrices, PRICES_AS_OF } from '../prices.ts';
import type { PlanDocument } from './plan-document.ts';

/**
 * The plan for programs: `resources` (id, title, action, differences, usualSeconds, dependsOn), `changes`, `usualSeconds` of the
 * longest chain of what is to be done, and `prices` in USD a month. Fields are added over time and none is taken away.
 */
export function planData({ plan, deployment }: PlanDocument): Record<string, unknown> {
  return {
    resources: plan.items.map(({ resource, observation }) => ({
      id: resource.id,
      title: resource.title,
      ...observation,
      usualSeconds: resource.usualSeconds,
      dependsOn: resource.dependsOn,
    })),
    changes: plan.changes,
    usualSeconds: plan.usualSeconds,
    prices: { asOf: PRICES_AS_OF, currency: 'USD', period: 'month', items: monthlyPrices(deployment) },
  };
}

/** The same as text, with the deployment that it is for. */
export function jsonPlan(document: PlanDocument): string {
  const { project, region, name } = document.deployment;
  return `${JSON.stringify({ project, region, name, ...planData(document) }, null, 2)}\n`;
}
