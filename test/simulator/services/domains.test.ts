import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const V1 = 'https://domains.googleapis.com/v1';
const LOCATION = `${V1}/projects/${PROJECT}/locations/global`;
const REGISTRATIONS = `${LOCATION}/registrations`;
const CONTACT = {
  email: 'owner@example.com',
  phoneNumber: '+1.8005550123',
  postalAddress: {
    regionCode: 'US',
    postalCode: '95050',
    administrativeArea: 'CA',
    locality: 'Example City',
    addressLines: ['1 Example Way'],
    recipients: ['An Owner'],
  },
};
const DNS = { customDns: { nameServers: ['ns-cloud-a1.googledomains.com.', 'ns-cloud-a2.googledomains.com.'] } };
const contacts = (privacy = 'REDACTED_CONTACT_DATA') => ({
  privacy,
  registrantContact: CONTACT,
  adminContact: CONTACT,
  technicalContact: CONTACT,
});
const request = (domainName: string, registration: object = {}, more: object = {}) => ({
  registration: { domainName, dnsSettings: DNS, contactSettings: contacts(), ...registration },
  yearlyPrice: { currencyCode: 'USD', units: '12' },
  ...more,
});

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['domains']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const parameters = async (name: string) =>
  (await sim.call('GET', `${REGISTRATIONS}:retrieveRegisterParameters?domainName=${name}`)).body.registerParameters;
const register = (body: object) => sim.call('POST', `${REGISTRATIONS}:register`, body);
async function finish(started: Answer): Promise<Answer['body']> {
  expect([started.status, started.body.error?.message]).toEqual([200, undefined]);
  return (await sim.until(`${V1}/${started.body.name}`, (body) => body.done === true)).body;
}

describe('what can be registered', () => {
  test('is found by a word or a name', async () => {
    const { body } = await sim.call('GET', `${REGISTRATIONS}:searchDomains?query=my-wine`);
    expect(body.registerParameters).toContainEqual({
      domainName: 'my-wine.dev',
      availability: 'AVAILABLE',
      supportedPrivacy: ['PUBLIC_CONTACT_DATA', 'REDACTED_CONTACT_DATA'],
      domainNotices: ['HSTS_PRELOADED'],
      yearlyPrice: { currencyCode: 'USD', units: '12' },
    });
    const exact = await sim.call('GET', `${REGISTRATIONS}:searchDomains?query=my-wine.io`);
    expect(exact.body.registerParameters[0].domainName).toBe('my-wine.io');
    expect((await sim.call('GET', `${REGISTRATIONS}:searchDomains`)).status).toBe(400);
  });

  test('has a price, or a reason why not', async () => {
    expect(await parameters('my-wine.com')).toMatchObject({ availability: 'AVAILABLE', yearlyPrice: { units: '12' } });
    expect(await parameters('google.com')).toEqual({ domainName: 'google.com', availability: 'UNAVAILABLE' });
    expect(await parameters('my-wine.museum')).toMatchObject({ availability: 'UNSUPPORTED' });
    expect((await sim.call('GET', `${REGISTRATIONS}:retrieveRegisterParameters?domainName=x`)).status).toBe(400);
    const elsewhere = REGISTRATIONS.replace('global', 'us-central1');
    expect((await sim.call('GET', `${elsewhere}:searchDomains?query=a`)).status).toBe(400);
  });
});

describe('a registration', () => {
  test('is checked first, then pending, then active for a year', async () => {
    const dry = await register(request('life.com', {}, { validateOnly: true }));
    expect(dry.body).toMatchObject({ done: true });
    expect((await sim.call('GET', `${REGISTRATIONS}/life.com`)).status).toBe(404);
    const started = await register(request('life.com', { labels: { a: 'b' } }));
    expect(started.body.metadata).toMatchObject({
      '@type': 'type.googleapis.com/google.cloud.domains.v1.OperationMetadata',
      verb: 'register',
      target: `projects/${PROJECT}/locations/global/registrations/life.com`,
    });
    const done = await finish(started);
    expect(done.response).toMatchObject({ state: 'ACTIVE', domainName: 'life.com', labels: { a: 'b' } });
    const { body } = await sim.call('GET', `${REGISTRATIONS}/life.com`);
    expect(Date.parse(body.expireTime) - Date.parse(body.createTime)).toBeGreaterThan(364 * 86_400_000);
    expect(body).toMatchObject({ dnsSettings: DNS, managementSettings: { transferLockState: 'LOCKED' } });
    expect(await parameters('life.com')).toMatchObject({ availability: 'UNAVAILABLE' });
    expect((await register(request('life.com'))).body.error.status).toBe('ALREADY_EXISTS');
    const listed = await sim.call('GET', `${REGISTRATIONS}?filter=state=ACTIVE`);
    expect(listed.body.registrations.map((one: { domainName: string }) => one.domainName)).toContain('life.com');
  });

  test('is pending, and cannot be changed, until it is made; then its email waits to be verified', async () => {
    const slow = await startChecked(['domains'], { speed: 1000 });
    await slow.call('POST', `${REGISTRATIONS}:register`, request('slow.com'));
    const pending = await slow.call('GET', `${REGISTRATIONS}/slow.com`);
    expect(pending.body.state).toBe('REGISTRATION_PENDING');
    const mask = { updateMask: 'customDns', dnsSettings: DNS };
    const early = await slow.call('POST', `${REGISTRATIONS}/slow.com:configureDnsSettings`, mask);
    expect(early.body.error.status).toBe('FAILED_PRECONDITION');
    const active = await slow.until(`${REGISTRATIONS}/slow.com`, (body) => body.state === 'ACTIVE');
    expect(active.body.issues).toEqual(['UNVERIFIED_EMAIL']);
    await slow.remove();
  });

  test.each([
    ['another price', request('bad.com', {}, { yearlyPrice: { currencyCode: 'USD', units: '11' } }), 'INVALID_ARGUMENT'],
    ['no price', request('bad.com', {}, { yearlyPrice: undefined }), 'INVALID_ARGUMENT'],
    ['a taken name', request('google.com'), 'FAILED_PRECONDITION'],
    ['an unread notice', request('bad.dev'), 'INVALID_ARGUMENT'],
    [
      'public contacts without consent',
      request('bad.com', { contactSettings: contacts('PUBLIC_CONTACT_DATA') }),
      'INVALID_ARGUMENT',
    ],
    ['a deprecated privacy', request('bad.com', { contactSettings: contacts('PRIVATE_CONTACT_DATA') }), 'INVALID_ARGUMENT'],
    ['no contact', request('bad.com', { contactSettings: { privacy: 'REDACTED_CONTACT_DATA' } }), 'INVALID_ARGUMENT'],
    [
      'a phone number of no country',
      request('bad.com', { contactSettings: { ...contacts(), adminContact: { ...CONTACT, phoneNumber: '123' } } }),
      'INVALID_ARGUMENT',
    ],
    [
      'deprecated DNS',
      request('bad.com', { dnsSettings: { googleDomainsDns: { dsState: 'DS_RECORDS_PUBLISHED' } } }),
      'INVALID_ARGUMENT',
    ],
    ['one name server', request('bad.com', { dnsSettings: { customDns: { nameServers: ['ns.test'] } } }), 'INVALID_ARGUMENT'],
  ])('with %s is refused', async (_, body, status) => {
    expect((await register(body)).body.error.status).toBe(status);
    expect((await sim.call('GET', `${REGISTRATIONS}/bad.com`)).status).toBe(404);
  });

  test('goes with what is agreed to', async () => {
    const agreed = { domainNotices: ['HSTS_PRELOADED'], contactNotices: ['PUBLIC_CONTACT_DATA_ACKNOWLEDGEMENT'] };
    const body = request('agreed.dev', { contactSettings: contacts('PUBLIC_CONTACT_DATA') }, agreed);
    await finish(await register(body));
  });

  test('is changed by a method for each of its parts', async () => {
    await finish(await register(request('parts.com')));
    const url = `${REGISTRATIONS}/parts.com`;
    const next = { customDns: { nameServers: ['ns1.test.org.', 'ns2.test.org.'] } };
    const dry = { dnsSettings: next, updateMask: 'custom_dns', validateOnly: true };
    expect((await sim.call('POST', `${url}:configureDnsSettings`, dry)).body.done).toBe(true);
    expect((await sim.call('GET', url)).body.dnsSettings).toEqual(DNS);
    await finish(await sim.call('POST', `${url}:configureDnsSettings`, { dnsSettings: next, updateMask: 'customDns' }));
    expect((await sim.call('GET', url)).body.dnsSettings).toEqual(next);
    const email = { contactSettings: { adminContact: { ...CONTACT, email: 'b@example.com' } }, updateMask: 'adminContact' };
    await finish(await sim.call('POST', `${url}:configureContactSettings`, email));
    const lock = { managementSettings: { transferLockState: 'UNLOCKED' }, updateMask: 'transferLockState' };
    await finish(await sim.call('POST', `${url}:configureManagementSettings`, lock));
    await finish(await sim.call('PATCH', `${url}?updateMask=labels`, { labels: { c: 'd' } }));
    expect((await sim.call('GET', url)).body).toMatchObject({
      contactSettings: { adminContact: { email: 'b@example.com' }, registrantContact: CONTACT },
      managementSettings: { transferLockState: 'UNLOCKED' },
      labels: { c: 'd' },
    });
    expect((await sim.call('PATCH', `${url}?updateMask=dnsSettings`, {})).status).toBe(400);
    expect((await sim.call('POST', `${url}:configureDnsSettings`, { dnsSettings: next })).status).toBe(400);
  });

  test('that is active cannot be deleted, exported or transferred', async () => {
    await finish(await register(request('stays.com')));
    expect((await sim.call('DELETE', `${REGISTRATIONS}/stays.com`)).body.error.status).toBe('FAILED_PRECONDITION');
    const exported = await sim.call('POST', `${REGISTRATIONS}/stays.com:export`, {});
    expect(exported.body.error.message).toContain('deprecated');
    expect((await sim.call('GET', `${REGISTRATIONS}:retrieveTransferParameters?domainName=a.com`)).status).toBe(400);
  });
});

test('locations and operations can be listed', async () => {
  const locations = await sim.call('GET', LOCATION.replace('/global', ''));
  expect(locations.body.locations).toEqual([{ name: `projects/${PROJECT}/locations/global`, locationId: 'global' }]);
  await finish(await register(request('listed.com')));
  const { body } = await sim.call('GET', `${LOCATION}/operations`);
  expect(body.operations.at(-1).metadata.target).toMatch(/listed\.com$/);
  expect((await sim.call('GET', `${LOCATION}/operations/operation-none`)).status).toBe(404);
});
