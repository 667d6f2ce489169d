import type { UserError } from '../errors.ts';
import type { Context } from './command.ts';

/**
 * Throws the first of what would keep a command from doing its work, and warns of the others, so that they need not be found out one after
 * another. A dry run, which does nothing, and `--skip-checks` get by with warnings alone.
 */
export function refuseOrWarn(
  { ui, settings, options }: Pick<Context, 'ui' | 'settings'> & { options: { skipChecks: boolean } },
  refusals: UserError[],
): void {
  const goesOn = settings.dryRun || options.skipChecks;
  const [first, ...others] = refusals;
  for (const { message, hint } of goesOn ? refusals : others) ui.warn(`${message}\n${hint}`);
  if (first !== undefined && !goesOn) throw first;
}
