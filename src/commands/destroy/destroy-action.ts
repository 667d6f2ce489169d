import { UserError } from '../../errors.ts';
import { removeStack } from '../../stack/apply.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { findDeployments } from '../../stack/found-deployments.ts';
import { listLeft } from '../../stack/left-behind.ts';
import { missingPermissions } from '../../stack/preflight/check-command.ts';
import { needsOfRemoval } from '../../stack/preflight/command-needs.ts';
import { type PlannedRemoval, planRemoval } from '../../stack/removal-plan.ts';
import type { StackContext } from '../../stack/resource.ts';
import { wholeStack } from '../../stack/stack.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { destroyOptions } from '../destroy.ts';
import { keyPlace } from '../key-place.ts';
import { locateDeployment } from '../locate-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import { refuseOrWarn } from '../refuse-or-warn.ts';
import { agreeToRemoval } from './agree-to-removal.ts';
import { leftBlocks, planBlocks, stillThere } from './show-removal.ts';

type DestroyContext = Context<typeof destroyOptions>;

/** Shows what goes and what stays, asks, takes it down in reverse order, and lists what is left. */
export async function run(context: DestroyContext): Promise<CommandResult> {
  const { ui, settings, options } = context;
  const google = await openGoogleFor(context);
  try {
    const deployment = await ui.step('Look at the project', () => locateDeployment(context, google));
    const stack: StackContext = { google, deployment, credentials: {}, key: keyPlace(context, deployment) };
    const { deleteData } = options;
    const plan = await ui.step('Look at the resources', () => planRemoval(wholeStack(deployment), stack, { deleteData }));
    refuseOrWarn(context, await refusals(stack, plan));
    if (settings.dryRun) return { data: { dryRun: true, resources: documentOf(plan) }, show: planBlocks(plan, deployment) };
    ui.preview(planBlocks(plan, deployment));
    if (plan.every(({ action }) => action !== 'delete')) return await nothingToDo(context, stack, plan);
    await agreeToRemoval(context, deployment, deleteData);
    return await takeDown(context, stack, plan);
  } finally {
    google.close();
  }
}

/** A deployment that is half gone because of a permission would be of use to nobody. */
async function refusals({ google, deployment }: StackContext, plan: PlannedRemoval[]): Promise<UserError[]> {
  const ids = plan.filter(({ action }) => action === 'delete').map(({ resource }) => resource.id);
  const missing = await missingPermissions(google, deployment.project, needsOfRemoval(deployment, ids));
  return missing === undefined ? [] : [missing];
}

async function takeDown({ ui, options }: DestroyContext, stack: StackContext, plan: PlannedRemoval[]): Promise<CommandResult> {
  const { deployment, google } = stack;
  const { deleteData } = options;
  const left = new Set(plan.filter(({ action }) => action === 'leave').map(({ resource }) => resource.id));
  const resources = plan.map(({ resource }) => resource);
  const removed = await ui.steps((group) => removeStack(resources, stack, group, { deleteData, leave: left }));
  const listing = await ui.step('List what is left', () => listLeft(google, deployment));
  const kept = new Set(removed.filter(({ outcome }) => outcome === 'kept').map(({ id }) => id));
  const unexpected = stillThere(listing, kept);
  return {
    data: { project: deployment.project, name: deployment.name, resources: removed, left: listing.left, unseen: listing.unseen },
    show: leftBlocks(listing, { deleteData }),
    ...(unexpected.length > 0 && { failure: incomplete(deployment, unexpected) }),
  };
}

/** Nothing is there that would go: says so, and which deployments there are besides. */
async function nothingToDo(
  { options }: DestroyContext,
  { google, deployment }: StackContext,
  plan: PlannedRemoval[],
): Promise<CommandResult> {
  const { project, name } = deployment;
  const [listing, found] = await Promise.all([listLeft(google, deployment), findDeployments(google, { project })]);
  const others = found.filter((one) => one.name !== name).map((one) => `${one.name} in ${one.region}`);
  const besides = others.length === 0 ? '' : ` Other deployments in this project: ${others.join(', ')}.`;
  return {
    data: { project, name, resources: documentOf(plan), left: listing.left, unseen: listing.unseen, otherDeployments: others },
    show: [
      { kind: 'text', text: `Nothing of deployment ${name} is to be deleted in project ${project}.${besides}` },
      ...leftBlocks(listing, { deleteData: options.deleteData }),
    ],
  };
}

function documentOf(plan: PlannedRemoval[]) {
  return plan.map(({ resource, action }) => ({ id: resource.id, title: resource.title, action }));
}

function incomplete({ name, project }: Deployment, titles: string[]): UserError {
  return new UserError({
    code: 'DESTROY_INCOMPLETE',
    message: `Of deployment ${name} in project ${project} this is still there, and may cost money: ${titles.join(', ')}.`,
    hint: 'Run the same command again; what another deployment of that name made in another region is named with --region.',
  });
}
