import { isAlreadyExists, isNotFound, isPermissionDenied } from './errors.ts';
import type { Google } from './google.ts';
import type { Policy, PolicyResource } from './iam-policy.ts';
import { createOrGet, poll } from './retry.ts';

export interface ServiceAccount {
  email: string;
  /** Decimal digits; another one when the account was deleted and made again under the same email. */
  uniqueId: string;
  displayName: string;
  description: string;
  disabled: boolean;
}
export interface ServiceAccountArgs {
  project: string;
  email: string;
}

/** This many reads in a row must find a new account before it counts as visible: the servers behind one address do not learn of it at once. */
const READS_IN_A_ROW = 3;

/** The email that an account of this id gets. */
export function serviceAccountEmail(args: { project: string; accountId: string }): string {
  // A domain-scoped project id, `example.com:project`, turns into `project.example.com`.
  const [domain, project] = args.project.includes(':') ? args.project.split(':') : [undefined, args.project];
  return `${args.accountId}@${domain === undefined ? project : `${project}.${domain}`}.iam.gserviceaccount.com`;
}

/** The full name that builds and other accounts' policies want. */
export function serviceAccountName(args: ServiceAccountArgs): string {
  return `projects/${args.project}/serviceAccounts/${args.email}`;
}

/** The account, or undefined. https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/get */
export async function getServiceAccount(google: Google, args: ServiceAccountArgs): Promise<ServiceAccount | undefined> {
  const api = await google.apis.iam();
  try {
    const { data } = await api.projects.serviceAccounts.get({ name: serviceAccountName(args) });
    return {
      email: data.email ?? args.email,
      uniqueId: data.uniqueId ?? '',
      displayName: data.displayName ?? '',
      description: data.description ?? '',
      disabled: data.disabled === true,
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes the account if it is missing (`created` tells), and returns when it can be seen three times in a row (at most two minutes
 * later; then the error of the last read). A policy may still refuse it as a member for a while: `ensureGrants` reckons with it.
 * https://docs.cloud.google.com/iam/docs/service-accounts-create
 */
export async function createServiceAccount(
  google: Google,
  args: { project: string; accountId: string; displayName: string; description?: string },
): Promise<{ value: ServiceAccount; created: boolean }> {
  const account = { project: args.project, email: serviceAccountEmail(args) };
  const api = await google.apis.iam();
  const requestBody = {
    accountId: args.accountId,
    serviceAccount: { displayName: args.displayName, description: args.description ?? '' },
  };
  const create = async () => (await api.projects.serviceAccounts.create({ name: `projects/${args.project}`, requestBody })).data;
  let created = false;
  try {
    ({ created } = await createOrGet(google, { create, get: () => getServiceAccount(google, account) }));
  } catch (error) {
    // Somebody made it a moment ago: there, and not to be seen yet.
    if (!isAlreadyExists(error)) throw error;
  }
  return { value: await waitUntilVisible(google, account), created };
}

/** Deletes the account; one that is not there is fine. */
export async function deleteServiceAccount(google: Google, args: ServiceAccountArgs): Promise<void> {
  const api = await google.apis.iam();
  try {
    await api.projects.serviceAccounts.delete({ name: serviceAccountName(args) });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Who may act as the account. */
export function serviceAccountPolicy(google: Google, args: ServiceAccountArgs): PolicyResource {
  const resource = serviceAccountName(args);
  return {
    key: resource,
    async read() {
      const api = await google.apis.iam();
      return (await api.projects.serviceAccounts.getIamPolicy({ resource, 'options.requestedPolicyVersion': 3 })).data as Policy;
    },
    async write(policy) {
      const api = await google.apis.iam();
      return (await api.projects.serviceAccounts.setIamPolicy({ resource, requestBody: { policy } })).data as Policy;
    },
  };
}

async function waitUntilVisible(google: Google, args: ServiceAccountArgs): Promise<ServiceAccount> {
  let seen = 0;
  return poll(google, {
    what: `service account ${args.email} to become visible`,
    timeoutMs: 120_000,
    firstMs: 25,
    maxMs: 5_000,
    async attempt() {
      const account = await visible(google, args);
      seen = account === undefined ? 0 : seen + 1;
      return seen >= READS_IN_A_ROW ? account : undefined;
    },
  });
}

async function visible(google: Google, args: ServiceAccountArgs): Promise<ServiceAccount | undefined> {
  try {
    return await getServiceAccount(google, args);
  } catch (error) {
    // A server that has not heard of the account yet answers with this 403 ("or it may not exist") rather than with 404.
    if (isPermissionDenied(error, 'iam.serviceAccounts.get')) return undefined;
    throw error;
  }
}
