import { UserError } from '../../errors.ts';
import { stopDaemon } from '../../local/daemon-control.ts';
import { deleteHome, localHome } from '../../local/home.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';

/** Deletes the local target after a yes. Throws a {@link UserError} RESET_DECLINED after a no. */
export async function run({ deps, ui, settings }: Context): Promise<CommandResult> {
  const home = localHome(deps.env);
  const message = `Delete everything of the local target in ${home.folder}: databases, objects, secrets, servers?`;
  if (!settings.yes && !settings.dryRun && !(await ui.ask.confirm({ flag: '--yes', message }))) {
    throw new UserError({
      code: 'RESET_DECLINED',
      message: 'Nothing has been deleted.',
      hint: 'To agree beforehand: mlflow-gcp local reset --yes',
    });
  }
  if (settings.dryRun) {
    return {
      data: { deleted: false, folder: home.folder },
      show: [{ kind: 'text', text: `This would delete the local target in ${home.folder}.` }],
    };
  }
  await ui.step('Stop the local target', () => stopDaemon(home));
  await ui.step('Delete its data', () => deleteHome(home));
  return { data: { deleted: true, folder: home.folder }, show: [{ kind: 'text', text: 'The local target is empty.' }] };
}
