import { UsageError } from '../../errors.ts';
import { keeps, removeStack } from '../../stack/apply.ts';
import type { Deployment } from '../../stack/deployment.ts';
import type { Removable } from '../../stack/resource.ts';
import { wholeStack } from '../../stack/stack.ts';
import type { Block, CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { destroyOptions } from '../destroy.ts';
import { keyPlace } from '../key-place.ts';
import { configOf, openDeployment, projectOf } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';

type DestroyContext = Context<typeof destroyOptions>;

/** Shows what goes and what stays, asks, and takes it down in reverse order. */
export async function run(context: DestroyContext): Promise<CommandResult> {
  const { ui, settings, options } = context;
  const google = await openGoogleFor(context);
  try {
    const project = projectOf(settings, google);
    const deployment = await ui.step('Look at the project', () => openDeployment(google, configOf(settings), project));
    const stack = wholeStack(deployment);
    const { deleteData } = options;
    const key = keyPlace(context, deployment);
    if (settings.dryRun)
      return { data: { dryRun: true, resources: planned(stack, deleteData) }, show: planBlocks(stack, deployment, deleteData) };
    ui.preview(planBlocks(stack, deployment, deleteData));
    await agree(context, deployment);
    const removed = await ui.steps((group) =>
      removeStack(stack, { google, deployment, credentials: {}, key }, group, { deleteData }),
    );
    return {
      data: { project: deployment.project, name: deployment.name, resources: removed },
      show: [
        {
          kind: 'text',
          text: deleteData
            ? 'Everything of the deployment is gone.'
            : 'The server is gone; database and artifacts are kept. To have it back: mlflow-gcp init && mlflow-gcp deploy',
        },
      ],
    };
  } finally {
    google.close();
  }
}

function planned(stack: Removable[], deleteData: boolean) {
  return stack.map((resource) => ({
    id: resource.id,
    title: resource.title,
    action: keeps(resource, { deleteData }) ? 'keep' : 'delete',
  }));
}

function planBlocks(stack: Removable[], deployment: Deployment, deleteData: boolean): Block[] {
  const rows = planned(stack, deleteData).map(({ title, action }) => [action === 'keep' ? '=' : '-', title, action]);
  return [
    { kind: 'text', text: `Deployment ${deployment.name} in project ${deployment.project}, region ${deployment.region}:` },
    { kind: 'table', head: ['', 'Resource', 'Action'], rows },
  ];
}

/** A plain yes for what can be made again; the name, typed or as `--confirm`, for data. */
async function agree({ ui, options, settings }: DestroyContext, deployment: Deployment): Promise<void> {
  if (!options.deleteData) return ui.ask.agree({ flag: '--yes', message: 'Delete this?' });
  const { name } = deployment;
  const typed =
    options.confirm ??
    (ui.interactive && !settings.yes
      ? await ui.ask.text({ flag: '--confirm', message: `This deletes data for good. Type ${name} to go on` })
      : undefined);
  if (typed === name) return;
  throw new UsageError({
    code: typed === undefined ? 'MISSING_ANSWER' : 'NAME_DIFFERS',
    message:
      typed === undefined
        ? `Deleting the data of ${name} has to be confirmed by its name.`
        : `The name given is ${JSON.stringify(typed)}, and the deployment is ${name}: nothing was deleted.`,
    hint: `To delete it with its data: mlflow-gcp destroy --delete-data --confirm ${name} --project ${deployment.project}`,
  });
}
