import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { CONSTRAINTS, type Constraint, findConstraint } from './orgpolicy-constraints.ts';
import { orgpolicyRoutes } from './orgpolicy-control.ts';
import { effectiveRules, findPolicy, listPolicies, type Spec, savePolicy } from './orgpolicy-records.ts';
import { checkServiceUsage } from './orgpolicy-usage.ts';
import { page } from './paging.ts';
import { aborted, alreadyExists, invalidField, notFound } from './refusals.ts';

/** Organisation policies, as a project sees them. https://docs.cloud.google.com/resource-manager/docs/reference/orgpolicy/rest */
export const orgpolicy: Service = {
  api: 'orgpolicy',
  versions: ['v2'],
  methods: {
    'orgpolicy.projects.constraints.list': listConstraints,
    'orgpolicy.projects.policies.getEffectivePolicy': (call, sim) => {
      const { number, constraint } = policyOf(sim, String(call.params['name']));
      return show(number, constraint.name, { rules: effectiveRules(sim, number, constraint) });
    },
    'orgpolicy.projects.policies.get': (call, sim) => {
      const { number, constraint, spec } = existing(call, sim);
      return show(number, constraint.name, spec);
    },
    'orgpolicy.projects.policies.list': (call, sim) => {
      const number = numberOf(sim, String(call.params['parent']));
      const { items, nextPageToken } = page(
        listPolicies(sim, number).map(({ key, value }) => ({ key, value: show(number, key, value) })),
        sizes(call),
      );
      return { ...(items.length > 0 ? { policies: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
    },
    'orgpolicy.projects.policies.create': (call, sim) => {
      const number = numberOf(sim, String(call.params['parent']));
      const { constraint, spec } = policyOf(sim, String(call.body['name'] ?? ''));
      if (spec) throw alreadyExists('Requested entity already exists');
      return save(sim, number, constraint, call.body);
    },
    'orgpolicy.projects.policies.patch': (call, sim) => {
      const { number, constraint, spec } = existing(call, sim);
      const sent = (call.body['etag'] ?? (call.body['spec'] as JsonObject | undefined)?.['etag']) as string | undefined;
      if (sent && sent !== spec.etag) throw aborted('The etag does not match: the policy has been changed meanwhile.');
      return save(sim, number, constraint, call.body);
    },
    'orgpolicy.projects.policies.delete': (call, sim) => {
      const { number, constraint, spec } = existing(call, sim);
      const { etag } = call.params;
      if (etag && etag !== spec.etag) throw aborted('The etag does not match: the policy has been changed meanwhile.');
      savePolicy(sim, number, constraint.name, undefined);
      return {};
    },
  },
  routes: orgpolicyRoutes,
  checkUsage: checkServiceUsage,
};

function sizes(call: Call) {
  return { size: call.params['pageSize'], token: call.params['pageToken'], usual: 100, most: 1000 };
}

function numberOf(sim: Sim, parent: string): string {
  return sim.findProject(parent.replace(/^projects\//, '')).projectNumber;
}

function policyOf(sim: Sim, name: string): { number: string; constraint: Constraint; spec: Spec | undefined } {
  const [, project = '', id = ''] = /^projects\/([^/]+)\/policies\/([^/]+)$/.exec(name) ?? [];
  const constraint = findConstraint(id);
  if (!project || !constraint) throw invalidField('name', `The constraint constraints/${id} does not exist.`);
  const number = numberOf(sim, project);
  return { number, constraint, spec: findPolicy(sim, number, constraint.name) };
}

function existing(call: Call, sim: Sim): { number: string; constraint: Constraint; spec: Spec } {
  const { spec, ...policy } = policyOf(sim, String(call.params['name']));
  if (!spec) throw notFound('Requested entity was not found.');
  return { ...policy, spec };
}

/** @throws GoogleError 400 for rules that are not of the constraint's kind */
function save(sim: Sim, number: string, constraint: Constraint, { spec }: JsonObject): JsonObject {
  const sent = (spec ?? {}) as unknown as Spec;
  const wrong = (sent.rules ?? []).some((rule) => (rule.enforce !== undefined) !== (constraint.kind === 'boolean'));
  if (wrong) throw invalidField('policy.spec.rules', `The rules are not those of a ${constraint.kind} constraint.`);
  if (sent.reset && sent.rules?.length) throw invalidField('policy.spec.reset', 'A policy that resets has no rules.');
  const saved = { ...sent, updateTime: sim.timestamp(), etag: sim.id(16) };
  savePolicy(sim, number, constraint.name, saved);
  return show(number, constraint.name, saved);
}

function show(number: string, constraint: string, spec: Spec): JsonObject {
  return {
    name: `projects/${number}/policies/${constraint}`,
    spec: spec as unknown as JsonObject,
    ...(spec.etag ? { etag: spec.etag } : {}),
  };
}

function listConstraints(call: Call, sim: Sim): JsonObject {
  const number = numberOf(sim, String(call.params['parent']));
  const all = CONSTRAINTS.map(({ name, kind, displayName, description, supportsIn }) => ({
    key: name,
    value: {
      name: `projects/${number}/constraints/${name}`,
      displayName,
      description,
      constraintDefault: 'ALLOW',
      ...(kind === 'boolean' ? { booleanConstraint: {} } : { listConstraint: supportsIn ? { supportsIn } : {} }),
      supportsDryRun: true,
    },
  }));
  const { items, nextPageToken } = page(all, sizes(call));
  return { constraints: items, ...(nextPageToken ? { nextPageToken } : {}) };
}
