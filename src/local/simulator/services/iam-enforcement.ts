import { isEnforced } from '../permissions.ts';
import type { Call, Sim } from '../service.ts';
import { DEFAULT_PRINCIPAL } from '../tokens.ts';
import { projectPolicy } from './cloudresourcemanager-policy.ts';
import type { Binding } from './iam-bindings.ts';
import { permissionDenied } from './iam-denials.ts';
import { permissionOf } from './iam-permission-table.ts';
import { policyRecord } from './iam-policy.ts';
import { roleHolds } from './iam-role-permissions.ts';
import { type Target, targetOf, targetOfAccount } from './iam-targets.ts';

/** Who asks. */
type Caller = Pick<Call, 'principal' | 'principalSets'>;

/**
 * Lets the policies decide whether a call may be made.
 * @throws GoogleError 403 that names the permission, in the form of the API
 */
export function authorize(sim: Sim, call: Call): void {
  const permission = permissionOf(call.api, call.method);
  if (permission !== undefined) demand(sim, call, permission, targetOf(sim, call), call.api);
  const email = accountToActAs(call);
  if (email === undefined) return;
  const account = targetOfAccount(sim, email);
  if (account) demand(sim, call, 'iam.serviceAccounts.actAs', account, call.api);
}

/** Which of these permissions the caller holds on what the call is about: the answer to `testIamPermissions`. */
export function heldPermissions(sim: Sim, call: Call, permissions: string[]): string[] {
  const target = targetOf(sim, call);
  return target ? permissions.filter((permission) => holds(sim, call, permission, target)) : permissions;
}

/** Whether the caller holds a permission on a resource, for services that answer by themselves and refuse in their own form. */
export function mayUse(sim: Sim, who: Caller, permission: string, resource: Target): boolean {
  return !isEnforced(sim.store) || holds(sim, who, permission, resource);
}

/** The same for uploads and downloads of Cloud Storage, which no discovery document lists. */
export function authorizePath(sim: Sim, request: { httpMethod: string; host: string; path: string; principal: string }): void {
  const [, upload, bucket] =
    /^\/(?:(upload|resumable\/upload)\/|download\/)?storage\/v1\/b\/([^/]+)\/o(?:\/|$)/.exec(request.path) ?? [];
  if (bucket === undefined || !/^(storage|www)\.googleapis\.com$/.test(request.host)) return;
  // The pieces of an upload come by an address that whoever may begin it was given.
  if (upload !== undefined && request.httpMethod !== 'POST') return;
  const call = { api: 'storage', method: '', params: { bucket: decodeURIComponent(bucket) } };
  demand(sim, request, upload === undefined ? 'storage.objects.get' : 'storage.objects.create', targetOf(sim, call), 'storage');
}

function demand(sim: Sim, who: Caller, permission: string, target: Target | undefined, api: string): void {
  if (target && !holds(sim, who, permission, target)) throw permissionDenied(api, permission, target, who.principal);
}

function holds(sim: Sim, who: Caller, permission: string, target: Target): boolean {
  projectPolicy(sim, target.projectId, DEFAULT_PRINCIPAL);
  const members = membersOf(who);
  return target.policies.some((name) =>
    policyRecord(sim, name)?.bindings.some(
      (binding) =>
        isMet(sim, binding) &&
        binding.members.some((member) => members.includes(member) || isOfProject(sim, member, members)) &&
        bindingHolds(sim, binding.role, permission),
    ),
  );
}

function membersOf({ principal, principalSets = [] }: Caller): string[] {
  // Whoever comes from outside is of allAuthenticatedUsers too: https://docs.cloud.google.com/iam/docs/principals-overview
  const everybody = ['allUsers', 'allAuthenticatedUsers'];
  if (principal.startsWith('principal:')) return [principal, ...principalSets, ...everybody];
  const named = principal.endsWith('gserviceaccount.com')
    ? [`serviceAccount:${principal}`]
    : [`user:${principal}`, `domain:${principal.split('@')[1] ?? ''}`];
  return [...named, ...everybody];
}

/** `projectEditor:ID` in a bucket's policy is whoever is editor of the project. */
function isOfProject(sim: Sim, member: string, members: string[]): boolean {
  const [, kind, project] = /^project(Owner|Editor|Viewer):(.+)$/.exec(member) ?? [];
  if (!kind || !project) return false;
  const policy = policyRecord(sim, `//cloudresourcemanager.googleapis.com/projects/${project}`);
  const role = `roles/${kind.toLowerCase()}`;
  return (
    policy?.bindings.some((binding) => binding.role === role && binding.members.some((one) => members.includes(one))) ?? false
  );
}

function bindingHolds(sim: Sim, role: string, permission: string): boolean {
  if (role.startsWith('roles/')) return roleHolds(role, permission);
  const custom = sim.store.get<{ includedPermissions?: string[]; deleted?: boolean }>('iam.roles', role);
  return custom?.deleted !== true && custom?.includedPermissions?.includes(permission) === true;
}

/** Conditions on the time are read; any other counts as met. */
function isMet(sim: Sim, { condition }: Binding): boolean {
  const [, sign, time] =
    /^\s*request\.time\s*(<=?|>=?)\s*timestamp\(\s*["']([^"']+)["']\s*\)\s*$/.exec(condition?.expression ?? '') ?? [];
  if (!sign || !time) return true;
  return sign.startsWith('<') ? sim.now().getTime() < Date.parse(time) : sim.now().getTime() > Date.parse(time);
}

/** Who deploys a service or starts a build has to be allowed to act as the account that it runs as. */
function accountToActAs(call: Call): string | undefined {
  const named =
    /^(run\.projects\.locations\.services\.(create|patch|replaceService)|run\.namespaces\.services\.(create|replaceService))$/.test(
      call.method,
    )
      ? serviceAccountOf(call.body)
      : /^cloudbuild\.projects\.(locations\.)?builds\.create$/.test(call.method)
        ? call.body['serviceAccount']
        : undefined;
  return typeof named === 'string' ? named.split('/').at(-1) : undefined;
}

function serviceAccountOf(body: Call['body']): unknown {
  const v2 = (body['template'] as { serviceAccount?: string } | undefined)?.serviceAccount;
  const spec = body['spec'] as { template?: { spec?: { serviceAccountName?: string } } } | undefined;
  return v2 ?? spec?.template?.spec?.serviceAccountName;
}
