import type { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { heldInProject } from '../../gcp/held-permissions.ts';
import type { Need } from './needs.ts';
import { missingOf, refuseMissing } from './preflight.ts';
import { refusalOf } from './refusals.ts';

/** The error PERMISSIONS_MISSING where the caller lacks something that a command calls for; undefined where nothing is missing, or nobody tells. */
export async function missingPermissions(google: Google, project: string, needs: Need[]): Promise<UserError | undefined> {
  const permissions = [...new Set(needs.flatMap((need) => need.permissions))].sort();
  const held = await heldInProject(google, { project, permissions });
  const missing = await missingOf(google, held, needs);
  return refusalOf(() => refuseMissing(google, project, missing));
}
