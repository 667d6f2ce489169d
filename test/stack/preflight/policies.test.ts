import { describe, expect, test } from 'vitest';
import type { EffectivePolicy } from '../../../src/gcp/org-policies.ts';
import { choicesOf, configSchema } from '../../../src/project/config-schema.ts';
import { type Deployment, nameDeployment } from '../../../src/stack/deployment.ts';
import type { Plan } from '../../../src/stack/plan.ts';
import { isInGroup, regionOf } from '../../../src/stack/preflight/locations.ts';
import { manifestObstacles } from '../../../src/stack/preflight/manifest-obstacles.ts';
import { CONSTRAINTS, obstaclesOf, secretLocations } from '../../../src/stack/preflight/obstacles.ts';
import { type Policies, permits } from '../../../src/stack/preflight/policy-values.ts';
import type { Observation } from '../../../src/stack/resource.ts';
import { baseStack } from '../../../src/stack/stack.ts';

type Rule = Partial<EffectivePolicy['rules'][number]>;
const policies = (rules: Record<string, Rule>): Policies =>
  new Map(
    Object.entries(rules).map(([constraint, rule]) => [
      constraint,
      {
        constraint,
        rules: [{ enforce: false, allowAll: false, denyAll: false, allowed: [], denied: [], parameters: {}, ...rule }],
      },
    ]),
  );
const deploymentOf = (config: object = {}): Deployment =>
  nameDeployment(choicesOf(configSchema.parse(config), 'my-project'), '123456789012');
const planOf = (deployment: Deployment, action: Observation['action'] = 'create'): Plan => ({
  items: baseStack(deployment).map((resource) => ({ resource, observation: { action, differences: [] } })),
  changes: action === 'create',
  usualSeconds: 0,
});
const found = (rules: Record<string, Rule>, config: object = {}, action: Observation['action'] = 'create', deployed = false) => {
  const deployment = deploymentOf(config);
  return obstaclesOf(policies(rules), planOf(deployment, action), deployment, { deployed });
};

describe('lists of values', () => {
  test.each<[Rule, boolean | undefined]>([
    [{ allowAll: true }, true],
    [{ denyAll: true }, false],
    [{ allowed: ['us-central1'] }, true],
    [{ allowed: ['is:us-central1'] }, true],
    [{ allowed: ['europe-west1'] }, false],
    [{ denied: ['us-central1'] }, false],
    [{ denied: ['europe-west1'] }, true],
    [{ allowed: ['in:us-locations'] }, true],
    [{ allowed: ['in:us-locations'], denied: ['in:us-central1-locations'] }, false],
    [{ allowed: ['in:us-east1-locations', 'in:eu-locations'] }, false],
    // A country's group is not known here: Google will tell.
    [{ allowed: ['in:canada-locations'] }, undefined],
    [{ denied: ['in:canada-locations'] }, undefined],
    [{ allowed: ['in:canada-locations', 'us-central1'] }, true],
  ])('%j: %j', (rule, expected) => expect(permits(policies({ c: rule }), 'c', 'us-central1', isInGroup)).toBe(expected));

  test('of a policy that could not be looked up forbid nothing', () => expect(permits(policies({}), 'c', 'x')).toBeUndefined());
});

describe('groups of locations', () => {
  test.each([
    ['eu-locations', 'europe-west1', true],
    ['eu-locations', 'europe-west2', false],
    ['europe-locations', 'europe-west2', true],
    ['asia-locations', 'asia-south1', true],
    ['us-locations', 'us-east4', true],
    ['us-locations', 'europe-west1', false],
    ['us-east1-locations', 'us-east1', true],
    ['us-east1-locations', 'us-east4', false],
    ['us-locations', 'global', false],
    ['low-carbon-locations', 'us-central1', undefined],
  ])('%s and %s: %s', (group, location, expected) => expect(isInGroup(group, location)).toBe(expected));

  test.each([
    ['in:eu-locations', 'europe-west1'],
    ['in:us-east1-locations', 'us-east1'],
    ['europe-west3', 'europe-west3'],
    ['in:canada-locations', undefined],
    ['us', 'us-central1'],
  ])('%s offers %s', (entry, region) => expect(regionOf(entry)).toBe(region));
});

describe('what is in the way', () => {
  test('nothing where no policy is known, and nothing of what is there already', () => {
    expect(found({})).toEqual([]);
    const all: Record<string, Rule> = Object.fromEntries(CONSTRAINTS.map((name) => [name, { enforce: true, denyAll: true }]));
    expect(
      found(all)
        .map(({ constraint }) => constraint)
        .sort(),
    ).toEqual(CONSTRAINTS.filter((name) => !/KeyCreation|PoolProviders/.test(name)).sort());
    expect(found(all, {}, 'unchanged', true)).toEqual([]);
  });

  test.each<[string, Rule, object]>([
    ['iam.disableServiceAccountCreation', { enforce: false }, {}],
    ['gcp.resourceLocations', { allowed: ['in:europe-locations'] }, { region: 'europe-west2' }],
    ['run.allowedIngress', { allowed: ['internal'] }, { service: { ingress: 'internal' } }],
    ['run.managed.requireInvokerIam', { enforce: true }, { service: { invoker: 'all-users' } }],
    ['gcp.restrictServiceUsage', { denied: ['compute.googleapis.com'] }, {}],
    // Google keeps these out of the constraint's reach.
    ['gcp.restrictServiceUsage', { denied: ['iam.googleapis.com'] }, {}],
    ['gcp.restrictNonCmekServices', { denied: ['is:bigquery.googleapis.com'] }, {}],
    [
      'iam.managed.allowedPolicyMembers',
      { enforce: true, parameters: { allowedPrincipalSets: ['//cloudresourcemanager.googleapis.com/organizations/1'] } },
      {},
    ],
  ])('%s %j is not for %j', (constraint, rule, config) => expect(found({ [constraint]: rule }, config)).toEqual([]));

  test('the way round a wanted check of callers depends on who may be a member', () => {
    const constraint = 'run.managed.requireInvokerIam';
    const way = (more: Record<string, Rule>) => found({ [constraint]: { enforce: true }, ...more })[0]?.wayRound;
    expect(way({})).toContain('--invoker all-users');
    const domains = { 'iam.allowedPolicyMemberDomains': { allowed: ['C0abcdefg'] } };
    expect(way(domains)).toMatch(/cannot sign in.*keeps --invoker all-users from/);
  });

  test('what has to have a key of its own can be adopted, and secrets cannot', () => {
    const denied = (...services: string[]) =>
      found({ 'gcp.restrictNonCmekServices': { denied: services.map((name) => `is:${name}.googleapis.com`) } })[0];
    expect(denied('sqladmin', 'artifactregistry')?.wayRound).toBe(
      'Adopt what has such a key with --instance NAME and --repository NAME.',
    );
    expect(denied('secretmanager')).toMatchObject({ where: ['Secret mlflow_artifact_url'] });
    expect(denied('secretmanager')?.wayRound).toBeUndefined();
  });

  test('secrets stay in the region where they may not be everywhere', () => {
    const locations = (rule: Rule) => secretLocations(policies({ 'gcp.resourceLocations': rule }), deploymentOf());
    expect(locations({ allowed: ['in:us-locations'] })).toEqual(['us-central1']);
    expect(locations({ allowed: ['in:us-locations', 'global'] })).toBeUndefined();
    expect(locations({ allowAll: true })).toBeUndefined();
    expect(locations({ allowed: ['in:canada-locations'] })).toEqual(['us-central1']);
    expect(secretLocations(policies({}), deploymentOf())).toBeUndefined();
  });
});

describe('what is in the way of a service as its document has it', () => {
  const of = (rules: Record<string, Rule>, annotations: Record<string, string> = {}) =>
    manifestObstacles(
      policies(rules),
      {
        metadata: {
          name: 'mlflow',
          annotations: Object.fromEntries(
            Object.entries(annotations).map(([key, value]) => [`run.googleapis.com/${key}`, value]),
          ),
        },
      },
      'service.yaml',
    );

  test('where requests come from', () => {
    const rules = { 'run.allowedIngress': { allowed: ['is:internal'] } };
    expect(of(rules)).toEqual([
      {
        constraint: 'run.allowedIngress',
        forbids: 'ingress all',
        where: ['Cloud Run service mlflow'],
        wayRound: "Set the annotation run.googleapis.com/ingress to 'internal' in service.yaml.",
      },
    ]);
    expect(of(rules, { ingress: 'internal' })).toEqual([]);
    expect(of({ 'run.allowedIngress': { denyAll: true } })[0]?.wayRound).toBeUndefined();
  });

  test('who gets past the check of callers', () => {
    const rules = { 'run.managed.requireInvokerIam': { enforce: true } };
    expect(of(rules, { 'invoker-iam-disabled': 'true' })).toMatchObject([
      { wayRound: expect.stringContaining('--invoker all-users') },
    ]);
    expect(of(rules, { 'invoker-iam-disabled': 'false' })).toEqual([]);
  });

  test('who vouches for images', () => {
    const rules = { 'run.allowedBinaryAuthorizationPolicies': { allowed: ['default'] } };
    expect(of(rules)).toMatchObject([{ forbids: 'services without Binary Authorization' }]);
    expect(of(rules, { 'binary-authorization': 'projects/p/platforms/cloudRun/policies/x' })).toHaveLength(1);
    expect(of(rules, { 'binary-authorization': 'default' })).toEqual([]);
    expect(of({})).toEqual([]);
  });
});
