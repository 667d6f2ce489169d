import { UserError } from '../../errors.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { withSecrets } from './open-secrets.ts';
import { verifySecrets } from './verify-secrets.ts';

/** Checks every link from the secrets to a server that takes the password; writes nothing. */
export function run(context: Context): Promise<CommandResult> {
  return withSecrets(context, async (open) => {
    const checks = await context.ui.step('Check', () => verifySecrets(context, open));
    const failed = checks.filter(({ ok }) => !ok);
    const [first] = failed;
    return {
      data: { project: open.deployment.project, name: open.deployment.name, checks },
      show: [
        {
          kind: 'table',
          head: ['', 'Check', 'Details', 'To mend it'],
          rows: checks.map(({ ok, check, detail, fix }) => [ok ? 'ok' : 'fail', check, detail, fix ?? '']),
        },
      ],
      ...(first && {
        failure: new UserError({
          code: 'SECRETS_NOT_IN_ORDER',
          message: `${failed.length} of ${checks.length} checks failed: ${failed.map(({ check }) => check).join(', ')}.`,
          hint: first.fix ?? 'mlflow-gcp status',
        }),
      }),
    };
  });
}
