import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { step, walk } from './walk.ts';

// Methods that hardly anybody calls, each once: what they answer is held against Google's schemas by `startChecked` and by the guard of
// `startTestSimulator`, what they do by what is read back.
const P = `projects/${PROJECT}`;
const REGION = 'us-central1';
const C = `https://compute.googleapis.com/compute/v1/${P}`;
const PERMISSIONS = { permissions: ['resourcemanager.projects.get'] };
const BINDINGS = [{ role: 'roles/viewer', members: ['user:a@example.com'] }];

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['certificatemanager', 'compute', 'dns', 'domains', 'iam']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const ask = (what: string, body?: object) => step(sim, what, body);

test('compute', async () => {
  const neg = `${C}/regions/${REGION}/networkEndpointGroups`;
  await walk(sim, [
    [`POST ${neg}`, { name: 'neg', networkEndpointType: 'SERVERLESS', cloudRun: { service: 'web' } }],
    [`POST ${C}/global/securityPolicies`, { name: 'pol' }],
    [`POST ${C}/global/backendServices`, { name: 'be', loadBalancingScheme: 'EXTERNAL_MANAGED' }],
    [`POST ${C}/global/urlMaps`, { name: 'um', defaultService: 'global/backendServices/be' }],
    [`POST ${C}/global/sslPolicies`, { name: 'ssl', profile: 'MODERN', minTlsVersion: 'TLS_1_2' }],
    [`POST ${C}/global/sslCertificates`, { name: 'cert', type: 'MANAGED', managed: { domains: ['www.example.org'] } }],
    [`POST ${C}/global/targetHttpProxies`, { name: 'hp', urlMap: 'global/urlMaps/um' }],
    [
      `POST ${C}/global/targetHttpsProxies`,
      { name: 'tp', urlMap: 'global/urlMaps/um', sslCertificates: ['global/sslCertificates/cert'] },
    ],
    [`POST ${C}/global/addresses`, { name: 'ip' }],
    [
      `POST ${C}/global/forwardingRules`,
      {
        name: 'fr',
        loadBalancingScheme: 'EXTERNAL_MANAGED',
        IPAddress: 'global/addresses/ip',
        portRange: '80',
        target: 'global/targetHttpProxies/hp',
      },
    ],
  ]);
  expect((await ask(`POST ${neg}/neg/listNetworkEndpoints`)).items ?? []).toEqual([]);
  const { labelFingerprint } = await ask(`GET ${C}/global/securityPolicies/pol`);
  await ask(`POST ${C}/global/securityPolicies/pol/setLabels`, { labels: { a: 'b' }, labelFingerprint });
  expect((await ask(`GET ${C}/global/securityPolicies/pol`)).labels).toEqual({ a: 'b' });
  for (const [place, change] of [
    ['forwardingRules/fr', { networkTier: 'PREMIUM' }],
    ['targetHttpProxies/hp', { httpKeepAliveTimeoutSec: 300 }],
    ['targetHttpsProxies/tp', { httpKeepAliveTimeoutSec: 300 }],
  ] as Array<[string, object]>) {
    const { fingerprint } = await ask(`GET ${C}/global/${place}`);
    await ask(`PATCH ${C}/global/${place}`, { ...change, fingerprint });
    expect(await ask(`GET ${C}/global/${place}`)).toMatchObject(change);
  }
  const { name } = await ask(`DELETE ${C}/global/forwardingRules/fr`);
  await ask(`DELETE ${C}/global/operations/${name}`);
  expect((await sim.call('GET', `${C}/global/operations/${name}`)).status).toBe(404);
});

test('the entry of a certificate map', async () => {
  const M = `https://certificatemanager.googleapis.com/v1/${P}/locations/global`;
  const entry = `${M}/certificateMaps/m/certificateMapEntries`;
  const certificates = [`${P}/locations/global/certificates/c`];
  await walk(sim, [
    [`POST ${M}/certificates?certificateId=c`, { managed: { domains: ['www.example.org'] } }],
    [`POST ${M}/certificateMaps?certificateMapId=m`, {}],
    [`POST ${entry}?certificateMapEntryId=e`, { hostname: 'www.example.org', certificates }],
    [`PATCH ${entry}/e?updateMask=description`, { description: 'x' }],
  ]);
  expect(await ask(`GET ${entry}/e`)).toMatchObject({ description: 'x', hostname: 'www.example.org' });
});

test('what Cloud Domains does no longer is refused, and the rest of a registration', async () => {
  const all = `https://domains.googleapis.com/v1/${P}/locations/global/registrations`;
  const contact = {
    email: 'owner@example.com',
    phoneNumber: '+1.8005550123',
    postalAddress: { regionCode: 'US', postalCode: '95050', addressLines: ['1 Example Way'], recipients: ['An Owner'] },
  };
  const registration = {
    domainName: 'rare.org',
    dnsSettings: { customDns: { nameServers: ['ns-cloud-a1.googledomains.com.', 'ns-cloud-a2.googledomains.com.'] } },
    contactSettings: {
      privacy: 'REDACTED_CONTACT_DATA',
      registrantContact: contact,
      adminContact: contact,
      technicalContact: contact,
    },
  };
  const { yearlyPrice } = (await ask(`GET ${all}:retrieveRegisterParameters?domainName=rare.org`)).registerParameters;
  await ask(`POST ${all}:register`, { registration, yearlyPrice });
  const one = `${all}/rare.org`;
  const { etag } = await ask(`GET ${one}:getIamPolicy`);
  await ask(`POST ${one}:setIamPolicy`, { policy: { bindings: BINDINGS, etag } });
  expect((await ask(`GET ${one}:getIamPolicy`)).bindings).toEqual(BINDINGS);
  expect(await ask(`POST ${one}:testIamPermissions`, PERMISSIONS)).toEqual(PERMISSIONS);
  const gone: Array<[string, string, object?]> = [
    ['POST', `${one}:export`, {}],
    ['POST', `${all}:import`, { domainName: 'other.org' }],
    ['POST', `${all}:transfer`, { registration, yearlyPrice }],
    ['GET', `${one}:retrieveGoogleDomainsDnsRecords`],
    ['GET', `${one}:retrieveGoogleDomainsForwardingConfig`],
    ['GET', `${all}:retrieveImportableDomains`],
    ['GET', `${all}:retrieveTransferParameters?domainName=other.org`],
    ['DELETE', one],
  ];
  for (const [method, url, body] of gone) {
    const { error } = (await sim.call(method, url, body)).body;
    const status = method === 'DELETE' ? 'FAILED_PRECONDITION' : 'INVALID_ARGUMENT';
    expect([url, error]).toEqual([url, { code: 400, status, message: expect.stringMatching(/deprecated|cannot be deleted/) }]);
  }
});

test('accounts, their keys, who asks, and projects', async () => {
  const accounts = `https://iam.googleapis.com/v1/${P}/serviceAccounts`;
  const { email } = await ask(`POST ${accounts}`, { accountId: 'rare-robot' });
  const { name } = await ask(`POST ${accounts}/${email}/keys`, {});
  const key = `https://iam.googleapis.com/v1/${name}`;
  await ask(`POST ${key}:disable`, {});
  expect((await ask(`GET ${key}`)).disabled).toBe(true);
  await ask(`POST ${key}:enable`, {});
  expect((await ask(`GET ${key}`)).disabled).not.toBe(true);
  expect(await ask(`POST ${accounts}/${email}:testIamPermissions`, PERMISSIONS)).toEqual(PERMISSIONS);
  const before = await ask(`GET ${accounts}/${email}`);
  expect(await ask(`PUT ${accounts}/${email}`, { displayName: 'Rare', etag: before.etag })).toMatchObject({
    email,
    displayName: 'Rare',
  });
  const [me, older] = ['userinfo/v2/me', 'oauth2/v2/userinfo'].map((path) => ask(`GET https://www.googleapis.com/${path}`));
  expect(await me).toEqual(await older);
  const project = `https://cloudresourcemanager.googleapis.com/v3/${P}`;
  const policy = await ask(`POST ${project}:getIamPolicy`, {});
  const set = await ask(`POST ${project}:setIamPolicy`, {
    policy: { ...policy, bindings: [...(policy.bindings ?? []), ...BINDINGS] },
  });
  expect(set.bindings).toEqual(expect.arrayContaining(BINDINGS));
  for (const version of ['v1', 'v1beta1']) {
    const { operations } = await ask(`GET https://serviceusage.googleapis.com/${version}/operations`);
    expect(operations.length).toBeGreaterThan(0);
  }
});

test('zones', async () => {
  const [v1, beta] = ['v1', 'v1beta2'].map((version) => `https://dns.googleapis.com/dns/${version}/${P}/managedZones`);
  const zone = await ask(`POST ${beta}`, { name: 'z', dnsName: 'z.example.org.', description: 'x' });
  await ask(`PUT ${beta}/z`, { ...zone, description: 'y' });
  expect((await ask(`GET ${v1}/z`)).description).toBe('y');
  const { operations } = await ask(`GET ${beta}/z/operations`);
  expect(await ask(`GET ${beta}/z/operations/${operations[0].id}`)).toEqual(operations[0]);
  const { etag } = await ask(`POST ${beta}/z:getIamPolicy`, {});
  await ask(`POST ${beta}/z:setIamPolicy`, { policy: { bindings: BINDINGS, etag } });
  expect((await ask(`POST ${v1}/z:getIamPolicy`, {})).bindings).toEqual(BINDINGS);
  expect(await ask(`POST ${v1}/z:testIamPermissions`, PERMISSIONS)).toEqual(PERMISSIONS);
});
