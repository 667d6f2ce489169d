import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compute, makeLoadBalancer, startCompute } from './compute-client.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute();
});
afterAll(async () => {
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});

test('a managed certificate waits for its load balancer and its name, then is made and stays', async () => {
  const { sim, project, make, get } = compute;
  const certificate = async () => (await get('global/sslCertificates/site')).managed;
  await make('sslCertificates', { name: 'lonely', type: 'MANAGED', managed: { domains: ['lonely.example.com'] } });
  expect((await get('global/sslCertificates/lonely')).managed).toEqual({
    domains: ['lonely.example.com'],
    status: 'PROVISIONING',
    domainStatus: { 'lonely.example.com': 'PROVISIONING' },
  });
  await makeLoadBalancer(compute, 'site', 'site.example.com');
  expect(await certificate()).toMatchObject({
    status: 'PROVISIONING',
    domainStatus: { 'site.example.com': 'FAILED_NOT_VISIBLE' },
  });

  const dns = `https://dns.googleapis.com/dns/v1/projects/${project}/managedZones`;
  await sim.call('POST', dns, { name: 'zone', dnsName: 'example.com.', description: '' });
  const { address } = await get('global/addresses/site');
  const record = (rrdatas: string[]) => ({ name: 'site.example.com.', type: 'A', ttl: 60, rrdatas });
  const change = async (body: object) => {
    const { status, body: made } = await sim.call('POST', `${dns}/zone/changes`, body);
    expect([status, made]).toEqual([200, expect.anything()]);
    await sim.until(`${dns}/zone/changes/${made.id}`, (later) => later.status === 'done');
  };
  // One address too many, and Google cannot be sure to reach the load balancer.
  await change({ additions: [record([address, '198.51.100.77'])] });
  expect((await certificate()).domainStatus).toEqual({ 'site.example.com': 'FAILED_NOT_VISIBLE' });
  await change({ deletions: [record([address, '198.51.100.77'])], additions: [record([address])] });
  const url = `https://compute.googleapis.com/compute/v1/projects/${project}/global/sslCertificates/site`;
  const { body } = await sim.until(url, ({ managed }) => managed.status === 'ACTIVE');
  expect(body).toMatchObject({
    managed: { domainStatus: { 'site.example.com': 'ACTIVE' } },
    expireTime: expect.any(String),
    subjectAlternativeNames: ['site.example.com'],
  });
  await change({ deletions: [record([address])] });
  expect((await certificate()).status).toBe('ACTIVE');
});

test('a certificate takes its usual time', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clocked = await startCompute({ now: () => new Date(now), speed: 1000 });
  const { sim, project } = clocked;
  await makeLoadBalancer(clocked, 'site', 'site.example.com');
  const dns = `https://dns.googleapis.com/dns/v1/projects/${project}/managedZones`;
  await sim.call('POST', dns, { name: 'zone', dnsName: 'example.com.', description: '' });
  const { address } = await clocked.get('global/addresses/site');
  await sim.call('POST', `${dns}/zone/rrsets`, { name: 'site.example.com.', type: 'A', ttl: 60, rrdatas: [address] });
  const status = async () => (await clocked.get('global/sslCertificates/site')).managed.status;
  expect(await status()).toBe('PROVISIONING');
  now += 1100;
  expect(await status()).toBe('PROVISIONING');
  now += 200;
  expect(await status()).toBe('ACTIVE');
  await clocked.remove();
});

test.each([
  ['no domain', { managed: { domains: [] } }],
  ['a wildcard', { managed: { domains: ['*.example.com'] } }],
  ['what is no domain', { managed: { domains: ['https://example.com'] } }],
  ['a domain twice', { managed: { domains: ['a.example.com', 'a.example.com'] } }],
  ['101 domains', { managed: { domains: Array.from({ length: 101 }, (_, number) => `a${number}.example.com`) } }],
  ['a key', { managed: { domains: ['a.example.com'] }, privateKey: 'x' }],
])('a managed certificate with %s is refused', async (_what, more) => {
  expect((await compute.refused('POST', 'global/sslCertificates', { name: 'refused', type: 'MANAGED', ...more }))[0]).toBe(400);
});

test("of one's own certificate the key must fit, and is never kept", async () => {
  const { sim, make, get, refused } = compute;
  const { key, certificate } = await sim.sim.authority.issue(['own.example.com', 'www.own.example.com']);
  await make('sslCertificates', { name: 'own', certificate, privateKey: key });
  const shown = await get('global/sslCertificates/own');
  expect(shown).toMatchObject({
    type: 'SELF_MANAGED',
    certificate,
    selfManaged: { certificate },
    subjectAlternativeNames: ['own.example.com', 'www.own.example.com'],
  });
  expect(Date.parse(shown.expireTime)).toBeGreaterThan(Date.now());
  expect(shown).not.toHaveProperty('privateKey');
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const body of [
    { certificate, privateKey: other },
    { certificate, privateKey: 'x' },
    { certificate: 'x', privateKey: key },
    { certificate },
    {},
  ])
    expect((await refused('POST', 'global/sslCertificates', { name: 'refused', ...body }))[0]).toBe(400);
});

test('an SSL policy enables the ciphers of its profile', async () => {
  const { make, get, refused, call, done } = compute;
  await make('sslPolicies', { name: 'usual' });
  expect(await get('global/sslPolicies/usual')).toMatchObject({
    kind: 'compute#sslPolicy',
    profile: 'COMPATIBLE',
    minTlsVersion: 'TLS_1_0',
  });
  await make('sslPolicies', { name: 'strict', profile: 'RESTRICTED', minTlsVersion: 'TLS_1_3' });
  const { features } = (await call('GET', 'global/sslPolicies/listAvailableFeatures')).body;
  const strict = (await get('global/sslPolicies/strict')).enabledFeatures;
  expect(features).toEqual(expect.arrayContaining(strict));
  expect(strict.length).toBeLessThan(features.length);
  await make('sslPolicies', { name: 'custom', profile: 'CUSTOM', customFeatures: strict.slice(0, 1) });
  expect((await get('global/sslPolicies/custom')).enabledFeatures).toEqual(strict.slice(0, 1));
  for (const body of [
    { profile: 'MODERN', minTlsVersion: 'TLS_1_3' },
    { profile: 'CUSTOM' },
    { profile: 'CUSTOM', customFeatures: ['ROT13'] },
    { profile: 'MODERN', customFeatures: strict },
    { profile: 'LOOSE' },
  ])
    expect((await refused('POST', 'global/sslPolicies', { name: 'refused', ...body }))[0]).toBe(400);
  expect((await refused('PATCH', 'global/sslPolicies/strict', { profile: 'MODERN' }))[0]).toBe(400);
  await done('PATCH', 'global/sslPolicies/strict', { profile: 'MODERN', minTlsVersion: 'TLS_1_2' });
});
