import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compute, startCompute } from './compute-client.ts';

const ips = (...srcIpRanges: string[]) => ({ versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges } });
const deny = { priority: 2147483647, action: 'deny(403)', match: ips('*') };
const allow = (priority: number, ...ranges: string[]) => ({ priority, action: 'allow', match: ips(...ranges) });

const limit = { conformAction: 'allow', exceedAction: 'deny(429)', rateLimitThreshold: { count: 10, intervalSec: 60 } };

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute();
});
afterAll(async () => {
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});
const path = (name: string) => `global/securityPolicies/${name}`;
const priorities = async (name: string) =>
  (await compute.get(path(name))).rules.map(({ priority }: { priority: number }) => priority);

test('without rules a policy allows all', async () => {
  await compute.make('securityPolicies', { name: 'open' });
  expect(await compute.get(path('open'))).toMatchObject({
    kind: 'compute#securityPolicy',
    type: 'CLOUD_ARMOR',
    labelFingerprint: '42WmSpB8rSM=',
    rules: [
      {
        kind: 'compute#securityPolicyRule',
        action: 'allow',
        description: 'default rule',
        match: ips('*'),
        preview: false,
        priority: 2147483647,
      },
    ],
  });
});

test('rules are kept by priority, and added, changed and removed one by one', async () => {
  const { make, get, done, refused } = compute;
  await make('securityPolicies', { name: 'rules', rules: [deny, allow(1000, '203.0.113.0/24')] });
  expect(await priorities('rules')).toEqual([1000, 2147483647]);
  const before = await get(path('rules'));
  await done('POST', `${path('rules')}/addRule`, allow(900, '2001:db8::/32'));
  expect(await priorities('rules')).toEqual([1000, 2147483647, 900]);
  expect((await get(path('rules'))).fingerprint).not.toBe(before.fingerprint);
  expect(await refused('POST', `${path('rules')}/addRule`, allow(900, '*'))).toEqual([
    400,
    'invalid',
    "Invalid value for field 'resource.priority': '900'. Cannot have rules with the same priorities.",
  ]);
  expect((await get(`${path('rules')}/getRule?priority=900`)).match).toEqual(ips('2001:db8::/32'));
  await done('POST', `${path('rules')}/patchRule?priority=900`, { preview: true, description: 'tried first' });
  expect(await get(`${path('rules')}/getRule?priority=900`)).toMatchObject({
    preview: true,
    description: 'tried first',
    action: 'allow',
  });
  await done('POST', `${path('rules')}/patchRule?priority=900`, {
    match: { expr: { expression: "origin.region_code == 'AT'" } },
  });
  expect((await get(`${path('rules')}/getRule?priority=900`)).match).toEqual({
    expr: { expression: "origin.region_code == 'AT'" },
  });
  await done('POST', `${path('rules')}/removeRule?priority=900`);
  for (const [method, call] of [
    ['GET', 'getRule'],
    ['POST', 'removeRule'],
    ['POST', 'patchRule'],
  ] as const) {
    expect(
      await refused(method, `${path('rules')}/${call}?priority=900`, method === 'POST' && call === 'patchRule' ? {} : undefined),
    ).toEqual([400, 'invalid', "Invalid value for field 'priority': '900'. There is no rule at priority 900."]);
  }
});

test('the default rule stays, and matches everything', async () => {
  const { make, refused, done, get } = compute;
  await make('securityPolicies', { name: 'default' });
  expect((await refused('POST', `${path('default')}/removeRule?priority=2147483647`))[0]).toBe(400);
  expect((await refused('POST', `${path('default')}/patchRule?priority=2147483647`, { match: ips('192.0.2.0/24') }))[0]).toBe(
    400,
  );
  await done('POST', `${path('default')}/patchRule?priority=2147483647`, { action: 'deny(404)' });
  expect((await get(path('default'))).rules[0]).toMatchObject({ action: 'deny(404)', match: ips('*') });
  expect((await refused('POST', 'global/securityPolicies', { name: 'none', rules: [allow(1, '*')] }))[0]).toBe(400);
});

test('a patch without rules leaves them; with rules it brings all of them, as an import does', async () => {
  const { make, get, done } = compute;
  await make('securityPolicies', { name: 'patched', rules: [deny, allow(5, '192.0.2.1')] });
  await done('PATCH', path('patched'), { description: 'changed' });
  expect(await get(path('patched'))).toMatchObject({ description: 'changed' });
  expect(await priorities('patched')).toEqual([2147483647, 5]);
  await done('PATCH', path('patched'), { rules: [deny, allow(6, '192.0.2.1')] });
  expect(await priorities('patched')).toEqual([2147483647, 6]);
});

test('what the mask of a patch names and the body leaves out is cleared', async () => {
  const { make, get, done } = compute;
  const adaptiveProtectionConfig = { layer7DdosDefenseConfig: { enable: true } };
  const throttle = { ...allow(5, '*'), action: 'throttle', rateLimitOptions: limit, description: 'slow' };
  await make('securityPolicies', { name: 'masked', adaptiveProtectionConfig, rules: [deny, throttle] });
  await done('PATCH', `${path('masked')}?updateMask=adaptiveProtectionConfig,description`, { description: 'bare' });
  expect(await get(path('masked'))).toMatchObject({ description: 'bare' });
  expect(await get(path('masked'))).not.toHaveProperty('adaptiveProtectionConfig');
  await done('POST', `${path('masked')}/patchRule?priority=5&updateMask=action,rateLimitOptions`, { action: 'allow' });
  const rule = await get(`${path('masked')}/getRule?priority=5`);
  expect(rule).toMatchObject({ action: 'allow', description: 'slow' });
  expect(rule).not.toHaveProperty('rateLimitOptions');
});

test('what is only validated is not done', async () => {
  const { make, done, call, refused } = compute;
  await done('POST', 'global/securityPolicies?validateOnly=true', { name: 'thought' });
  expect((await refused('GET', path('thought')))[0]).toBe(404);
  await make('securityPolicies', { name: 'tried' });
  await done('POST', `${path('tried')}/addRule?validateOnly=true`, allow(5, '*'));
  expect(await priorities('tried')).toEqual([2147483647]);
  expect((await call('POST', `${path('tried')}/addRule?validateOnly=true`, allow(-5, '*'))).status).toBe(400);
});

const eleven = Array.from({ length: 11 }, (_, number) => `192.0.2.${number}/32`);
test.each([
  ['more than ten ranges', allow(1, ...eleven)],
  ['no range', allow(1)],
  ['what is no range', allow(1, '192.0.2.0/33')],
  ['no match', { priority: 1, action: 'allow' }],
  ['no versionedExpr', { priority: 1, action: 'allow', match: { config: { srcIpRanges: ['*'] } } }],
  ['an unknown action', { ...allow(1, '*'), action: 'refuse' }],
  ['a status that cannot be', { ...allow(1, '*'), action: 'deny(200)' }],
  ['no action', { priority: 1, match: ips('*') }],
  ['a negative priority', allow(-1, '*')],
  ['both forms of match', { ...allow(1, '*'), match: { ...ips('*'), expr: { expression: 'true' } } }],
  ['an open bracket', { ...allow(1, '*'), match: { expr: { expression: "inIpRange(origin.ip, '192.0.2.0/24'" } } }],
  ['six conditions', { ...allow(1, '*'), match: { expr: { expression: Array(6).fill('true').join(' && ') } } }],
  ['an empty expression', { ...allow(1, '*'), match: { expr: { expression: '' } } }],
  ['a limit without its numbers', { ...allow(1, '*'), action: 'throttle' }],
  ['numbers without a limit', { ...allow(1, '*'), rateLimitOptions: limit }],
  ['a ban without its time', { ...allow(1, '*'), action: 'rate_based_ban', rateLimitOptions: limit }],
  ['a redirect to nowhere', { ...allow(1, '*'), action: 'redirect' }],
])('a rule with %s is refused', async (_what, rule) => {
  expect((await compute.refused('POST', 'global/securityPolicies', { name: 'refused', rules: [deny, rule] }))[0]).toBe(400);
});

test.each([
  ['a limit', { ...allow(1, '*'), action: 'throttle', rateLimitOptions: { ...limit, enforceOnKey: 'IP' } }],
  ['a ban', { ...allow(1, '*'), action: 'rate_based_ban', rateLimitOptions: { ...limit, banDurationSec: 600 } }],
  ['a redirect', { ...allow(1, '*'), action: 'redirect', redirectOptions: { type: 'GOOGLE_RECAPTCHA' } }],
  [
    'an expression',
    { ...allow(1, '*'), match: { expr: { expression: "evaluatePreconfiguredWaf('sqli-v33-stable', {'sensitivity': 1})" } } },
  ],
])('a rule with %s is taken as it is', async (_what, rule) => {
  const { make, get, done } = compute;
  await make('securityPolicies', { name: 'taken', rules: [deny, rule] });
  expect((await get(path('taken'))).rules[0]).toMatchObject(rule);
  await done('DELETE', path('taken'));
});

test('two rules of one priority are refused', async () => {
  const [status, , message] = await compute.refused('POST', 'global/securityPolicies', {
    name: 'twice',
    rules: [deny, allow(7, '*'), allow(7, '192.0.2.1')],
  });
  expect([status, message]).toEqual([
    400,
    "Invalid value for field 'resource.rules[2].priority': '7'. Cannot have rules with the same priorities.",
  ]);
});

test('a policy is put before a backend service by its own method, and stays while it is there', async () => {
  const { make, get, done, refused, link } = compute;
  await make('securityPolicies', { name: 'armor' });
  await make('securityPolicies', { name: 'edge', type: 'CLOUD_ARMOR_EDGE' });
  const securityPolicy = link(path('armor'));
  await make('backendServices', { name: 'guarded', loadBalancingScheme: 'EXTERNAL_MANAGED', securityPolicy });
  expect(await get('global/backendServices/guarded')).not.toHaveProperty('securityPolicy');
  const set = 'global/backendServices/guarded/setSecurityPolicy';
  expect(await done('POST', set, { securityPolicy })).toMatchObject({ operationType: 'setSecurityPolicy' });
  await done('PATCH', 'global/backendServices/guarded', { description: 'guarded' });
  expect(await get('global/backendServices/guarded')).toMatchObject({ securityPolicy, description: 'guarded' });
  expect((await refused('DELETE', path('armor')))[1]).toBe('resourceInUseByAnotherResource');
  expect((await refused('POST', set, { securityPolicy: link(path('none')) }))[0]).toBe(404);
  expect((await refused('POST', set, { securityPolicy: link(path('edge')) }))[0]).toBe(400);
  await done('POST', set, { securityPolicy: '' });
  expect(await get('global/backendServices/guarded')).not.toHaveProperty('securityPolicy');
  await done('DELETE', path('armor'));
});
