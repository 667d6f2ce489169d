import type { JsonObject, Sim } from '../service.ts';
import { type Constraint, findConstraint } from './orgpolicy-constraints.ts';

export interface Rule {
  enforce?: boolean;
  allowAll?: boolean;
  denyAll?: boolean;
  values?: { allowedValues?: string[]; deniedValues?: string[] };
  /** Of managed constraints that are more than on or off. */
  parameters?: JsonObject;
  condition?: JsonObject;
}
export interface Spec {
  rules?: Rule[];
  inheritFromParent?: boolean;
  reset?: boolean;
  etag?: string;
  updateTime?: string;
}

const KIND = 'orgpolicy.policies';
/** The parent of the policies that hold for every project here: no project has this number. */
export const ORGANIZATION = 'organization';

/** The policy that was set right there. @param parent a project's number or {@link ORGANIZATION} */
export function findPolicy(sim: Sim, parent: string, constraint: string): Spec | undefined {
  return sim.store.get<Spec>(KIND, `${parent}/${constraint}`);
}

export function listPolicies(sim: Sim, parent: string): Array<{ key: string; value: Spec }> {
  return sim.store.list<Spec>(KIND, `${parent}/`).map(({ key, value }) => ({ key: key.slice(parent.length + 1), value }));
}

/** Keeps a policy; undefined removes it. */
export function savePolicy(sim: Sim, parent: string, constraint: string, spec: Spec | undefined): void {
  if (spec === undefined) sim.store.delete(KIND, `${parent}/${constraint}`);
  else sim.store.put(KIND, `${parent}/${constraint}`, spec);
}

/** The rules that hold in a project: its own, its organisation's, or what Google starts with, which restricts nothing. */
export function effectiveRules(sim: Sim, projectNumber: string, constraint: Constraint): Rule[] {
  const own = findPolicy(sim, projectNumber, constraint.name);
  const inherited = findPolicy(sim, ORGANIZATION, constraint.name)?.rules;
  const byDefault: Rule[] = constraint.kind === 'boolean' ? [{ enforce: false }] : [{ allowAll: true }];
  if (own?.reset) return byDefault;
  if (!own?.rules?.length) return inherited ?? byDefault;
  if (constraint.kind === 'list' && own.inheritFromParent && inherited) return merge(inherited, own.rules);
  return own.rules;
}

/** Values of both; what is denied anywhere stays denied. */
function merge(inherited: Rule[], own: Rule[]): Rule[] {
  const of = (field: 'allowedValues' | 'deniedValues') => [
    ...new Set([...inherited, ...own].flatMap(({ values }) => values?.[field] ?? [])),
  ];
  const [allowedValues, deniedValues] = [of('allowedValues'), of('deniedValues')];
  const whole = [...inherited, ...own].filter(({ denyAll }) => denyAll);
  if (whole.length > 0) return [{ denyAll: true }];
  if (allowedValues.length === 0 && deniedValues.length === 0) return [{ allowAll: true }];
  return [
    {
      values: {
        ...(allowedValues.length > 0 ? { allowedValues } : {}),
        ...(deniedValues.length > 0 ? { deniedValues } : {}),
      },
    },
  ];
}

/** Whether a boolean constraint is enforced in a project. */
export function isEnforced(sim: Sim, projectId: string, name: string): boolean {
  return enforcedRule(sim, projectId, name) !== undefined;
}

/** The rule by which a boolean constraint is enforced in a project, with its parameters; undefined where it is not. */
export function enforcedRule(sim: Sim, projectId: string, name: string): Rule | undefined {
  const constraint = findConstraint(name);
  if (!constraint) throw new Error(`${name} is no constraint`);
  return effectiveRules(sim, sim.findProject(projectId).projectNumber, constraint).find(({ enforce }) => enforce === true);
}

/**
 * Whether a list constraint lets a value pass in a project.
 * @param isIn whether the value belongs to a group that a rule names (`in:eu-locations`)
 */
export function allows(
  sim: Sim,
  projectId: string,
  name: string,
  value: string,
  isIn: (group: string) => boolean = () => false,
): boolean {
  const constraint = findConstraint(name);
  if (!constraint) throw new Error(`${name} is no constraint`);
  const names = (entry: string) => (entry.startsWith('in:') ? isIn(entry.slice(3)) : entry.replace(/^is:/, '') === value);
  return effectiveRules(sim, sim.findProject(projectId).projectNumber, constraint).every(({ allowAll, denyAll, values }) => {
    if (allowAll) return true;
    if (denyAll || values?.deniedValues?.some(names)) return false;
    return !values?.allowedValues?.length || values.allowedValues.some(names);
  });
}
