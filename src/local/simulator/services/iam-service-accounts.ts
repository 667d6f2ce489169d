import type { Call, Handler, Json, JsonObject, Sim } from '../service.ts';
import {
  type AccountRecord,
  findAccount,
  findDeleted,
  forgetDeleted,
  keepDeleted,
  listAccounts,
  newUniqueId,
  removeAccount,
  saveAccount,
  showAccount,
} from './iam-accounts.ts';
import { removeKeys } from './iam-keys-store.ts';
import { deletePolicy, getPolicy, renameMember, setPolicy, testPermissions } from './iam-policy.ts';
import { maskPaths } from './masks.ts';
import { checkNewAccount } from './orgpolicy-checks.ts';
import { page } from './paging.ts';
import { alreadyExists, badRequest, failedPrecondition, invalidField, notFound } from './refusals.ts';

const ETAG = 'MDEwMjE5MjA=';
const MOST_DESCRIPTION_BYTES = 256;
const MOST_NAME_BYTES = 100;

/** https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts */
export const serviceAccountMethods: Record<string, Handler> = {
  'iam.projects.serviceAccounts.create': create,
  'iam.projects.serviceAccounts.get': (call, sim) => showAccount(accountOf(call, sim)),
  'iam.projects.serviceAccounts.list': list,
  'iam.projects.serviceAccounts.patch': (call, sim) => {
    const change = (call.body['serviceAccount'] ?? {}) as JsonObject;
    return edit(sim, accountOf(call, sim), change, maskPaths(call.body['updateMask'] as Json, change));
  },
  'iam.projects.serviceAccounts.update': (call, sim) =>
    edit(sim, accountOf(call, sim), call.body, ['displayName', 'description']),
  'iam.projects.serviceAccounts.delete': (call, sim) => {
    const account = accountOf(call, sim);
    removeAccount(sim, account.email);
    removeKeys(sim, account.email);
    deletePolicy(sim, accountResource(account));
    keepDeleted(sim, { ...account, deleteTime: sim.timestamp() });
    renameMember(sim, `serviceAccount:${account.email}`, deletedMember(account));
    return {};
  },
  'iam.projects.serviceAccounts.undelete': undelete,
  'iam.projects.serviceAccounts.enable': (call, sim) => setDisabled(sim, accountOf(call, sim), false),
  'iam.projects.serviceAccounts.disable': (call, sim) => setDisabled(sim, accountOf(call, sim), true),
  'iam.projects.serviceAccounts.getIamPolicy': (call, sim) =>
    getPolicy(sim, accountResource(accountOf(call, sim)), call.params['options.requestedPolicyVersion']),
  'iam.projects.serviceAccounts.setIamPolicy': (call, sim) => setPolicy(sim, accountResource(accountOf(call, sim)), call.body),
  'iam.projects.serviceAccounts.testIamPermissions': (call, sim) => {
    accountOf(call, sim);
    return testPermissions(call.body);
  },
};

/** The account that a call names, by email or unique id, in its project or under `-`. @throws GoogleError 404 */
export function accountOf(call: Call, sim: Sim): AccountRecord {
  const name = String(call.params['name'] ?? call.params['resource']);
  const [, project, key] = /^projects\/([^/]+)\/serviceAccounts\/([^/]+)/.exec(name) ?? [];
  if (!project || !key) throw badRequest(`Invalid service account name ${name}.`);
  const projectId = project === '-' ? undefined : sim.findProject(project).projectId;
  const account = findAccount(sim, decodeURIComponent(key));
  if (!account || (projectId !== undefined && account.projectId !== projectId)) throw notFound('Unknown service account');
  return account;
}

function accountResource(account: AccountRecord): string {
  return `//iam.googleapis.com/projects/${account.projectId}/serviceAccounts/${account.uniqueId}`;
}

function deletedMember(account: AccountRecord): string {
  return `deleted:serviceAccount:${account.email}?uid=${account.uniqueId}`;
}

function create(call: Call, sim: Sim): JsonObject {
  const { projectId } = sim.findProject(String(call.params['name']).replace(/^projects\//, ''));
  const accountId = String(call.body['accountId'] ?? '');
  checkId(accountId);
  const { displayName, description } = (call.body['serviceAccount'] ?? {}) as { displayName?: string; description?: string };
  checkTexts({ displayName, description });
  const email = `${accountId}@${projectId}.iam.gserviceaccount.com`;
  if (findAccount(sim, email)) {
    throw alreadyExists(`Service account ${accountId} already exists within project projects/${projectId}.`, [
      { '@type': 'type.googleapis.com/google.rpc.ResourceInfo', resourceName: `projects/${projectId}/serviceAccounts/${email}` },
    ]);
  }
  checkNewAccount(sim, projectId);
  const account: AccountRecord = {
    email,
    uniqueId: newUniqueId(sim),
    projectId,
    ...(displayName ? { displayName } : {}),
    ...(description ? { description } : {}),
    etag: ETAG,
    createTime: sim.timestamp(),
  };
  saveAccount(sim, account);
  return showAccount(account);
}

function checkId(accountId: string): void {
  const wrong =
    accountId.length < 6 || accountId.length > 30
      ? `The account ID "${accountId}" does not have a length between 6 and 30.`
      : /^[a-z][a-z0-9-]*[a-z0-9]$/.test(accountId)
        ? undefined
        : `The account ID "${accountId}" is not valid: it must match the regular expression [a-z]([-a-z0-9]*[a-z0-9]).`;
  if (wrong) throw invalidField('account_id', wrong);
}

function checkTexts(texts: { displayName?: string | undefined; description?: string | undefined }): void {
  if (Buffer.byteLength(texts.displayName ?? '') > MOST_NAME_BYTES) {
    throw invalidField('service_account.display_name', `The display name must be at most ${MOST_NAME_BYTES} UTF-8 bytes long.`);
  }
  if (Buffer.byteLength(texts.description ?? '') > MOST_DESCRIPTION_BYTES) {
    throw invalidField(
      'service_account.description',
      `The description must be at most ${MOST_DESCRIPTION_BYTES} UTF-8 bytes long.`,
    );
  }
}

function list(call: Call, sim: Sim): JsonObject {
  const { projectId } = sim.findProject(String(call.params['name']).replace(/^projects\//, ''));
  const all = listAccounts(sim, projectId).map((account) => ({ key: account.email, value: account }));
  const { items, nextPageToken } = page(all, {
    size: call.params['pageSize'],
    token: call.params['pageToken'],
    usual: 20,
    most: 100,
  });
  return { ...(items.length > 0 ? { accounts: items.map(showAccount) } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

function edit(sim: Sim, account: AccountRecord, change: JsonObject, paths: string[]): JsonObject {
  const { displayName, description } = change as { displayName?: string; description?: string };
  checkTexts({ displayName, description });
  const edited = { ...account };
  if (paths.includes('displayName')) setOrClear(edited, 'displayName', displayName);
  if (paths.includes('description')) setOrClear(edited, 'description', description);
  saveAccount(sim, edited);
  return showAccount(edited);
}

function setOrClear(account: AccountRecord, field: 'displayName' | 'description', value: string | undefined): void {
  if (value) account[field] = value;
  else delete account[field];
}

function setDisabled(sim: Sim, { disabled: _, ...account }: AccountRecord, disabled: boolean): JsonObject {
  saveAccount(sim, disabled ? { ...account, disabled } : account);
  return {};
}

/** By unique id alone, for another account may have the email by now. */
function undelete(call: Call, sim: Sim): JsonObject {
  const id = String(call.params['name']).split('/').at(-1) ?? '';
  const account = findDeleted(sim, id);
  if (!account) throw notFound('Unknown service account');
  if (findAccount(sim, account.email))
    throw failedPrecondition(`A service account with the email ${account.email} exists already.`);
  const { deleteTime: _, ...restored } = account;
  forgetDeleted(sim, account);
  saveAccount(sim, restored);
  renameMember(sim, deletedMember(account), `serviceAccount:${account.email}`);
  return { restoredAccount: showAccount(restored) };
}
