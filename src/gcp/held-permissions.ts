import { failureOf, isNotFound } from './errors.ts';
import type { Google, GoogleRequest } from './google.ts';
import { testPermissions } from './projects.ts';
import { secretName } from './secrets.ts';
import { serviceAccountName } from './service-accounts.ts';

/** A resource that has a policy of its own. */
export type PolicyHolder =
  | { kind: 'bucket'; bucket: string }
  | { kind: 'secret'; project: string; secretId: string }
  | { kind: 'account'; project: string; email: string }
  /** `projects/P/locations/L/repositories/R` */
  | { kind: 'repository'; name: string }
  /** `projects/P/locations/L/services/S`, of Cloud Run. */
  | { kind: 'service'; name: string };

/**
 * Those of the permissions that the caller has in the whole project; undefined where Google does not tell. What holds for a single
 * resource, or under a condition, is not among them.
 */
export async function heldInProject(
  google: Google,
  args: { project: string; permissions: string[] },
): Promise<Set<string> | undefined> {
  const { project, permissions } = args;
  const [usual, odd] = await Promise.all([
    unlessRefused(google, () => testPermissions(google, { project, permissions: permissions.filter((one) => !isOdd(one)) })),
    unlessRefused(google, () => testPermissions(google, { project, permissions: permissions.filter(isOdd) })),
  ]);
  return usual && new Set([...usual, ...(odd ?? permissions.filter(isOdd))]);
}

/**
 * Google knows these by two names, and one name that is unknown has the whole call refused. So they are asked about by themselves, and
 * count as held where that fails. https://docs.cloud.google.com/iam/docs/roles-permissions/iam
 */
function isOdd(permission: string): boolean {
  return permission.startsWith('iam.workloadIdentityPool');
}

/**
 * Those of the permissions that the caller has on one resource, by its own policy or from above; undefined where Google does not tell, and
 * none where there is no such resource.
 */
export async function heldOn(google: Google, holder: PolicyHolder, permissions: string[]): Promise<Set<string> | undefined> {
  return unlessRefused(google, async () => {
    try {
      const { data } = await google.request<{ permissions?: string[] }>(testOf(holder, permissions));
      return new Set(data.permissions ?? []);
    } catch (error) {
      if (isNotFound(error)) return new Set<string>();
      throw error;
    }
  });
}

/** Cloud Storage asks by GET: https://docs.cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions */
function testOf(holder: PolicyHolder, permissions: string[]): GoogleRequest {
  if (holder.kind === 'bucket') {
    const query = new URLSearchParams(permissions.map((permission): [string, string] => ['permissions', permission]));
    const url = `https://storage.googleapis.com/storage/v1/b/${encodeURIComponent(holder.bucket)}/iam/testPermissions?${query}`;
    return { method: 'GET', url };
  }
  return { method: 'POST', url: `${addressOf(holder)}:testIamPermissions`, body: { permissions }, idempotent: true };
}

function addressOf(holder: Exclude<PolicyHolder, { kind: 'bucket' }>): string {
  switch (holder.kind) {
    case 'secret':
      return `https://secretmanager.googleapis.com/v1/${secretName(holder)}`;
    case 'account':
      return `https://iam.googleapis.com/v1/${serviceAccountName(holder)}`;
    case 'repository':
      return `https://artifactregistry.googleapis.com/v1/${holder.name}`;
    case 'service':
      return `https://run.googleapis.com/v2/${holder.name}`;
  }
}

/** A look that is there to help must not be what a command fails by. */
async function unlessRefused<T>(google: Google, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined || google.signal.aborted) throw error;
    google.log(`permissions cannot be looked up: ${failure.reasons[0] ?? failure.rpcStatus}`);
    return undefined;
  }
}
