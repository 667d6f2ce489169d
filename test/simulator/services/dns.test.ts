import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const BASE = `https://dns.googleapis.com/dns/v1/projects/${PROJECT}`;
const ZONES = `${BASE}/managedZones`;

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['dns']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function zone(name: string, dnsName = `${name}.example.com.`, more: object = {}): Promise<string> {
  const { status, body } = await sim.call('POST', ZONES, { name, dnsName, description: '', ...more });
  expect([status, body.error?.message]).toEqual([200, undefined]);
  return `${ZONES}/${name}`;
}
const a = (name: string, ...rrdatas: string[]) => ({ name, type: 'A', ttl: 300, rrdatas });
const cname = (name: string, target: string) => ({ name, type: 'CNAME', ttl: 300, rrdatas: [target] });
const change = (url: string, additions: object[], deletions: object[] = []) =>
  sim.call('POST', `${url}/changes`, { additions, deletions });
const sets = async (url: string, query = '') => (await sim.call('GET', `${url}/rrsets${query}`)).body.rrsets ?? [];
const reason = (body: { error: { code: number; errors: Array<{ reason: string }> } }) => [
  body.error.code,
  body.error.errors[0]?.reason,
];

describe('zones', () => {
  test('start with name servers, NS and SOA', async () => {
    const url = await zone('fresh');
    const { body } = await sim.call('GET', url);
    expect(body).toMatchObject({
      kind: 'dns#managedZone',
      dnsName: 'fresh.example.com.',
      visibility: 'public',
      cloudLoggingConfig: { kind: 'dns#managedZoneCloudLoggingConfig' },
    });
    expect(body.id).toMatch(/^\d+$/);
    expect(body.nameServers).toHaveLength(4);
    const [ns, soa, ...more] = await sets(url);
    expect(more).toEqual([]);
    expect(ns).toEqual({
      kind: 'dns#resourceRecordSet',
      name: 'fresh.example.com.',
      type: 'NS',
      ttl: 21600,
      rrdatas: body.nameServers,
    });
    expect(soa.rrdatas).toEqual([`${body.nameServers[0]} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300`]);
  });

  test('two that answer for the same names have other name servers, a sixth is refused', async () => {
    const first = new Set<string>();
    for (const place of [1, 2, 3, 4, 5]) {
      const { body } = await sim.call('GET', await zone(`same-${place}`, 'same.test.'));
      first.add(body.nameServers[0]);
    }
    expect(first.size).toBe(5);
    const { body } = await sim.call('POST', ZONES, { name: 'same-6', dnsName: 'a.same.test.', description: '' });
    expect(reason(body)).toEqual([400, 'managedZoneDnsNameNotAvailable']);
  });

  test('a private one has the private name server', async () => {
    const { body } = await sim.call('GET', await zone('inside', 'corp.', { visibility: 'private' }));
    expect(body).toMatchObject({ visibility: 'private', nameServers: ['ns-gcp-private.googledomains.com.'] });
  });

  test.each([
    ['no description', { name: 'x', dnsName: 'x.test.' }, 'required'],
    ['no dnsName', { name: 'x', description: '' }, 'required'],
    ['a name without the dot', { name: 'x', dnsName: 'x.test', description: '' }, 'invalid'],
    ['a top-level domain', { name: 'x', dnsName: 'com.', description: '' }, 'invalid'],
    ['a bad name', { name: 'X_', dnsName: 'x.test.', description: '' }, 'invalid'],
  ])('%s is refused', async (_, body, why) => {
    expect(reason((await sim.call('POST', ZONES, body)).body)).toEqual([400, why]);
  });

  test('the same name again is 409, a missing one 404', async () => {
    await zone('twice');
    const again = await sim.call('POST', ZONES, { name: 'twice', dnsName: 'other.test.', description: '' });
    expect(again.body.error).toMatchObject({
      code: 409,
      message: "The resource 'entity.managedZone' named 'twice' already exists",
      errors: [{ reason: 'alreadyExists' }],
    });
    const missing = await sim.call('GET', `${ZONES}/none`);
    expect(missing.body.error).toEqual({
      code: 404,
      message: `managedZone "projects/${PROJECT}/managedZones/none" not found`,
      errors: [
        {
          domain: 'global',
          message: `managedZone "projects/${PROJECT}/managedZones/none" not found`,
          reason: 'notFound',
        },
      ],
      status: 'NOT_FOUND',
    });
    const below = await sim.call('GET', `${ZONES}/none/rrsets`);
    expect(below.body.error.message).toBe("The 'parameters.managedZone' resource named 'none' does not exist.");
  });

  test('are listed by name and by domain, page by page', async () => {
    await zone('list-a', 'list.test.');
    await zone('list-b', 'list.test.');
    const byDomain = await sim.call('GET', `${ZONES}?dnsName=list.test.`);
    expect(byDomain.body.managedZones.map(({ name }: { name: string }) => name)).toEqual(['list-a', 'list-b']);
    const one = await sim.call('GET', `${ZONES}?dnsName=list.test.&maxResults=1`);
    const two = await sim.call('GET', `${ZONES}?dnsName=list.test.&pageToken=${one.body.nextPageToken}`);
    expect([one, two].map(({ body }) => body.managedZones[0].name)).toEqual(['list-a', 'list-b']);
  });

  test('patch merges, update replaces, both as operations; the domain stays', async () => {
    const url = await zone('changing', 'changing.test.', { labels: { a: 'b' } });
    const patched = await sim.call('PATCH', url, { description: 'now', dnssecConfig: { state: 'on' } });
    expect(patched.body).toMatchObject({
      kind: 'dns#operation',
      type: 'update',
      zoneContext: { newValue: { description: 'now' } },
    });
    await sim.until(`${url}/operations/${patched.body.id}`, (body) => body.status === 'done');
    const { body } = await sim.call('GET', url);
    expect(body).toMatchObject({ labels: { a: 'b' }, description: 'now', dnssecConfig: { state: 'on', nonExistence: 'nsec3' } });
    await sim.call('PUT', url, { name: 'changing', dnsName: 'changing.test.', description: 'put' });
    const after = (await sim.call('GET', url)).body;
    expect([after.labels, after.description]).toEqual([undefined, 'put']);
    expect((await sim.call('GET', `${url}/operations`)).body.operations).toHaveLength(2);
    expect(reason((await sim.call('PATCH', url, { dnsName: 'else.test.' })).body)).toEqual([400, 'invalid']);
  });

  test('one with records of its own cannot be deleted', async () => {
    const url = await zone('full');
    await change(url, [a('www.full.example.com.', '192.0.2.1')]);
    const listed: Array<{ name: string; type: string }> = await sets(url);
    expect(listed.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'full.example.com. NS',
      'full.example.com. SOA',
      'www.full.example.com. A',
    ]);
    const refused = await sim.call('DELETE', url);
    expect(refused.body.error).toMatchObject({
      code: 400,
      message: "The resource named 'full' cannot be deleted because it contains one or more 'resource records'.",
      errors: [{ reason: 'containerNotEmpty' }],
    });
    await change(url, [], [a('www.full.example.com.', '192.0.2.1')]);
    expect((await sim.call('DELETE', url)).status).toBe(200);
    expect((await sim.call('GET', url)).status).toBe(404);
  });
});

describe('changes', () => {
  test('are pending, then done, and numbered', async () => {
    const url = await zone('changes');
    const made = await change(url, [a('www.changes.example.com.', '192.0.2.1')]);
    expect(made.body).toMatchObject({ id: '1', kind: 'dns#change', additions: [a('www.changes.example.com.', '192.0.2.1')] });
    expect(made.body.deletions).toBeUndefined();
    await sim.until(`${url}/changes/1`, (body) => body.status === 'done');
    const listed = await sim.call('GET', `${url}/changes`);
    expect(listed.body.changes.map(({ id }: { id: string }) => id)).toEqual(['1', '0']);
    const ascending = await sim.call('GET', `${url}/changes?sortBy=changeSequence&sortOrder=ascending`);
    expect(ascending.body.changes.map(({ id }: { id: string }) => id)).toEqual(['0', '1']);
    expect((await sim.call('GET', `${url}/changes/9`)).status).toBe(404);
  });

  test('what is there already is 409, and nothing of the change happens', async () => {
    const url = await zone('there');
    await change(url, [a('www.there.example.com.', '192.0.2.1')]);
    const { body } = await change(url, [a('new.there.example.com.', '192.0.2.1'), a('www.there.example.com.', '192.0.2.2')]);
    expect(body.error).toMatchObject({
      code: 409,
      message:
        "The resource 'entity.change.additions[www.there.example.com.][A]' named 'www.there.example.com. (A)' already exists",
    });
    expect(await sets(url, '?name=new.there.example.com.')).toEqual([]);
  });

  test('a deletion must say exactly what is there', async () => {
    const url = await zone('exact');
    const name = 'www.exact.example.com.';
    await change(url, [a(name, '192.0.2.1', '192.0.2.2')]);
    expect(reason((await change(url, [], [a(name, '192.0.2.1')])).body)).toEqual([412, 'conditionNotMet']);
    expect(reason((await change(url, [], [{ ...a(name, '192.0.2.1', '192.0.2.2'), ttl: 60 }])).body)).toEqual([
      412,
      'conditionNotMet',
    ]);
    expect(reason((await change(url, [], [a('no.exact.example.com.', '192.0.2.1')])).body)).toEqual([404, 'notFound']);
    const replaced = await change(url, [a(name, '192.0.2.3')], [a(name, '192.0.2.2', '192.0.2.1')]);
    expect(replaced.status).toBe(200);
    expect((await sets(url, `?name=${name}&type=A`))[0].rrdatas).toEqual(['192.0.2.3']);
  });

  test('NS and SOA of the zone can be replaced together, not removed', async () => {
    const url = await zone('apex');
    const [, soa] = await sets(url);
    const next = { ...soa, rrdatas: [soa.rrdatas[0].replace(' 1 ', ' 2 ')] };
    expect(reason((await change(url, [], [soa])).body)).toEqual([400, 'invalidZoneApex']);
    expect((await change(url, [next], [soa])).status).toBe(200);
    expect((await sets(url))[1].rrdatas[0]).toContain(' 2 21600');
  });

  test.each([
    ['no trailing dot', a('www.rules.example.com', '192.0.2.1'), 'invalid'],
    ['a name of another zone', a('www.else.test.', '192.0.2.1'), 'invalid'],
    ['no address', a('www.rules.example.com.', '300.1.1.1'), 'invalid'],
    ['no data', a('www.rules.example.com.'), 'required'],
    ['an unknown type', { ...a('www.rules.example.com.', 'x'), type: 'AX' }, 'invalid'],
    ['a target without the dot', cname('www.rules.example.com.', 'else.test'), 'invalid'],
    ['a CNAME at the apex', cname('rules.example.com.', 'else.test.'), 'cnameResourceRecordSetConflict'],
    ['a CNAME beside an A', cname('taken.rules.example.com.', 'else.test.'), 'cnameResourceRecordSetConflict'],
    ['an A beside a CNAME', a('alias.rules.example.com.', '192.0.2.1'), 'cnameResourceRecordSetConflict'],
  ])('%s is refused', async (_, addition, why) => {
    const { status } = await sim.call('GET', `${ZONES}/rules`);
    if (status === 404) {
      const url = await zone('rules');
      await change(url, [a('taken.rules.example.com.', '192.0.2.1'), cname('alias.rules.example.com.', 'else.test.')]);
    }
    expect(reason((await change(`${ZONES}/rules`, [addition])).body)).toEqual([400, why]);
    expect(await sets(`${ZONES}/rules`)).toHaveLength(4);
  });

  test('one with nothing in it is refused', async () => {
    expect(reason((await change(await zone('nothing'), [])).body)).toEqual([400, 'required']);
  });
});

describe('record sets', () => {
  test('are made, read, changed and deleted one by one, each a change', async () => {
    const url = await zone('single');
    const name = 'www.single.example.com.';
    const made = await sim.call('POST', `${url}/rrsets`, a(name, '192.0.2.1'));
    expect(made.body).toEqual({ ...a(name, '192.0.2.1'), kind: 'dns#resourceRecordSet' });
    const again = await sim.call('POST', `${url}/rrsets`, a(name, '192.0.2.1'));
    expect(again.body.error).toMatchObject({
      code: 409,
      message: `The resource 'entity.rrset' named '${name} (A)' already exists`,
    });
    const patched = await sim.call('PATCH', `${url}/rrsets/${name}/A`, { ttl: 60 });
    expect(patched.body).toMatchObject({ ttl: 60, rrdatas: ['192.0.2.1'] });
    expect((await sim.call('GET', `${url}/rrsets/${name}/A`)).body.ttl).toBe(60);
    expect((await sim.call('DELETE', `${url}/rrsets/${name}/A`)).status).toBe(200);
    expect((await sim.call('GET', `${url}/rrsets/${name}/A`)).status).toBe(404);
    expect((await sim.call('GET', `${url}/changes`)).body.changes).toHaveLength(4);
    expect(reason((await sim.call('DELETE', `${url}/rrsets/single.example.com./NS`)).body)).toEqual([400, 'invalidZoneApex']);
  });

  test('a type is asked for with a name only', async () => {
    const url = await zone('typed');
    expect((await sim.call('GET', `${url}/rrsets?type=A`)).status).toBe(400);
    expect(await sets(url, '?name=typed.example.com.&type=SOA')).toHaveLength(1);
  });
});

test('the project has its quota; zones have a policy; everything is there after a restart', async () => {
  expect((await sim.call('GET', BASE)).body).toMatchObject({ kind: 'dns#project', id: PROJECT, quota: { managedZones: 10000 } });
  const url = await zone('kept');
  const policy = { bindings: [{ role: 'roles/dns.admin', members: ['user:a@example.com'] }] };
  expect((await sim.call('POST', `${url}:setIamPolicy`, { policy })).status).toBe(200);
  await sim.restart();
  expect((await sim.call('POST', `${url}:getIamPolicy`, {})).body.bindings).toEqual(policy.bindings);
  expect(await sets(url)).toHaveLength(2);
});

test('nothing is answered before the service is enabled', async () => {
  const other = await startChecked([]);
  expect((await other.call('GET', ZONES)).body.error.details[0].reason).toBe('SERVICE_DISABLED');
  await other.remove();
});
