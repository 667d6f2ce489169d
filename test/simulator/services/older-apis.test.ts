import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { CRM, PROJECT, startChecked } from './checked-simulator.ts';

// The same things by another version of their API, as some of gcloud's commands ask for them.
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['dns', 'compute', 'iam', 'orgpolicy', 'sqladmin']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

test('zones and records are the same by both versions of Cloud DNS', async () => {
  const [v1, beta] = ['v1', 'v1beta2'].map((version) => `https://dns.googleapis.com/dns/${version}/projects/${PROJECT}`);
  const zone = { name: 'both', dnsName: 'both.example.org.', description: 'x' };
  expect((await sim.call('POST', `${beta}/managedZones`, zone)).status).toBe(200);
  expect((await sim.call('GET', `${v1}/managedZones/both`)).body).toMatchObject(zone);
  const record = { name: 'www.both.example.org.', type: 'A', ttl: 60, rrdatas: ['192.0.2.1'] };
  const change = await sim.call('POST', `${beta}/managedZones/both/changes`, { additions: [record] });
  await sim.until(`${beta}/managedZones/both/changes/${change.body.id}`, ({ status }) => status === 'done');
  const { rrsets } = (await sim.call('GET', `${v1}/managedZones/both/rrsets?name=${record.name}`)).body;
  expect(rrsets).toEqual([expect.objectContaining(record)]);
  expect((await sim.call('GET', `${beta}/managedZones/both/rrsets`)).body.rrsets).toHaveLength(3);
  expect((await sim.call('GET', `${beta}/managedZones`)).body.managedZones).toHaveLength(1);
  expect((await sim.call('GET', beta ?? '')).body).toMatchObject({ kind: 'dns#project', id: PROJECT });
  await sim.call('DELETE', `${beta}/managedZones/both/rrsets/${record.name}/A`);
  expect((await sim.call('DELETE', `${beta}/managedZones/both`)).status).toBe(200);
  expect((await sim.call('GET', `${v1}/managedZones/both`)).status).toBe(404);
});

test('a policy of the organisation set by the older API holds, and is seen by the newer one', async () => {
  const constraint = 'constraints/sql.restrictPublicIp';
  const newer = `https://orgpolicy.googleapis.com/v2/projects/${PROJECT}/policies/sql.restrictPublicIp`;
  const effective = async () => (await sim.call('POST', `${CRM}:getEffectiveOrgPolicy`, { constraint })).body;
  expect(await effective()).toEqual({ constraint, booleanPolicy: {} });
  expect((await sim.call('POST', `${CRM}:getOrgPolicy`, { constraint })).body).toEqual({ constraint });
  const policy = { constraint, booleanPolicy: { enforced: true } };
  const set = await sim.call('POST', `${CRM}:setOrgPolicy`, { policy });
  expect(set.body).toMatchObject({ ...policy, etag: expect.any(String) });
  expect((await sim.call('GET', newer)).body.spec.rules).toEqual([{ enforce: true }]);
  const instance = { name: 'public', databaseVersion: 'POSTGRES_17', settings: { tier: 'db-f1-micro', edition: 'ENTERPRISE' } };
  const refused = await sim.call('POST', `https://sqladmin.googleapis.com/v1/projects/${PROJECT}/instances`, instance);
  expect(refused.bytes.toString()).toContain('sql.restrictPublicIp');
  const stale = { ...policy, etag: Buffer.from('of before').toString('base64') };
  expect((await sim.call('POST', `${CRM}:setOrgPolicy`, { policy: stale })).status).toBe(409);
  expect((await sim.call('POST', `${CRM}:listOrgPolicies`, {})).body.policies).toHaveLength(1);
  await sim.call('POST', `${CRM}:clearOrgPolicy`, { constraint, etag: set.body.etag });
  expect(await effective()).toEqual({ constraint, booleanPolicy: {} });
});

test('a policy of values has its older form; one of the other kind is refused', async () => {
  const constraint = 'constraints/gcp.resourceLocations';
  const listPolicy = { allowedValues: ['in:eu-locations'], deniedValues: ['europe-west3'] };
  await sim.call('POST', `${CRM}:setOrgPolicy`, { policy: { constraint, listPolicy } });
  expect((await sim.call('POST', `${CRM}:getEffectiveOrgPolicy`, { constraint })).body.listPolicy).toMatchObject(listPolicy);
  await sim.call('POST', `${CRM}:setOrgPolicy`, { policy: { constraint, listPolicy: { allValues: 'DENY' } } });
  expect((await sim.call('POST', `${CRM}:getOrgPolicy`, { constraint })).body.listPolicy).toEqual({ allValues: 'DENY' });
  const restored = await sim.call('POST', `${CRM}:setOrgPolicy`, { policy: { constraint, restoreDefault: {} } });
  expect(restored.body).toMatchObject({ constraint, restoreDefault: {} });
  const wrong = { constraint, booleanPolicy: { enforced: true } };
  expect((await sim.call('POST', `${CRM}:setOrgPolicy`, { policy: wrong })).status).toBe(400);
  expect((await sim.call('POST', `${CRM}:getOrgPolicy`, { constraint: 'constraints/no.such' })).status).toBe(400);
  await sim.call('POST', `${CRM}:clearOrgPolicy`, { constraint });
  const { constraints } = (await sim.call('POST', `${CRM}:listAvailableOrgPolicyConstraints`, { pageSize: 1000 })).body;
  expect(constraints).toContainEqual(expect.objectContaining({ name: constraint, listConstraint: {} }));
});

test('what a custom role can hold is told, page by page', async () => {
  const url = 'https://iam.googleapis.com/v1/permissions:queryTestablePermissions';
  const fullResourceName = `//cloudresourcemanager.googleapis.com/projects/${PROJECT}`;
  const names: string[] = [];
  for (let pageToken: string | undefined = ''; pageToken !== undefined; ) {
    const { body } = await sim.call('POST', url, { fullResourceName, pageSize: 100, pageToken });
    names.push(...body.permissions.map(({ name }: { name: string }) => name));
    pageToken = body.nextPageToken;
  }
  expect(names).toEqual(
    expect.arrayContaining(['cloudsql.instances.connect', 'run.routes.invoke', 'iam.serviceAccounts.signBlob']),
  );
  expect(new Set(names).size).toBe(names.length);
  const ofBucket = (
    await sim.call('POST', url, { fullResourceName: '//storage.googleapis.com/projects/_/buckets/b', pageSize: 1000 })
  ).body;
  expect(ofBucket.permissions.every(({ name }: { name: string }) => name.startsWith('storage.'))).toBe(true);
  expect((await sim.call('POST', url, { fullResourceName: 'nonsense' })).status).toBe(400);
});
