import { AccessError, UserError } from '../../errors.ts';
import { narrowRoles } from '../../gcp/narrow-roles.ts';
import type { SignedIn } from '../../gcp/signed-in.ts';
import type { Obstacle } from './obstacles.ts';

const ASK = 'Or ask an administrator of the organisation policies for an exception of this project:';

/** The error that a check throws, for whoever may get by with a warning; undefined where it throws none. */
export async function refusalOf(check: () => void | Promise<void>): Promise<UserError | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Throws ORG_POLICY with every policy that stands in the way and the way round each. */
export function refuseObstacles(obstacles: Obstacle[], project: string): void {
  if (obstacles.length === 0) return;
  const lines = obstacles.map(({ constraint, forbids, where }) => {
    const places = where.length === 0 ? '' : ` (${where.join(', ')})`;
    return `constraints/${constraint} forbids ${forbids}${places}`;
  });
  const exceptions = obstacles.map(({ constraint }) => `gcloud org-policies reset ${constraint} --project=${project}`);
  const ways = obstacles.map(({ wayRound }) => wayRound).filter((way) => way !== undefined);
  throw new UserError({
    code: 'ORG_POLICY',
    message: `Policies of your organisation are in the way in project ${project}, and nothing was made: ${lines.join('; ')}.`,
    hint: [...ways, ways.length === 0 ? ASK.replace('Or ask', 'Ask') : ASK, ...exceptions.map((line) => `  ${line}`)].join('\n'),
    docs: 'https://docs.cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints',
  });
}

/** The error for permissions that are missing: all of them, with the smallest roles that carry them and how to give those. */
export function permissionsMissing(
  missing: string[],
  { project, who, cause }: { project: string; who: SignedIn | undefined; cause?: unknown },
): AccessError {
  const account = who?.account;
  const member =
    account === undefined
      ? 'user:YOUR_EMAIL'
      : `${account.endsWith('gserviceaccount.com') ? 'serviceAccount' : 'user'}:${account}`;
  const roles = narrowRoles(missing);
  const commands = roles.map(
    ({ role }) => `  gcloud projects add-iam-policy-binding ${project} --member=${member} --role=${role} --condition=None`,
  );
  const needs = missing.length === 1 ? `the permission ${missing[0]}` : `these permissions: ${missing.join(', ')}`;
  return new AccessError({
    code: 'PERMISSIONS_MISSING',
    message: `${account ?? 'You'} ${account === undefined ? 'lack' : 'lacks'} what this needs in project ${project}, and nothing was changed. It needs ${needs}.`,
    hint: `Have an owner of the project run:\n${commands.join('\n')}\nThen run the same command again; a minute or two may go by until Google knows.`,
    docs: 'https://docs.cloud.google.com/iam/docs/granting-changing-revoking-access',
    ...(cause !== undefined && { cause }),
  });
}
