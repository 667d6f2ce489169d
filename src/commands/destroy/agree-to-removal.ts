import { UsageError } from '../../errors.ts';
import type { Deployment } from '../../stack/deployment.ts';
import type { Context } from '../command.ts';
import type { destroyOptions } from '../destroy.ts';

/** A plain yes for what can be made again; the name, typed or as `--confirm`, for data. Throws DECLINED, MISSING_ANSWER, NAME_DIFFERS. */
export async function agreeToRemoval(
  { ui, options, settings }: Pick<Context<typeof destroyOptions>, 'ui' | 'options' | 'settings'>,
  deployment: Deployment,
  deleteData: boolean,
): Promise<void> {
  if (!deleteData) return ui.ask.agree({ flag: '--yes', message: 'Delete this?' });
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
