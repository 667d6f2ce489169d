import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { CONSTRAINTS, type Constraint, findConstraint } from './orgpolicy-constraints.ts';
import { effectiveRules, findPolicy, listPolicies, type Rule, type Spec, savePolicy } from './orgpolicy-records.ts';
import { pageUnder } from './paging.ts';
import { aborted, badRequest, invalidField } from './refusals.ts';

const P = 'cloudresourcemanager.projects';

/**
 * The policies of the organisation by the API that came before `orgpolicy`, as `gcloud resource-manager org-policies` asks it.
 * https://docs.cloud.google.com/resource-manager/reference/rest/v1/projects/getEffectiveOrgPolicy
 */
export const oldPolicyMethods: Record<string, Handler> = {
  [`${P}.getEffectiveOrgPolicy`]: (call, sim) => {
    const number = numberOf(call, sim);
    const constraint = constraintOf(call.body['constraint']);
    return show(constraint, { rules: effectiveRules(sim, number, constraint) });
  },
  [`${P}.getOrgPolicy`]: (call, sim) => {
    const constraint = constraintOf(call.body['constraint']);
    return show(constraint, findPolicy(sim, numberOf(call, sim), constraint.name) ?? {});
  },
  [`${P}.listOrgPolicies`]: (call, sim) => {
    const own = listPolicies(sim, numberOf(call, sim)).map(({ key, value }) => ({ key, value: show(constraintOf(key), value) }));
    return listed('policies', own, call.body);
  },
  [`${P}.listAvailableOrgPolicyConstraints`]: (call, sim) => {
    numberOf(call, sim);
    // Those that Google made since are to be had by the newer API alone.
    const old = CONSTRAINTS.filter(({ name }) => !name.includes('.managed.'));
    return listed(
      'constraints',
      old.map((constraint) => ({ key: constraint.name, value: showConstraint(constraint) })),
      call.body,
    );
  },
  [`${P}.setOrgPolicy`]: (call, sim) => {
    const policy = (call.body['policy'] ?? {}) as JsonObject;
    const constraint = constraintOf(policy['constraint']);
    const number = numberOf(call, sim);
    checkEtag(findPolicy(sim, number, constraint.name), policy['etag']);
    const spec = { ...read(constraint, policy), updateTime: sim.timestamp(), etag: sim.id(16) };
    savePolicy(sim, number, constraint.name, spec);
    return show(constraint, spec);
  },
  [`${P}.clearOrgPolicy`]: (call, sim) => {
    const constraint = constraintOf(call.body['constraint']);
    const number = numberOf(call, sim);
    checkEtag(findPolicy(sim, number, constraint.name), call.body['etag']);
    savePolicy(sim, number, constraint.name, undefined);
    return {};
  },
};

function numberOf(call: Call, sim: Sim): string {
  return sim.findProject(String(call.params['resource']).replace(/^projects\//, '')).projectNumber;
}

/** @throws GoogleError 400 */
function constraintOf(name: unknown): Constraint {
  const constraint = findConstraint(String(name ?? ''));
  if (constraint) return constraint;
  throw invalidField('constraint', `The constraint ${String(name)} does not exist.`);
}

function checkEtag(before: Spec | undefined, sent: unknown): void {
  if (typeof sent === 'string' && sent !== '' && sent !== before?.etag)
    throw aborted('The etag does not match: the policy has been changed meanwhile.');
}

/** @throws GoogleError 400 for a policy of the other kind */
function read(constraint: Constraint, { booleanPolicy, listPolicy, restoreDefault }: JsonObject): Spec {
  if (restoreDefault) return { reset: true };
  const sent = (constraint.kind === 'boolean' ? booleanPolicy : listPolicy) as JsonObject | undefined;
  if (!sent) throw badRequest(`The policy is not that of a ${constraint.kind} constraint.`);
  if (constraint.kind === 'boolean') return { rules: [{ enforce: sent['enforced'] === true }] };
  const { allValues, allowedValues, deniedValues, inheritFromParent } = sent as Record<string, string[] | undefined>;
  const values = { ...(allowedValues ? { allowedValues } : {}), ...(deniedValues ? { deniedValues } : {}) };
  const all = String(allValues);
  const rule: Rule = all === 'ALLOW' ? { allowAll: true } : all === 'DENY' ? { denyAll: true } : { values };
  return { rules: [rule], ...(inheritFromParent ? { inheritFromParent: true } : {}) };
}

/** An etag in hex is base64 as well, which this API wants. */
function show(constraint: Constraint, { rules, reset, inheritFromParent, etag, updateTime }: Spec): JsonObject {
  return {
    constraint: `constraints/${constraint.name}`,
    ...(etag ? { etag } : {}),
    ...(updateTime ? { updateTime } : {}),
    ...(reset ? { restoreDefault: {} } : {}),
    ...(rules?.length ? policyOf(constraint, rules, inheritFromParent) : {}),
  };
}

function policyOf(constraint: Constraint, rules: Rule[], inheritFromParent: boolean | undefined): JsonObject {
  if (constraint.kind === 'boolean') return { booleanPolicy: rules.some(({ enforce }) => enforce) ? { enforced: true } : {} };
  const of = (field: 'allowedValues' | 'deniedValues') => rules.flatMap(({ values }) => values?.[field] ?? []);
  const [allowedValues, deniedValues] = [of('allowedValues'), of('deniedValues')];
  const allValues = rules.some(({ denyAll }) => denyAll) ? 'DENY' : rules.some(({ allowAll }) => allowAll) ? 'ALLOW' : undefined;
  return {
    listPolicy: {
      ...(allValues ? { allValues } : {}),
      ...(allowedValues.length > 0 ? { allowedValues } : {}),
      ...(deniedValues.length > 0 ? { deniedValues } : {}),
      ...(inheritFromParent ? { inheritFromParent } : {}),
    },
  };
}

function showConstraint({ name, kind, displayName, description }: Constraint): JsonObject {
  return {
    name: `constraints/${name}`,
    displayName,
    description,
    constraintDefault: 'ALLOW',
    ...(kind === 'boolean' ? { booleanConstraint: {} } : { listConstraint: {} }),
  };
}

function listed(field: string, all: Array<{ key: string; value: JsonObject }>, body: JsonObject): JsonObject {
  return pageUnder(field, all, {
    size: body['pageSize'] as number | undefined,
    token: body['pageToken'] as string | undefined,
    usual: 100,
    most: 1000,
  });
}
