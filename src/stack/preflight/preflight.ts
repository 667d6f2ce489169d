import { ownError } from '../../gcp/errors.ts';
import type { Google } from '../../gcp/google.ts';
import { heldOn } from '../../gcp/held-permissions.ts';
import { effectivePolicy } from '../../gcp/org-policies.ts';
import { type SignedIn, whoIsSignedIn } from '../../gcp/signed-in.ts';
import { settle } from '../settle.ts';
import type { Need } from './needs.ts';
import { CONSTRAINTS } from './obstacles.ts';
import type { Policies } from './policy-values.ts';
import { permissionsMissing } from './refusals.ts';

/** What of these permissions the caller holds in the project; undefined where that could not be looked up. */
export type Held = ReadonlySet<string> | undefined;

/**
 * The policies in force that can forbid something of a deployment. One is asked for first: where the service is off or the caller may not
 * look, which is usual outside of organisations, the others need not be asked.
 */
export async function lookAtPolicies(google: Google, project: string, constraints = CONSTRAINTS): Promise<Policies> {
  const [first = '', ...others] = constraints;
  const probe = await effectivePolicy(google, { project, constraint: first });
  if (probe === undefined) return new Map();
  const found = await settle(others.map((constraint) => effectivePolicy(google, { project, constraint })));
  return new Map([probe, ...found].filter((policy) => policy !== undefined).map((policy) => [policy.constraint, policy]));
}

/**
 * The permissions of these needs that the caller has neither in the project nor on the resource itself, which is asked where the project
 * does not bring them; none where that cannot be told.
 */
export async function missingOf(google: Google, held: Held, needs: Need[]): Promise<string[]> {
  if (held === undefined) return [];
  const missing = await settle(needs.map((need) => lackingOf(google, held, need)));
  return [...new Set(missing.flat())].sort();
}

/** Throws PERMISSIONS_MISSING, with who is signed in where that can be told. Returns where nothing is missing. */
export async function refuseMissing(google: Google, project: string, missing: string[], cause?: unknown): Promise<void> {
  if (missing.length > 0) throw permissionsMissing(missing, { project, who: await whoIsIt(google), cause });
}

async function lackingOf(google: Google, held: ReadonlySet<string>, { permissions, holder }: Need): Promise<string[]> {
  const missing = permissions.filter((permission) => !held.has(permission));
  if (missing.length === 0) return [];
  // Making a bucket brings the rest with it for owners; whoever may not even make one needs all of it.
  if (missing.includes('storage.buckets.create')) return [...missing, ...WITH_BUCKETS];
  if (holder === undefined) return missing;
  const own = await heldOn(google, holder, missing);
  return own === undefined ? [] : missing.filter((permission) => !own.has(permission));
}

const WITH_BUCKETS = ['get', 'getIamPolicy', 'setIamPolicy'].map((verb) => `storage.buckets.${verb}`);

async function whoIsIt(google: Google): Promise<SignedIn | undefined> {
  try {
    return await whoIsSignedIn(google);
  } catch (error) {
    if (google.signal.aborted || ownError(error) === undefined) throw error;
    return undefined;
  }
}
