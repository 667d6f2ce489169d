import type { JsonObject, Sim } from '../service.ts';
import { findProject } from './cloudresourcemanager-projects.ts';

/** What is kept of a service account; Google's own agents too, which no list shows. */
export interface AccountRecord {
  email: string;
  uniqueId: string;
  projectId: string;
  displayName?: string;
  description?: string;
  disabled?: boolean;
  etag: string;
  /** ISO time of its creation: until `serviceAccounts.visible` later, policies do not know it. */
  createTime: string;
  /** Set while it can still be undeleted. */
  deleteTime?: string;
  /** Owned by Google: `service-N@gcp-sa-….iam.gserviceaccount.com`. */
  agent?: boolean;
}

const KIND = 'iam.serviceAccounts';

/** The account of this email or unique id, deleted ones left out. */
export function findAccount(sim: Sim, emailOrId: string): AccountRecord | undefined {
  const byEmail = sim.store.get<AccountRecord>(KIND, emailOrId);
  if (byEmail) return byEmail;
  if (!/^\d+$/.test(emailOrId)) return undefined;
  return sim.store.list<AccountRecord>(KIND).find(({ value }) => value.uniqueId === emailOrId)?.value;
}

export function listAccounts(sim: Sim, projectId: string): AccountRecord[] {
  return sim.store
    .list<AccountRecord>(KIND)
    .map(({ value }) => value)
    .filter((account) => account.projectId === projectId && !account.agent);
}

export function saveAccount(sim: Sim, account: AccountRecord): void {
  sim.store.put(KIND, account.email, account);
}

export function removeAccount(sim: Sim, email: string): void {
  sim.store.delete(KIND, email);
}

/** A unique id as Google gives them: 21 digits starting with 1. */
export function newUniqueId(sim: Sim): string {
  return `1${(BigInt(`0x${sim.id(16)}`) % 10n ** 20n).toString().padStart(20, '0')}`;
}

/**
 * Makes an account that Google makes by itself, when it is not there yet: the default service account of Compute Engine, or a
 * service agent. It is visible at once, unless a time of its making is given.
 */
export function ensureAgent(
  sim: Sim,
  projectId: string,
  email: string,
  facts: { displayName?: string; agent: boolean; createTime?: string },
): AccountRecord {
  const there = findAccount(sim, email);
  if (there) return there;
  const account: AccountRecord = {
    email,
    uniqueId: newUniqueId(sim),
    projectId,
    ...(facts.displayName === undefined ? {} : { displayName: facts.displayName }),
    agent: facts.agent,
    etag: 'MDEwMjE5MjA=',
    createTime: facts.createTime ?? new Date(0).toISOString(),
  };
  saveAccount(sim, account);
  return account;
}

/** Whether this email names, by its form, an account of a project that is here. */
function isOwn(sim: Sim, email: string): boolean {
  const named =
    /^[^@]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ??
    /^([a-z0-9-]+)@appspot\.gserviceaccount\.com$/.exec(email)?.[1];
  // Google's own have the project's number in front: `service-123@…`, `123-compute@…`, `123@cloudbuild…`.
  const numbered = /^(?:service-|p)?(\d+)(?:-[a-z0-9]+)?@[a-z0-9.-]+$/.exec(email)?.[1];
  return [named, numbered].some((project) => project !== undefined && findProject(sim, project) !== undefined);
}

/**
 * Whether a policy may name this service account now. Accounts of projects outside the simulator are taken to exist; one of its
 * own must have been made, and long enough ago: creation is eventually consistent
 * (https://docs.cloud.google.com/iam/docs/service-accounts-create#creating).
 */
export function isAccountVisible(sim: Sim, email: string): boolean {
  if (!isOwn(sim, email)) return true;
  const account = findAccount(sim, email);
  if (!account) return false;
  return sim.now().getTime() >= Date.parse(account.createTime) + sim.duration('serviceAccounts.visible');
}

/** The resource as the API shows it. */
export function showAccount(account: AccountRecord): JsonObject {
  return {
    name: `projects/${account.projectId}/serviceAccounts/${account.email}`,
    projectId: account.projectId,
    uniqueId: account.uniqueId,
    email: account.email,
    ...(account.displayName ? { displayName: account.displayName } : {}),
    etag: account.etag,
    ...(account.description ? { description: account.description } : {}),
    oauth2ClientId: account.uniqueId,
    ...(account.disabled ? { disabled: true } : {}),
  };
}

const DELETED_KIND = 'iam.deletedServiceAccounts';
const UNDELETE_DAYS = 30;

/** Keeps what a deleted account was, for the 30 days in which it can be undeleted. */
export function keepDeleted(sim: Sim, account: AccountRecord): void {
  sim.store.put(DELETED_KIND, account.uniqueId, account);
}

export function findDeleted(sim: Sim, uniqueId: string): AccountRecord | undefined {
  const account = sim.store.get<AccountRecord>(DELETED_KIND, uniqueId);
  const age = sim.now().getTime() - Date.parse(account?.deleteTime ?? '');
  return age < UNDELETE_DAYS * 86_400_000 ? account : undefined;
}

export function forgetDeleted(sim: Sim, account: AccountRecord): void {
  sim.store.delete(DELETED_KIND, account.uniqueId);
}
