import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compute, REGION, startCompute } from './compute-client.ts';

let compute: Compute;
let group: string;
beforeAll(async () => {
  compute = await startCompute();
  await compute.make('networkEndpointGroups', {
    name: 'run',
    networkEndpointType: 'SERVERLESS',
    cloudRun: { service: 'mlflow' },
    region: `projects/${compute.project}/global/regions/${REGION}`,
  });
  group = compute.link(`regions/${REGION}/networkEndpointGroups/run`);
});
afterAll(async () => {
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});
const serverless = (more: object) => ({
  name: 'refused',
  loadBalancingScheme: 'EXTERNAL_MANAGED',
  protocol: 'HTTPS',
  backends: [{ group }],
  ...more,
});

test('a group for Cloud Run is shown with its region', async () => {
  expect(await compute.get(`regions/${REGION}/networkEndpointGroups/run`)).toEqual({
    kind: 'compute#networkEndpointGroup',
    id: expect.any(String),
    creationTimestamp: expect.any(String),
    name: 'run',
    networkEndpointType: 'SERVERLESS',
    cloudRun: { service: 'mlflow' },
    region: compute.link(`regions/${REGION}`),
    selfLink: group,
    size: 0,
  });
});

test.each([
  ['for nothing', { cloudRun: undefined }],
  ['without a service', { cloudRun: { tag: 'x' } }],
  ['for a name no service has', { cloudRun: { service: 'projects/p/services/s' } }],
  ['for two platforms', { appEngine: { service: 'x' } }],
  ['with a network', { network: 'global/networks/default' }],
])('a serverless group %s is refused', async (_what, more) => {
  const body = { name: 'refused', networkEndpointType: 'SERVERLESS', cloudRun: { service: 'mlflow' }, ...more };
  expect((await compute.refused('POST', `regions/${REGION}/networkEndpointGroups`, body))[0]).toBe(400);
});

test('what Google fills in', async () => {
  await compute.make('backendServices', { ...serverless({}), name: 'filled', logConfig: { enable: true } });
  expect(await compute.get('global/backendServices/filled')).toMatchObject({
    affinityCookieTtlSec: 0,
    backends: [{ group, balancingMode: 'UTILIZATION', capacityScaler: 1 }],
    connectionDraining: { drainingTimeoutSec: 0 },
    description: '',
    fingerprint: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/),
    kind: 'compute#backendService',
    logConfig: { enable: true, sampleRate: 1 },
    port: 443,
    portName: 'https',
    sessionAffinity: 'NONE',
    timeoutSec: 30,
  });
});

test('serverless backends rule out what does not apply to them', async () => {
  expect(await compute.refused('POST', 'global/backendServices', serverless({ timeoutSec: 3600 }))).toEqual([
    400,
    'invalid',
    "Invalid value for field 'resource.timeoutSec': '3600'. Timeout sec is not supported for a backend service with Serverless network endpoint groups.",
  ]);
  const refusals = [
    { healthChecks: ['global/healthChecks/x'] },
    { portName: 'grpc' },
    { backends: [{ group, maxUtilization: 0.8 }] },
    { backends: [{ group, balancingMode: 'RATE', maxRatePerEndpoint: 1 }] },
    { backends: [{ group }, { group }] },
    { backends: [{ group }, { group: `projects/p/zones/${REGION}-a/instanceGroups/x` }] },
    { backends: [{}] },
    { logConfig: { enable: false, sampleRate: 0.5 } },
    { logConfig: { enable: true, sampleRate: 2 } },
  ];
  for (const more of refusals) {
    const [status] = await compute.refused('POST', 'global/backendServices', serverless(more));
    expect([status, more]).toEqual([400, more]);
  }
  const elsewhere = serverless({ backends: [{ group: group.replace(REGION, 'europe-west1') }] });
  expect((await compute.refused('POST', 'global/backendServices', elsewhere))[0]).toBe(404);
});

test('only one group of a region can be there, and a group stays while it is used', async () => {
  const { make, refused, done } = compute;
  await make('networkEndpointGroups', { name: 'second', networkEndpointType: 'SERVERLESS', cloudRun: { service: 'other' } });
  const backends = [{ group }, { group: group.replace(/run$/, 'second') }];
  expect((await refused('POST', 'global/backendServices', serverless({ backends })))[0]).toBe(400);
  await make('backendServices', { ...serverless({}), name: 'uses' });
  expect((await refused('DELETE', `regions/${REGION}/networkEndpointGroups/run`))[1]).toBe('resourceInUseByAnotherResource');
  await done('DELETE', `regions/${REGION}/networkEndpointGroups/second`);
});

test('a patch changes what it names, an update all', async () => {
  const { make, get, done, refused } = compute;
  const path = 'global/backendServices/changed';
  await make('backendServices', { ...serverless({}), name: 'changed', customRequestHeaders: ['X-A:b'], description: 'one' });
  await done('PATCH', path, { description: 'two', customRequestHeaders: null });
  const patched = await get(path);
  expect(patched).toMatchObject({ description: 'two', backends: [{ group }] });
  expect(patched).not.toHaveProperty('customRequestHeaders');
  await done('PUT', path, { ...serverless({ backends: [] }), name: 'changed', fingerprint: patched.fingerprint });
  const updated = await get(path);
  expect(updated).toMatchObject({ description: '', id: patched.id });
  expect(updated).not.toHaveProperty('backends');
  expect((await refused('PUT', path, { ...serverless({}), name: 'changed', fingerprint: patched.fingerprint }))[0]).toBe(412);
  expect((await refused('PATCH', path, { loadBalancingScheme: 'EXTERNAL' }))[0]).toBe(400);
});

test('of the client of Identity-Aware Proxy the secret is never shown', async () => {
  const { make, get, done, refused } = compute;
  const path = 'global/backendServices/proxied';
  await make('backendServices', { ...serverless({}), name: 'proxied', iap: { enabled: true } });
  expect((await get(path)).iap).toEqual({ enabled: true, oauth2ClientId: '' });
  const own = { enabled: true, oauth2ClientId: 'client', oauth2ClientSecret: 'very-secret' };
  await done('PATCH', path, { iap: own });
  const oauth2ClientSecretSha256 = createHash('sha256').update('very-secret').digest('hex');
  const shown = { enabled: true, oauth2ClientId: 'client', oauth2ClientSecretSha256 };
  expect((await get(path)).iap).toEqual(shown);
  await done('PATCH', path, { iap: { enabled: false } });
  expect((await get(path)).iap).toEqual({ ...shown, enabled: false });
  expect((await refused('PATCH', path, { iap: { oauth2ClientId: 'another' } }))[0]).toBe(400);
  expect((await compute.sim.control('GET', '/_simulator/state')).bytes.toString()).not.toContain('very-secret');
});

test('the health of a serverless backend is not told', async () => {
  const { make, call, refused } = compute;
  await make('backendServices', { ...serverless({}), name: 'healthy' });
  const path = 'global/backendServices/healthy/getHealth';
  expect((await call('POST', path, { group })).body).toEqual({ kind: 'compute#backendServiceGroupHealth' });
  expect((await refused('POST', path, { group: group.replace(/run$/, 'other') }))[0]).toBe(400);
});

test('who may do what with a backend service', async () => {
  const { make, call, done } = compute;
  const path = 'global/backendServices/policed';
  await make('backendServices', { name: 'policed' });
  expect((await call('GET', `${path}/getIamPolicy`)).body).toEqual({ etag: 'ACAB' });
  const bindings = [{ role: 'roles/compute.viewer', members: ['user:a@example.com'] }];
  const set = (await call('POST', `${path}/setIamPolicy`, { policy: { bindings } })).body;
  expect((await call('GET', `${path}/getIamPolicy?optionsRequestedPolicyVersion=3`)).body).toEqual(set);
  expect(set).toMatchObject({ bindings });
  const permissions = ['compute.backendServices.get'];
  expect((await call('POST', `${path}/testIamPermissions`, { permissions })).body).toEqual({ permissions });
  await done('DELETE', path);
  await make('backendServices', { name: 'policed' });
  expect((await call('GET', `${path}/getIamPolicy`)).body).toEqual({ etag: 'ACAB' });
});
