import type { UserError } from '../errors.ts';
import type { Context } from './command.ts';

/**
 * Throws the first of what would keep a command from doing its work. A dry run, which does nothing, and `--skip-checks` get by with
 * warnings.
 */
export function refuseOrWarn(
  { ui, settings, options }: Pick<Context, 'ui' | 'settings'> & { options: { skipChecks: boolean } },
  refusals: UserError[],
): void {
  const goesOn = settings.dryRun || options.skipChecks;
  for (const refusal of refusals) {
    if (!goesOn) throw refusal;
    ui.warn(`${refusal.message}\n${refusal.hint}`);
  }
}
