import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const V1 = 'https://certificatemanager.googleapis.com/v1';
const LOCATION = `projects/${PROJECT}/locations/global`;
const ZONES = `https://dns.googleapis.com/dns/v1/projects/${PROJECT}/managedZones`;

let sim: TestSimulator;
let count = 0;
let id: string;
let domain: string;
beforeAll(async () => {
  sim = await startChecked(['certificatemanager', 'dns', 'compute']);
  await sim.call('POST', ZONES, { name: 'zone', dnsName: 'wine.test.', description: '' });
});
beforeEach(() => {
  id = `it-${++count}`;
  domain = `d${count}.wine.test`;
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function finish(started: Answer): Promise<Answer['body']> {
  expect([started.status, started.body.error?.message]).toEqual([200, undefined]);
  return (await sim.until(`${V1}/${started.body.name}`, (body) => body.done === true)).body;
}
const post = (path: string, body: object) => sim.call('POST', `${V1}/${LOCATION}/${path}`, body);
const get = (path: string) => sim.call('GET', `${V1}/${LOCATION}/${path}`);
const remove = (path: string) => sim.call('DELETE', `${V1}/${LOCATION}/${path}`);
const authorize = () => post(`dnsAuthorizations?dnsAuthorizationId=${id}`, { domain });
const certify = (domains = [domain]) =>
  post(`certificates?certificateId=${id}`, { managed: { domains, dnsAuthorizations: [`${LOCATION}/dnsAuthorizations/${id}`] } });

/** Puts the record of a DNS authorisation into the zone. */
async function prove(): Promise<void> {
  const { name, type, data } = (await get(`dnsAuthorizations/${id}`)).body.dnsResourceRecord;
  const made = await sim.call('POST', `${ZONES}/zone/rrsets`, { name, type, ttl: 300, rrdatas: [data] });
  expect(made.status).toBe(200);
}
async function madeCertificate(): Promise<void> {
  await finish(await authorize());
  await finish(await certify());
}

describe('a managed certificate', () => {
  test('waits for the record of its DNS authorisation, and is made when that is there', async () => {
    const authorization = await finish(await authorize());
    expect(authorization.response).toMatchObject({
      '@type': 'type.googleapis.com/google.cloud.certificatemanager.v1.DnsAuthorization',
      name: `${LOCATION}/dnsAuthorizations/${id}`,
      domain,
      dnsResourceRecord: {
        name: `_acme-challenge.${domain}.`,
        type: 'CNAME',
        data: expect.stringMatching(/\.authorize\.certificatemanager\.goog\.$/),
      },
    });
    await finish(await certify([domain, `*.${domain}`]));
    const waiting = (await get(`certificates/${id}`)).body;
    expect(waiting.managed).toMatchObject({
      state: 'PROVISIONING',
      provisioningIssue: { reason: 'AUTHORIZATION_ISSUE' },
      authorizationAttemptInfo: [
        { domain, state: 'FAILED', failureReason: 'CONFIG', troubleshooting: { issues: ['CNAME_MISMATCH'] } },
        { domain: `*.${domain}`, state: 'FAILED' },
      ],
    });
    expect(waiting.pemCertificate).toBeUndefined();
    await prove();
    const { body } = await sim.until(`${V1}/${LOCATION}/certificates/${id}`, (one) => one.managed.state === 'ACTIVE');
    expect(body.pemCertificate).toContain('BEGIN CERTIFICATE');
    expect(body.sanDnsnames).toEqual([domain, `*.${domain}`]);
    expect(body.managed.provisioningIssue).toBeUndefined();
    await sim.restart();
    expect((await get(`certificates/${id}`)).body).toEqual(body);
  });

  test('takes its time, divided by the speed', async () => {
    const slow = await startChecked(['certificatemanager', 'dns'], { speed: 2000 });
    await slow.call('POST', ZONES, { name: 'zone', dnsName: 'wine.test.', description: '' });
    const made = async (path: string, body: object) => {
      const { body: operation } = await slow.call('POST', `${V1}/${LOCATION}/${path}`, body);
      await slow.until(`${V1}/${operation.name}`, (one) => one.done === true);
    };
    await made(`dnsAuthorizations?dnsAuthorizationId=${id}`, { domain });
    const { name, data } = (await slow.call('GET', `${V1}/${LOCATION}/dnsAuthorizations/${id}`)).body.dnsResourceRecord;
    await slow.call('POST', `${ZONES}/zone/rrsets`, { name, type: 'CNAME', ttl: 300, rrdatas: [data] });
    await made(`certificates?certificateId=${id}`, {
      managed: { domains: [domain], dnsAuthorizations: [`${LOCATION}/dnsAuthorizations/${id}`] },
    });
    const url = `${V1}/${LOCATION}/certificates/${id}`;
    expect((await slow.call('GET', url)).body.managed).toMatchObject({
      state: 'PROVISIONING',
      authorizationAttemptInfo: [{ state: 'AUTHORIZED' }],
    });
    await slow.until(url, (one) => one.managed.state === 'ACTIVE');
    await slow.remove();
  });

  test('without DNS authorisation must lead to a load balancer that has it', async () => {
    await finish(await post(`certificates?certificateId=${id}`, { managed: { domains: [domain] } }));
    const issues = async () => (await get(`certificates/${id}`)).body.managed.authorizationAttemptInfo[0].troubleshooting.issues;
    expect(await issues()).toEqual(['NO_RESOLVED_IPS']);
    await sim.call('POST', `${ZONES}/zone/rrsets`, { name: `${domain}.`, type: 'A', ttl: 300, rrdatas: ['192.0.2.1'] });
    expect(await issues()).toEqual(['CERTIFICATE_NOT_ATTACHED']);
  });

  test.each([
    ['no domain', () => ({ managed: { domains: [] } })],
    ['a domain that is none', () => ({ managed: { domains: ['x'] } })],
    ['a wildcard without authorisation', () => ({ managed: { domains: [`*.${domain}`] } })],
    [
      'a domain of no authorisation',
      () => ({ managed: { domains: ['a.test'], dnsAuthorizations: [`${LOCATION}/dnsAuthorizations/${id}`] } }),
    ],
    ['two sources', () => ({ managed: { domains: [domain] }, selfManaged: { pemCertificate: '', pemPrivateKey: '' } })],
    ['nothing', () => ({})],
    ['text for a certificate', () => ({ selfManaged: { pemCertificate: 'x', pemPrivateKey: 'y' } })],
  ])('with %s is refused', async (_, body) => {
    await finish(await authorize());
    expect((await post(`certificates?certificateId=${id}`, body())).body.error.status).toBe('INVALID_ARGUMENT');
    expect((await get(`certificates/${id}`)).status).toBe(404);
  });

  test('needs authorisations that are there', async () => {
    expect((await certify()).body.error).toMatchObject({
      status: 'NOT_FOUND',
      message: `Resource '${LOCATION}/dnsAuthorizations/${id}' was not found`,
    });
  });
});

test('a certificate of one’s own is active at once, and its key is kept nowhere', async () => {
  const pem = (name: string) => readFileSync(join(sim.dataDir, name), 'utf8');
  const own = { pemCertificate: pem('ca.pem'), pemPrivateKey: pem('ca-key.pem') };
  await finish(await post(`certificates?certificateId=${id}`, { selfManaged: own }));
  const { body } = await get(`certificates/${id}`);
  expect(body).toMatchObject({ selfManaged: {}, pemCertificate: own.pemCertificate, expireTime: expect.any(String) });
  const records = readFileSync(join(sim.dataDir, 'records.sqlite'));
  expect(records.includes(own.pemPrivateKey.split('\n')[1] as string)).toBe(false);
});

describe('maps', () => {
  const entry = (more: object = {}) =>
    post(`certificateMaps/${id}/certificateMapEntries?certificateMapEntryId=${id}`, {
      hostname: domain,
      certificates: [`${LOCATION}/certificates/${id}`],
      ...more,
    });

  test('have entries, which are active with their certificates', async () => {
    await madeCertificate();
    await finish(await post(`certificateMaps?certificateMapId=${id}`, { description: 'Map' }));
    await finish(await entry());
    const url = `certificateMaps/${id}/certificateMapEntries/${id}`;
    expect((await get(url)).body).toMatchObject({ state: 'PENDING', hostname: domain });
    await prove();
    await sim.until(`${V1}/${LOCATION}/${url}`, (body) => body.state === 'ACTIVE');
    expect((await get(`certificates/${id}`)).body.usedBy).toEqual([{ name: `${LOCATION}/${url}` }]);
    expect((await get(`certificateMaps/${id}/certificateMapEntries`)).body.certificateMapEntries).toHaveLength(1);
  });

  test('what is used cannot be deleted, from the certificate’s authorisation to the map', async () => {
    await madeCertificate();
    await finish(await post(`certificateMaps?certificateMapId=${id}`, {}));
    await finish(await entry({ hostname: undefined, matcher: 'PRIMARY' }));
    const chain = [
      `certificateMaps/${id}/certificateMapEntries/${id}`,
      `certificateMaps/${id}`,
      `certificates/${id}`,
      `dnsAuthorizations/${id}`,
    ];
    for (const [, path] of [...chain.entries()].slice(1).filter(([place]) => place !== 3)) {
      expect((await remove(path)).body.error.status).toBe('FAILED_PRECONDITION');
    }
    expect((await remove(chain[3] as string)).body.error.message).toContain(`certificates/${id}`);
    for (const path of chain) {
      await finish(await remove(path));
      expect((await get(path)).status).toBe(404);
    }
  });

  test.each([
    ['no certificate', { certificates: [] }, 'INVALID_ARGUMENT'],
    ['a certificate that is not there', { certificates: [`${LOCATION}/certificates/none`] }, 'NOT_FOUND'],
    ['a name and a matcher', { matcher: 'PRIMARY' }, 'INVALID_ARGUMENT'],
    ['a name that is none', { hostname: '_' }, 'INVALID_ARGUMENT'],
  ])('an entry with %s is refused', async (_, more, status) => {
    await madeCertificate();
    await finish(await post(`certificateMaps?certificateMapId=${id}`, {}));
    expect((await entry(more)).body.error.status).toBe(status);
  });

  test('an entry needs its map', async () => {
    expect((await entry()).status).toBe(404);
  });
});

test('a map belongs to a load balancer, which makes a certificate that leads to it', async () => {
  const compute = `https://compute.googleapis.com/compute/v1/projects/${PROJECT}/global`;
  const make = async (path: string, body: object) => {
    const started = await sim.call('POST', `${compute}/${path}`, body);
    expect([started.status, started.body.error?.message]).toEqual([200, undefined]);
    await sim.until(`${compute}/operations/${started.body.name}`, (operation) => operation.status === 'DONE');
  };
  const map = `//certificatemanager.googleapis.com/${LOCATION}/certificateMaps/${id}`;
  await make('backendServices', { name: id, loadBalancingScheme: 'EXTERNAL_MANAGED', protocol: 'HTTPS' });
  await make('urlMaps', { name: id, defaultService: `${compute}/backendServices/${id}` });
  const proxy = { name: id, urlMap: `${compute}/urlMaps/${id}`, certificateMap: map };
  expect((await sim.call('POST', `${compute}/targetHttpsProxies`, proxy)).body.error.message).toContain('does not exist');
  await finish(await post(`certificates?certificateId=${id}`, { managed: { domains: [domain] } }));
  await finish(await post(`certificateMaps?certificateMapId=${id}`, {}));
  const entry = { hostname: domain, certificates: [`${LOCATION}/certificates/${id}`] };
  await finish(await post(`certificateMaps/${id}/certificateMapEntries?certificateMapEntryId=${id}`, entry));
  await make('targetHttpsProxies', proxy);
  const target = `${compute}/targetHttpsProxies/${id}`;
  await make('forwardingRules', { name: id, target, portRange: '443', loadBalancingScheme: 'EXTERNAL_MANAGED' });
  const { IPAddress } = (await sim.call('GET', `${compute}/forwardingRules/${id}`)).body;
  expect((await get(`certificateMaps/${id}`)).body.gclbTargets).toEqual([
    {
      targetHttpsProxy: expect.stringContaining(`/targetHttpsProxies/${id}`),
      ipConfigs: [{ ipAddress: IPAddress, ports: [443] }],
    },
  ]);
  await sim.call('POST', `${ZONES}/zone/rrsets`, { name: `${domain}.`, type: 'A', ttl: 300, rrdatas: [IPAddress] });
  await sim.until(`${V1}/${LOCATION}/certificates/${id}`, (body) => body.managed.state === 'ACTIVE');
  expect((await remove(`certificateMaps/${id}`)).body.error.message).toContain('targetHttpsProxies');
});

test('operations can be listed and forgotten', async () => {
  const { body: started } = await authorize();
  await sim.call('POST', `${V1}/${started.name}:cancel`, {});
  await sim.until(`${V1}/${started.name}`, (body) => body.done === true);
  const names = async () => (await get('operations')).body.operations.map(({ name }: { name: string }) => name);
  expect(await names()).toContain(started.name);
  expect((await sim.call('DELETE', `${V1}/${started.name}`)).body).toEqual({});
  expect((await sim.call('GET', `${V1}/${started.name}`)).status).toBe(404);
  expect(await names()).not.toContain(started.name);
});

test('names are unique, labels can be changed, lists are filtered', async () => {
  await finish(await authorize());
  expect((await authorize()).body.error).toMatchObject({
    code: 409,
    message: `Resource '${LOCATION}/dnsAuthorizations/${id}' already exists`,
  });
  const url = `${V1}/${LOCATION}/dnsAuthorizations/${id}`;
  await finish(await sim.call('PATCH', `${url}?updateMask=labels`, { labels: { a: 'b' } }));
  expect((await sim.call('GET', url)).body.labels).toEqual({ a: 'b' });
  expect((await sim.call('PATCH', `${url}?updateMask=domain`, { domain: 'x.test' })).status).toBe(400);
  const { body } = await get('dnsAuthorizations?filter=labels.a=b');
  expect(body.dnsAuthorizations.map(({ name }: { name: string }) => name)).toEqual([`${LOCATION}/dnsAuthorizations/${id}`]);
  const anywhere = await sim.call('GET', `${V1}/projects/${PROJECT}/locations/-/dnsAuthorizations?filter=labels.a=b`);
  expect(anywhere.body).toEqual(body);
  const byNumber = await sim.call('GET', url.replace(PROJECT, sim.project.projectNumber));
  expect(byNumber.body.name).toBe(`${LOCATION}/dnsAuthorizations/${id}`);
});
