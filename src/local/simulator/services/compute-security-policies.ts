import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { patchOf, placeOf } from './compute-collections.ts';
import { invalidValue } from './compute-errors.ts';
import type { Change, Kind } from './compute-kind.ts';
import { currentValue } from './compute-records.ts';
import { ALLOW_ALL, completeRule, completeRules, DEFAULT_PRIORITY, samePriority } from './compute-security-rules.ts';
import { mergePatch } from './masks.ts';

/** Google Cloud Armor. https://docs.cloud.google.com/compute/docs/reference/rest/v1/securityPolicies */
export const securityPolicies: Kind = {
  methods: 'securityPolicies',
  collection: 'securityPolicies',
  type: 'compute#securityPolicy',
  listWithoutLink: true,
  noun: 'security_policy',
  param: 'securityPolicy',
  aggregated: { type: 'compute#securityPoliciesAggregatedList' },
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'patch', 'setLabels'],
  usual: 'compute.securityPolicies',
  fingerprint: true,
  labelFingerprint: true,
  complete: (change) => {
    const { wanted } = change;
    const type = wanted['type'] ?? 'CLOUD_ARMOR';
    if (change.before && type !== change.before['type'])
      throw invalidValue('resource.type', type, 'The type of a security policy cannot be changed.');
    return { description: '', ...wanted, rules: rulesOf(change), type };
  },
  actions: {
    addRule: { change: addRule },
    patchRule: { change: patchRule },
    removeRule: { change: removeRule },
  },
};

/**
 * Rules that come with `patch` take the place of all that there are, which is what `gcloud compute security-policies import` rests on;
 * without any, they stay.
 */
function rulesOf({ wanted, before }: Change): JsonObject[] {
  const rules = (wanted['rules'] ?? before?.['rules'] ?? []) as JsonObject[];
  return completeRules(!before && rules.length === 0 ? [ALLOW_ALL] : rules);
}

function priorityOf(call: Call): number {
  return Number(call.params['priority'] ?? 0);
}

function ruleAt(policy: JsonObject, priority: number): JsonObject {
  const rule = (policy['rules'] as JsonObject[]).find((candidate) => candidate['priority'] === priority);
  if (!rule) throw invalidValue('priority', String(priority), `There is no rule at priority ${priority}.`);
  return rule;
}

function addRule(policy: JsonObject, call: Call): JsonObject {
  const rule = completeRule(call.body, 'resource');
  const rules = policy['rules'] as JsonObject[];
  if (rules.some((other) => other['priority'] === rule['priority'])) throw samePriority('resource.priority', rule['priority']);
  return { ...policy, rules: [...rules, rule] };
}

function patchRule(policy: JsonObject, call: Call): JsonObject {
  const before = ruleAt(policy, priorityOf(call));
  // A match of one form takes the place of one of the other.
  const base = call.body['match'] ? { ...before, match: {} } : before;
  const after = completeRule(mergePatch(base, patchOf(call)), 'resource');
  const rules = policy['rules'] as JsonObject[];
  if (after['priority'] !== before['priority'] && rules.some((other) => other['priority'] === after['priority']))
    throw samePriority('resource.priority', after['priority']);
  return { ...policy, rules: rules.map((rule) => (rule === before ? after : rule)) };
}

function removeRule(policy: JsonObject, call: Call): JsonObject {
  const rule = ruleAt(policy, priorityOf(call));
  if (rule['priority'] === DEFAULT_PRIORITY)
    throw invalidValue('priority', String(DEFAULT_PRIORITY), 'The default rule cannot be removed.');
  return { ...policy, rules: (policy['rules'] as JsonObject[]).filter((other) => other !== rule) };
}

export const securityPolicyMethods: Record<string, Handler> = {
  'compute.securityPolicies.getRule': (call: Call, sim: Sim) =>
    ruleAt(currentValue(sim, placeOf(securityPolicies, call, sim)), priorityOf(call)),
};
