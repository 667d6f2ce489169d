import { UserError } from '../../errors.ts';
import { heldInProject } from '../../gcp/held-permissions.ts';
import { type Plan, planStack } from '../plan.ts';
import type { StackContext } from '../resource.ts';
import { findOwnService } from '../resources/run-service.ts';
import { settle } from '../settle.ts';
import { baseStack } from '../stack.ts';
import { needsOfDeploy } from './command-needs.ts';
import { needsOfPlan, permissionsToAsk, permissionsToMake } from './needs.ts';
import { obstaclesOf, secretLocations } from './obstacles.ts';
import type { Policies } from './policy-values.ts';
import { type Held, lookAtPolicies, missingOf, refuseMissing } from './preflight.ts';
import { refusalOf, refuseObstacles } from './refusals.ts';

export interface PlanAhead {
  plan: Plan;
  /** As it was given, with what the policies ask for where that makes no difference to the deployment. */
  context: StackContext;
  /** Why carrying the plan out would fail: policies of the organisation, permissions that are missing. */
  refusals: UserError[];
}

/**
 * The plan of the base, and what would keep it from being carried out, looked up at the same time: policies of the organisation and the
 * caller's permissions. Nothing is written. Throws what the plan does, but for want of permissions PERMISSIONS_MISSING with all of them.
 * `deploys`: the server is deployed afterwards.
 */
export async function planAhead(given: StackContext, { deploys }: { deploys: boolean }): Promise<PlanAhead> {
  const { google, deployment } = given;
  const { project } = deployment;
  const resources = baseStack(deployment);
  const ids = resources.map(({ id }) => id);
  const deployNeeds = deploys ? needsOfDeploy(deployment, { builds: true }) : [];
  const asked = [...permissionsToAsk(ids), ...deployNeeds.flatMap(({ permissions }) => permissions)];
  const looked = settle([planStack(resources, given), findOwnService(google, deployment)]);
  const [ended, policies, held] = await settle([
    Promise.allSettled([looked]).then(([one]) => one),
    lookAtPolicies(google, project),
    heldInProject(google, { project, permissions: [...new Set(asked)] }),
  ]);
  if (ended.status === 'rejected') return explained(ended.reason, given, held, permissionsToMake(ids));
  const [plan, service] = ended.value;
  const context = placed(given, policies);
  const rebuilt = { ...plan, items: withResources(plan, context) };
  const refusals = [
    refusalOf(() => refuseObstacles(obstaclesOf(policies, plan, deployment, { deployed: service !== undefined }), project)),
    refusalOf(async () => {
      const needs = [...needsOfPlan(plan, deployment), ...deployNeeds];
      await refuseMissing(google, project, await missingOf(google, held, needs));
    }),
  ];
  return { plan: rebuilt, context, refusals: (await settle(refusals)).filter((error) => error !== undefined) };
}

/** A look that failed for want of a permission is told together with all else that is missing. Always throws. */
async function explained(
  error: unknown,
  { google, deployment }: StackContext,
  held: Held,
  permissions: string[],
): Promise<never> {
  if (error instanceof UserError && error.exitStatus === 3 && held !== undefined) {
    const missing = permissions.filter((permission) => !held.has(permission));
    await refuseMissing(google, deployment.project, missing, error);
  }
  throw error;
}

/** Values of secrets are kept in the region where a policy keeps them from being everywhere: the server reads them there alone. */
function placed(context: StackContext, policies: Policies): StackContext {
  const locations = secretLocations(policies, context.deployment);
  return locations === undefined ? context : { ...context, deployment: { ...context.deployment, secretLocations: locations } };
}

/** The plan's resources as the deployment has them now; what was observed stays. */
function withResources(plan: Plan, { deployment }: StackContext): Plan['items'] {
  const resources = new Map(baseStack(deployment).map((resource) => [resource.id, resource]));
  return plan.items.map((item) => ({ ...item, resource: resources.get(item.resource.id) ?? item.resource }));
}
