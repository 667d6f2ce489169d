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

test('a load balancer is made from its address to its forwarding rule, used as a whole, and taken down again', async () => {
  const { get, link, refused, done } = compute;
  await makeLoadBalancer(compute, 'whole', 'whole.example.com');
  const address = await get('global/addresses/whole');
  const rule = await get('global/forwardingRules/whole');
  expect(address).toMatchObject({ status: 'IN_USE', users: [link('global/forwardingRules/whole')], addressType: 'EXTERNAL' });
  expect(rule).toMatchObject({
    kind: 'compute#forwardingRule',
    IPAddress: address.address,
    IPProtocol: 'TCP',
    portRange: '443-443',
    networkTier: 'PREMIUM',
    target: link('global/targetHttpsProxies/whole'),
  });
  expect(await get('global/targetHttpsProxies/whole')).toMatchObject({ quicOverride: 'NONE', tlsEarlyData: 'DISABLED' });
  expect((await get('global/backendServices/whole')).usedBy).toEqual([{ reference: link('global/urlMaps/whole') }]);
  const down = [
    'global/forwardingRules',
    'global/targetHttpsProxies',
    'global/urlMaps',
    'global/backendServices',
    'regions/us-central1/networkEndpointGroups',
    'global/sslCertificates',
    'global/addresses',
  ];
  for (const collection of ['global/addresses', ...down.slice(1, 6)])
    expect((await refused('DELETE', `${collection}/whole`))[1]).toBe('resourceInUseByAnotherResource');
  for (const collection of down) await done('DELETE', `${collection}/whole`);
  for (const collection of down) expect((await refused('GET', `${collection}/whole`))[0]).toBe(404);
});

test('a forwarding rule takes a reserved address by name, number or link, a free one unasked, and no other of the pool', async () => {
  const { make, get, refused, link, done } = compute;
  await makeLoadBalancer(compute, 'ports', 'ports.example.com');
  const { address } = await get('global/addresses/ports');
  const target = link('global/targetHttpsProxies/ports');
  const rule = (name: string, IPAddress: string | undefined, portRange: string) => ({
    name,
    ...(IPAddress === undefined ? {} : { IPAddress }),
    portRange,
    target,
    loadBalancingScheme: 'EXTERNAL_MANAGED',
  });
  for (const [place, form] of ['ports', address, `projects/${compute.project}/global/addresses/ports`].entries())
    await make('forwardingRules', rule(`form-${place}`, form, String(8000 + place)));
  expect((await get('global/addresses/ports')).users).toHaveLength(4);
  expect(await refused('POST', 'global/forwardingRules', rule('again', address, '443'))).toEqual([
    400,
    'invalid',
    `Invalid value for field 'resource.IPAddress': '${address}'. Specified IP address is in-use and would result in a conflict.`,
  ]);
  const [status, , message] = await refused('POST', 'global/forwardingRules', rule('foreign', '203.0.113.250', '443'));
  expect([status, message]).toEqual([400, expect.stringContaining('is not allocated to the project')]);
  expect((await refused('POST', 'global/forwardingRules', rule('none', 'none', '443')))[0]).toBe(404);
  await make('forwardingRules', rule('ephemeral', undefined, '443'));
  const own = (await get('global/forwardingRules/ephemeral')).IPAddress;
  expect(own).toMatch(/^(203\.0\.113|198\.51\.100|192\.0\.2)\.\d+$/);
  await make('addresses', { name: 'kept', address: own });
  expect(await get('global/addresses/kept')).toMatchObject({ address: own, status: 'IN_USE' });
  expect((await refused('POST', 'global/addresses', { name: 'taken', address: own }))[0]).toBe(400);
  expect((await refused('POST', 'global/addresses', { name: 'wished', address: '203.0.113.251' }))[0]).toBe(400);
  await done('DELETE', 'global/forwardingRules/ephemeral');
  expect(await get('global/addresses/kept')).toMatchObject({ address: own, status: 'RESERVED' });
});

test.each([
  ['no target', { target: undefined }],
  ['no port', { portRange: undefined }],
  ['several ports', { portRange: '80-90' }],
  ['a port that cannot be', { portRange: '70000' }],
  ['another scheme than its backends', { loadBalancingScheme: 'EXTERNAL' }],
  ['a URL map as its target', { target: 'global/urlMaps/ports' }],
  ['the standard tier', { networkTier: 'STANDARD' }],
])('a forwarding rule with %s is refused', async (_what, more) => {
  const body = {
    name: 'x',
    target: 'global/targetHttpsProxies/ports',
    portRange: '99',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    ...more,
  };
  expect((await compute.refused('POST', 'global/forwardingRules', body))[0]).toBe(400);
});

test('a forwarding rule gets its labels and another target by methods of their own', async () => {
  const { make, get, call, done, refused, link } = compute;
  const path = 'global/forwardingRules/later';
  const target = 'global/targetHttpsProxies/ports';
  await make('forwardingRules', {
    name: 'later',
    target,
    portRange: '1',
    loadBalancingScheme: 'EXTERNAL_MANAGED',
    labels: { a: 'b' },
  });
  const made = await get(path);
  expect(made).not.toHaveProperty('labels');
  await call('POST', `${path}/setLabels`, { labels: { a: 'b' }, labelFingerprint: made.labelFingerprint });
  await make('targetHttpProxies', { name: 'plain', urlMap: 'global/urlMaps/ports' });
  const operation = await done('POST', `${path}/setTarget`, { target: link('global/targetHttpProxies/plain') });
  expect(operation.operationType).toBe('SetTarget');
  expect(await get(path)).toMatchObject({ labels: { a: 'b' }, target: link('global/targetHttpProxies/plain') });
  expect((await refused('PATCH', path, { portRange: '2-2' }))[0]).toBe(400);
});

test('internal ranges do not overlap', async () => {
  const { make, get, refused } = compute;
  const body = { addressType: 'INTERNAL', purpose: 'VPC_PEERING', network: 'global/networks/default', prefixLength: 16 };
  await make('addresses', { name: 'range-a', ...body });
  await make('addresses', { name: 'range-b', ...body, prefixLength: 20 });
  expect([(await get('global/addresses/range-a')).address, (await get('global/addresses/range-b')).address]).toEqual([
    '10.0.0.0',
    '10.1.0.0',
  ]);
  for (const more of [{ prefixLength: undefined }, { prefixLength: 30 }, { network: undefined }, { purpose: undefined }])
    expect((await refused('POST', 'global/addresses', { name: 'x', ...body, ...more }))[0]).toBe(400);
  for (const more of [{ networkTier: 'STANDARD' }, { prefixLength: 16 }, { purpose: 'VPC_PEERING' }, { address: 'here' }])
    expect((await refused('POST', 'global/addresses', { name: 'x', ...more }))[0]).toBe(400);
  await make('addresses', { name: 'six', ipVersion: 'IPV6' });
  expect((await get('global/addresses/six')).address).toMatch(/^2001:db8:/);
});

test('a proxy gets its certificates, policy, map and options one by one', async () => {
  const { make, get, done, refused, link } = compute;
  const path = 'global/targetHttpsProxies/ports';
  await make('sslPolicies', { name: 'modern', profile: 'MODERN', minTlsVersion: 'TLS_1_2' });
  await make('sslCertificates', { name: 'next', type: 'MANAGED', managed: { domains: ['next.example.com'] } });
  await make('urlMaps', { name: 'next', defaultUrlRedirect: { httpsRedirect: true } });
  await done('POST', `${path}/setSslPolicy`, { sslPolicy: link('global/sslPolicies/modern') });
  const both = [link('global/sslCertificates/ports'), link('global/sslCertificates/next')];
  await done('POST', 'targetHttpsProxies/ports/setSslCertificates', { sslCertificates: both });
  await done('POST', 'targetHttpsProxies/ports/setUrlMap', { urlMap: link('global/urlMaps/next') });
  await done('POST', `${path}/setQuicOverride`, { quicOverride: 'DISABLE' });
  const maps = `projects/${compute.project}/locations/global/certificateMaps`;
  const certificateMap = `//certificatemanager.googleapis.com/${maps}/m`;
  const setMap = `${path}/setCertificateMap`;
  expect((await refused('POST', setMap, { certificateMap }))[2]).toContain('does not exist');
  const manager = 'https://certificatemanager.googleapis.com/v1';
  const { body } = await compute.sim.call('POST', `${manager}/${maps}?certificateMapId=m`, {});
  await compute.sim.until(`${manager}/${body.name}`, (operation) => operation.done === true);
  await done('POST', `${path}/setCertificateMap`, { certificateMap });
  expect(await get(path)).toMatchObject({
    sslPolicy: link('global/sslPolicies/modern'),
    sslCertificates: both,
    urlMap: link('global/urlMaps/next'),
    quicOverride: 'DISABLE',
    certificateMap,
  });
  expect((await refused('DELETE', 'global/sslPolicies/modern'))[1]).toBe('resourceInUseByAnotherResource');
  await done('POST', `${path}/setSslPolicy`, {});
  expect(await get(path)).not.toHaveProperty('sslPolicy');
  await done('POST', `${path}/setCertificateMap`, {});
  const set = 'targetHttpsProxies/ports/setSslCertificates';
  expect((await refused('POST', set, { sslCertificates: [] }))[0]).toBe(400);
  expect((await refused('POST', set, { sslCertificates: [both[0], both[0]] }))[0]).toBe(400);
  expect((await refused('POST', set, { sslCertificates: ['global/sslCertificates/none'] }))[0]).toBe(404);
  expect((await refused('POST', `${path}/setCertificateMap`, { certificateMap: 'm' }))[0]).toBe(400);
});
