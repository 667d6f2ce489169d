import type { EffectivePolicy } from '../../gcp/org-policies.ts';

/** The policies that could be looked up, by constraint. One that is missing is unknown: it forbids nothing here. */
export type Policies = ReadonlyMap<string, EffectivePolicy>;

/** Whether a group that a rule names (`eu-locations` of `in:eu-locations`) holds a value; undefined where nobody here knows the group. */
export type GroupTest = (group: string, value: string) => boolean | undefined;

/** Whether a constraint that is on or off is on. */
export function isEnforced(policies: Policies, constraint: string): boolean {
  return policies.get(constraint)?.rules.some(({ enforce }) => enforce) === true;
}

/**
 * Whether a constraint with lists lets a value pass; undefined where that cannot be told, as with a group that nobody here knows. What
 * is denied anywhere is denied. https://docs.cloud.google.com/resource-manager/docs/organization-policy/understanding-constraints
 */
export function permits(
  policies: Policies,
  constraint: string,
  value: string,
  isIn: GroupTest = () => undefined,
): boolean | undefined {
  const policy = policies.get(constraint);
  if (policy === undefined) return undefined;
  const tells = (entry: string): boolean | undefined =>
    entry.startsWith('in:') ? isIn(entry.slice(3), value) : entry.replace(/^is:/, '') === value;
  const verdicts = policy.rules.map(({ allowAll, denyAll, allowed, denied }): boolean | undefined => {
    if (allowAll) return true;
    const isDenied = any(denied.map(tells));
    if (denyAll || isDenied === true) return false;
    const isAllowed = allowed.length === 0 ? true : any(allowed.map(tells));
    return isAllowed === false ? false : isDenied === undefined ? undefined : isAllowed;
  });
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

/** What the rules of a constraint allow by name, as an administrator wrote it. */
export function allowedValues(policies: Policies, constraint: string): string[] {
  return policies.get(constraint)?.rules.flatMap(({ allowed }) => allowed) ?? [];
}

function any(verdicts: Array<boolean | undefined>): boolean | undefined {
  if (verdicts.includes(true)) return true;
  return verdicts.includes(undefined) ? undefined : false;
}
