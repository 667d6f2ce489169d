import { AccessError, type UserError } from '../../errors.ts';
import type { CredentialKind } from '../../gcp/credential-kind.ts';
import { failureOf, ownError } from '../../gcp/errors.ts';
import type { Google } from '../../gcp/google.ts';
import { type Project, searchProjects } from '../../gcp/projects.ts';
import { type SignedIn, whoIsSignedIn } from '../../gcp/signed-in.ts';
import { type GcloudSettings, isOnPath, readGcloudSettings } from '../../project/gcloud-settings.ts';
import { skaffoldDifference } from '../../project/skaffold-account.ts';
import { settle } from '../../stack/settle.ts';
import type { Context } from '../command.ts';

/** What is known before the first question. */
export interface Surroundings {
  /** Active projects that the caller may see; empty where they cannot be listed, or where none has to be chosen. */
  projects: Project[];
  /** What gcloud is set to: its project and region are good guesses. */
  gcloud: Pick<GcloudSettings, 'project' | 'region'>;
}

/** Where nobody is asked, nothing has to be known. */
export const NOTHING_SEEN: Surroundings = { projects: [], gcloud: { project: undefined, region: undefined } };

/** A page of the API; whoever has more projects types the id. */
const MOST_PROJECTS = 500;

type Looking = Pick<Context, 'deps' | 'ui' | 'settings'>;

/**
 * Looks who is signed in, whether skaffold would be somebody else, and which projects there are, and tells the first two. Throws
 * NOT_SIGNED_IN and the like, and what the network says where there is none. `meanwhile` is another look that is shown beside; how
 * it ends is told by whoever needs it.
 */
export async function lookAround(
  { deps, ui, settings }: Looking,
  google: Google,
  meanwhile: Promise<unknown>,
): Promise<Surroundings> {
  const { env } = deps;
  const gcloud = await readGcloudSettings(env);
  const listed = settings.project === undefined;
  // Requests of a person are charged to a project, a list of projects too: the one that gcloud works in is as good as any.
  const charged = listed && gcloud.project !== undefined ? google.chargeTo(gcloud.project) : Promise.resolve();
  const work = () =>
    charged.then(() => settle([whoIsSignedIn(google), listed ? projectsOf(google) : [], isOnPath('skaffold', env)]));
  const look = ui.step('Look who is signed in', () => signedInOr(work, gcloud));
  await Promise.allSettled([look, meanwhile]);
  const [signedIn, projects, skaffold] = await look;
  const say = (text: string) => ui.preview([{ kind: 'text', text }]);
  say(tellSignedIn(signedIn, env));
  const difference = skaffold ? skaffoldDifference(signedIn, gcloud, google.target.accessToken !== undefined) : undefined;
  if (difference !== undefined) ui.warn(`${difference.message}\nTo have one for both: ${difference.mend}`);
  if (projects instanceof Error) say(`Your projects cannot be listed (${projects.code}); the id can be typed.`);
  const names = projects instanceof Error ? [] : projects;
  return { projects: names, gcloud };
}

/** The projects, or why they cannot be listed. Who is not signed in or has no network will get no further: that is thrown. */
async function projectsOf(google: Google): Promise<Project[] | UserError> {
  try {
    return await searchProjects(google, { limit: MOST_PROJECTS });
  } catch (error) {
    const own = ownError(error);
    const status = failureOf(error)?.status;
    if (own === undefined || status === undefined || status === 0 || status === 401) throw error;
    return own;
  }
}

/** Many have signed gcloud in and think that this is all. */
async function signedInOr<T>(work: () => Promise<T>, { account }: GcloudSettings): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const own = ownError(error);
    if (own?.code !== 'NOT_SIGNED_IN' || account === undefined) throw error;
    throw new AccessError({
      code: 'NOT_SIGNED_IN',
      message: `${own.message}\ngcloud itself is signed in as ${account}, but other programs have a sign-in of their own.`,
      hint: own.hint,
      cause: error,
      ...(own.docs !== undefined && { docs: own.docs }),
    });
  }
}

/** One line, such as `Signed in as ada@example.com (Application Default Credentials of gcloud)`. */
export function tellSignedIn({ kind, account }: SignedIn, env: Looking['deps']['env']): string {
  const file = env['GOOGLE_APPLICATION_CREDENTIALS'];
  const place = file ? `the file of GOOGLE_APPLICATION_CREDENTIALS, ${file}` : 'Application Default Credentials of gcloud';
  const ways: Record<CredentialKind, string> = {
    token: 'the token in CLOUDSDK_AUTH_ACCESS_TOKEN',
    person: place,
    key: `a service account’s key in ${place}`,
    impersonation: `standing in for it by ${place}`,
    federation: `Workload Identity Federation by ${place}`,
    attached: 'the service account that is attached to this machine',
    other: place,
  };
  return `Signed in${account === undefined ? '' : ` as ${account}`} (${ways[kind]})`;
}
