import { UsageError, UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { whoIsSignedIn } from '../../gcp/signed-in.ts';
import { readGcloudSettings } from '../../project/gcloud-settings.ts';
import { findSkaffold, OLDEST_SKAFFOLD } from '../../project/skaffold.ts';
import { type AccountDifference, skaffoldDifference } from '../../project/skaffold-account.ts';
import type { Context } from '../command.ts';

export interface ToolChoice {
  with?: 'skaffold' | 'api' | undefined;
  image?: string | undefined;
}

const INSTALL = 'Install it (https://skaffold.dev/docs/install/), or deploy without it: mlflow-gcp deploy --with api';

/**
 * What deploys: the tool that was asked for, else skaffold where it is found, reads our skaffold.yaml and would work as the same
 * account as this program; else the APIs. Not for an image that is built already, and not by itself for the local target, which is
 * there so that nothing need be installed. Throws SKAFFOLD_MISSING, SKAFFOLD_TOO_OLD and SKAFFOLD_OTHER_ACCOUNT where skaffold was
 * asked for.
 */
export async function chooseTool(
  { deps, settings, ui }: Pick<Context, 'deps' | 'settings' | 'ui'>,
  google: Google,
  { with: asked, image }: ToolChoice,
): Promise<'skaffold' | 'api'> {
  if (image !== undefined && asked === 'skaffold') throw bothGiven();
  if (asked === 'api' || image !== undefined || (settings.local && asked === undefined)) return 'api';
  const env = { ...deps.env, ...google.target.childEnvironment() };
  const { state, version } = await findSkaffold(env, deps.signal);
  if (asked === undefined) {
    if (state === 'too old') ui.note(`skaffold ${version} is older than ${OLDEST_SKAFFOLD}: deploying without it.`);
    if (state !== 'usable') return 'api';
  } else {
    if (state === 'missing') throw missing();
    if (state === 'too old') throw tooOld(version ?? '');
    if (state === 'unnamed') ui.warn(`This skaffold tells no version; ${OLDEST_SKAFFOLD} or newer is needed.`);
  }
  const gcloud = await readGcloudSettings(env);
  const difference = skaffoldDifference(await whoIsSignedIn(google), gcloud, google.target.accessToken !== undefined);
  if (difference === undefined) return 'skaffold';
  if (asked !== undefined) throw otherAccount(difference);
  ui.note(`${difference.message} Deploying without it.`);
  return 'api';
}

function bothGiven(): UsageError {
  return new UsageError({
    code: 'INVALID_VALUE',
    message: '--image and --with skaffold exclude each other: skaffold builds its own image.',
    hint: 'Leave one of them out.',
  });
}

function missing(): UsageError {
  return new UsageError({ code: 'SKAFFOLD_MISSING', message: 'There is no skaffold on PATH that can be run.', hint: INSTALL });
}

function tooOld(version: string): UsageError {
  return new UsageError({
    code: 'SKAFFOLD_TOO_OLD',
    message: `The skaffold on PATH is ${version}, and skaffold.yaml needs ${OLDEST_SKAFFOLD} or newer.`,
    hint: INSTALL,
  });
}

function otherAccount({ message, mend }: AccountDifference): UserError {
  return new UserError({ code: 'SKAFFOLD_OTHER_ACCOUNT', message, hint: mend });
}
