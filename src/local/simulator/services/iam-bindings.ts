import type { GoogleError, JsonObject, Sim } from '../service.ts';
import { isAccountVisible } from './iam-accounts.ts';
import { isPredefinedRole } from './iam-roles.ts';
import { findRecord, isUsable } from './iam-workload-identity-records.ts';
import { badRequest } from './refusals.ts';

export interface Binding {
  role: string;
  members: string[];
  condition?: { title?: string; description?: string; expression?: string; location?: string };
}

const MAX_MEMBERS = 1500;
const ADDRESS = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

/**
 * Refuses bindings that Google refuses: roles that do not exist or that belong elsewhere, members of no known form, service
 * accounts that are not there (yet).
 * @throws GoogleError 400 INVALID_ARGUMENT
 */
export function checkBindings(sim: Sim, bindings: Binding[]): void {
  for (const binding of bindings) {
    if (!binding.role) throw badRequest('Role must be set.');
    checkRole(sim, binding.role);
    if (binding.condition && !binding.condition.expression) throw badRequest('Condition expression must be set.');
    for (const member of binding.members ?? []) checkMember(sim, member);
  }
  const members = bindings.reduce((sum, binding) => sum + (binding.members?.length ?? 0), 0);
  if (members > MAX_MEMBERS)
    throw badRequest(
      `The number of members in the policy (${members.toLocaleString('en-US')}) is larger than the maximum allowed size 1,500.`,
    );
}

/** One binding for each role and condition, each member once, none without members; the order stays. */
export function canonicalBindings(bindings: Binding[]): Binding[] {
  const merged = new Map<string, Binding>();
  for (const { role, members, condition } of bindings) {
    const key = `${role} ${JSON.stringify(condition ?? null)}`;
    const known = merged.get(key);
    const all = [...new Set([...(known?.members ?? []), ...(members ?? []).map(canonicalMember)])];
    merged.set(key, { role, members: all, ...(condition ? { condition } : {}) });
  }
  return [...merged.values()].filter((binding) => binding.members.length > 0);
}

function checkRole(sim: Sim, role: string): void {
  if (isPredefinedRole(role)) return;
  const custom = /^(projects|organizations)\/([^/]+)\/roles\/[a-zA-Z0-9_.]{3,64}$/.exec(role);
  if (custom?.[1] === 'organizations') return;
  if (custom && sim.store.get('iam.roles', role)) return;
  throw badRequest(`Role ${role} is not supported for this resource.`);
}

function checkMember(sim: Sim, member: string): void {
  if (member === 'allUsers' || member === 'allAuthenticatedUsers') return;
  const [, type, value] = /^(deleted:[a-zA-Z]+|[a-zA-Z]+):(.+)$/.exec(member) ?? [];
  if (!type || !value) throw unknownType(member);
  switch (type) {
    case 'serviceAccount':
      if (!ADDRESS.test(value) && !/\.svc\.id\.goog\[.+\/.+\]$/.test(value))
        throw badRequest(`Invalid service account (${value}).`);
      if (!isAccountVisible(sim, value.toLowerCase())) throw badRequest(`Service account ${value} does not exist.`);
      return;
    case 'user':
    case 'group':
      if (!ADDRESS.test(value)) throw badRequest(`The member ${member} is not valid: an email address is expected.`);
      return;
    case 'domain':
      if (!/^[^@\s]+\.[^@\s]+$/.test(value)) throw badRequest(`The member ${member} is not valid: a domain is expected.`);
      return;
    case 'projectOwner':
    case 'projectEditor':
    case 'projectViewer':
      return;
    case 'principal':
    case 'principalSet':
      checkPool(sim, value);
      return;
    default:
      if (!/^deleted:(user|group|serviceAccount|principal)$/.test(type)) throw unknownType(member);
  }
}

/** A member from outside names its pool, which must be there. Workforce pools are not simulated. */
function checkPool(sim: Sim, value: string): void {
  const pool = /^\/\/iam\.googleapis\.com\/(projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+)\//.exec(value)?.[1];
  if (pool === undefined || pool.endsWith('.svc.id.goog') || isUsable(findRecord(sim, pool))) return;
  throw badRequest(
    `Identity Pool does not exist (${pool}). Please check that you specified a valid resource name as returned in the \`name\` attribute in the configuration API.`,
  );
}

/** Google keeps the types' case and writes addresses in lower case. */
function canonicalMember(member: string): string {
  return /^(user|group|serviceAccount|domain):/.test(member) ? member.replace(/:.*$/, (value) => value.toLowerCase()) : member;
}

function unknownType(member: string): GoogleError {
  return badRequest(`The member ${member} is of an unknown type. Please set a valid type prefix for the member.`);
}

/** Projects, folders and organizations cannot be opened to everybody. @throws GoogleError 400 */
export function checkNoPublicMembers(body: JsonObject): void {
  const { bindings } = (body['policy'] ?? {}) as { bindings?: Binding[] };
  const open = bindings
    ?.flatMap((binding) => binding.members ?? [])
    .find((member) => member === 'allUsers' || member === 'allAuthenticatedUsers');
  if (open) throw badRequest(`Members of type ${open} cannot be granted a role on this resource.`);
}
