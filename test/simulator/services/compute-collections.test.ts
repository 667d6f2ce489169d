import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compute, startCompute } from './compute-client.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute();
});
afterAll(async () => {
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});

test.each(['Bad', '-a', 'a-', 'a_b', 'a'.repeat(64), '1a'])('%s is no name', async (name) => {
  const [status, reason, message] = await compute.refused('POST', 'global/addresses', { name });
  expect([status, reason]).toEqual([400, 'invalid']);
  expect(message).toBe(
    `Invalid value for field 'resource.name': '${name}'. Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'`,
  );
});

test('what is missing is named', async () => {
  const { refused } = compute;
  expect(await refused('POST', 'global/addresses', {})).toEqual([
    400,
    'required',
    "Required field 'resource.name' not specified",
  ]);
  expect(await refused('POST', 'global/targetHttpProxies', { name: 'a' })).toEqual([
    400,
    'required',
    "Required field 'resource.urlMap' not specified",
  ]);
});

test('a resource that is not there is refused in the older form of errors, without a status', async () => {
  const message = `The resource 'projects/${compute.project}/global/urlMaps/nope' was not found`;
  const { status, body } = await compute.call('GET', 'global/urlMaps/nope');
  expect([status, body]).toEqual([
    404,
    { error: { code: 404, message, errors: [{ message, domain: 'global', reason: 'notFound' }] } },
  ]);
});

test('unknown regions are refused', async () => {
  expect(await compute.refused('GET', 'regions/mars-1/networkEndpointGroups')).toEqual([
    400,
    'invalid',
    "Invalid value for field 'region': 'mars-1'. Unknown region.",
  ]);
  expect((await compute.call('GET', 'regions/us-central1')).body).toMatchObject({ kind: 'compute#region', status: 'UP' });
});

test('references may have any form that Google takes, are written out, and must be there', async () => {
  const { make, get, refused, link, project } = compute;
  await make('backendServices', { name: 'referred', loadBalancingScheme: 'EXTERNAL_MANAGED' });
  const forms = [
    link('global/backendServices/referred'),
    `https://compute.googleapis.com/compute/beta/projects/${project}/global/backendServices/referred`,
    `projects/${compute.sim.project.projectNumber}/global/backendServices/referred`,
    'global/backendServices/referred',
  ];
  for (const [place, defaultService] of forms.entries()) {
    await make('urlMaps', { name: `form-${place}`, defaultService });
    expect((await get(`global/urlMaps/form-${place}`)).defaultService).toBe(forms[0]);
  }
  expect(await refused('POST', 'global/urlMaps', { name: 'a', defaultService: 'global/backendServices/none' })).toEqual([
    404,
    'notFound',
    `The resource 'projects/${project}/global/backendServices/none' was not found`,
  ]);
  const malformed = await refused('POST', 'global/urlMaps', { name: 'a', defaultService: 'referred' });
  expect(malformed).toEqual([
    400,
    'invalid',
    "Invalid value for field 'resource.defaultService': 'referred'. The URL is malformed.",
  ]);
  const wrong = await refused('POST', 'global/targetHttpProxies', { name: 'a', urlMap: forms[0] });
  expect(wrong.slice(0, 2)).toEqual([400, 'invalid']);
  expect(await refused('DELETE', 'global/backendServices/referred')).toEqual([
    400,
    'resourceInUseByAnotherResource',
    `The backend_service resource 'projects/${project}/global/backendServices/referred' is already being used by 'projects/${project}/global/urlMaps/form-0'`,
  ]);
  for (const place of forms.keys()) await compute.done('DELETE', `global/urlMaps/form-${place}`);
  await compute.done('DELETE', 'global/backendServices/referred');
});

test('a stale fingerprint is refused, in either alphabet of base64', async () => {
  const { make, get, done, refused } = compute;
  await make('sslPolicies', { name: 'printed', profile: 'MODERN' });
  const { fingerprint: old } = await get('global/sslPolicies/printed');
  const inUrls = old.replaceAll('+', '-').replaceAll('/', '_');
  await done('PATCH', 'global/sslPolicies/printed', { fingerprint: inUrls, minTlsVersion: 'TLS_1_2' });
  for (const fingerprint of [old, inUrls, 'c3RhbGU=']) {
    const { status, body } = await compute.call('PATCH', 'global/sslPolicies/printed', { fingerprint, minTlsVersion: 'TLS_1_1' });
    expect([status, body.error.message, body.error.errors]).toEqual([
      412,
      'Invalid fingerprint.',
      [
        {
          message: 'Invalid fingerprint.',
          domain: 'global',
          reason: 'conditionNotMet',
          location: 'If-Match',
          locationType: 'header',
        },
      ],
    ]);
  }
  expect((await get('global/sslPolicies/printed')).minTlsVersion).toBe('TLS_1_2');
  expect((await refused('PATCH', 'global/sslPolicies/printed', { name: 'other' }))[0]).toBe(400);
});

test('labels are set with the fingerprint of those that are there', async () => {
  const { make, get, call, refused } = compute;
  await make('addresses', { name: 'labelled', labels: { a: 'b' } });
  const before = await get('global/addresses/labelled');
  expect(before.labels).toEqual({ a: 'b' });
  const set = await call('POST', 'global/addresses/labelled/setLabels', {
    labels: { c: 'd' },
    labelFingerprint: before.labelFingerprint,
  });
  expect(set.body).toMatchObject({ status: 'DONE', progress: 100, operationType: 'setLabels' });
  const after = await get('global/addresses/labelled');
  expect(after.labels).toEqual({ c: 'd' });
  for (const labelFingerprint of [before.labelFingerprint, undefined, '42WmSpB8rSM=']) {
    expect(await refused('POST', 'global/addresses/labelled/setLabels', { labels: {}, labelFingerprint })).toEqual([
      412,
      'conditionNotMet',
      'Labels fingerprint either invalid or resource labels have changed',
    ]);
  }
  const { labelFingerprint } = after;
  expect((await refused('POST', 'global/addresses/labelled/setLabels', { labels: { A: 'b' }, labelFingerprint }))[0]).toBe(400);
  await call('POST', 'global/addresses/labelled/setLabels', { labelFingerprint });
  expect(await get('global/addresses/labelled')).toMatchObject({ labelFingerprint: '42WmSpB8rSM=' });
  expect(await get('global/addresses/labelled')).not.toHaveProperty('labels');
});

test('lists are filtered, ordered and paged', async () => {
  const { make, get, refused, link, project } = compute;
  expect(await get('global/targetHttpProxies')).toEqual({
    kind: 'compute#targetHttpProxyList',
    id: `projects/${project}/global/targetHttpProxies`,
    selfLink: link('global/targetHttpProxies'),
  });
  for (const name of ['list-a', 'list-b', 'list-c'])
    await make('sslPolicies', { name, profile: name === 'list-b' ? 'MODERN' : 'RESTRICTED' });
  const names = async (query: string) =>
    ((await get(`global/sslPolicies?${query}`)).items ?? []).map(({ name }: { name: string }) => name);
  expect(await names('filter=name%20eq%20list-.*')).toEqual(['list-a', 'list-b', 'list-c']);
  expect(await names('filter=name%20ne%20list-.*')).not.toContain('list-a');
  expect(await names('filter=profile%3DMODERN%20AND%20name:list')).toEqual(['list-b']);
  expect((await names('orderBy=creationTimestamp%20desc')).slice(0, 3)).toEqual(['list-c', 'list-b', 'list-a']);
  const first = await get('global/sslPolicies?maxResults=2&filter=name:list-');
  expect(first.items).toHaveLength(2);
  expect(await names(`maxResults=2&filter=name:list-&pageToken=${encodeURIComponent(first.nextPageToken)}`)).toEqual(['list-c']);
  for (const query of ['maxResults=501', 'orderBy=size', 'pageToken=made-up', 'filter=name%20eq%20(']) {
    expect((await refused('GET', `global/sslPolicies?${query}`)).slice(0, 2)).toEqual([400, 'invalid']);
  }
});

test('a list of all scopes names each', async () => {
  const { make, get } = compute;
  await make('networkEndpointGroups', { name: 'everywhere', networkEndpointType: 'SERVERLESS', cloudRun: { service: 'x' } });
  const groups = await get('aggregated/networkEndpointGroups?returnPartialSuccess=true');
  expect(Object.keys(groups.items)).toEqual(['regions/us-central1']);
  expect(groups.items['regions/us-central1'].networkEndpointGroups[0].name).toBe('everywhere');
  expect((await get('aggregated/forwardingRules')).items).toEqual({
    global: { warning: expect.objectContaining({ code: 'NO_RESULTS_ON_PAGE' }) },
  });
});

test('several calls come as one', async () => {
  const boundary = 'xyz';
  const part = (path: string) =>
    `--${boundary}\r\nContent-Type: application/http\r\nContent-ID: <1>\r\n\r\nGET /compute/v1/projects/${compute.project}/${path} HTTP/1.1\r\n\r\n\r\n`;
  const body = `${part('global/urlMaps')}${part('global/urlMaps/none')}--${boundary}--`;
  const answer = await compute.sim.call('POST', 'https://compute.googleapis.com/batch/compute/v1', body, {
    headers: { 'content-type': `multipart/mixed; boundary=${boundary}` },
  });
  expect(answer.bytes.toString()).toMatch(
    /HTTP\/1\.1 200 OK[\s\S]+compute#urlMapList[\s\S]+HTTP\/1\.1 404 Not Found[\s\S]+urlMaps\/none/,
  );
});

test('nothing is done for a service that is not enabled', async () => {
  const bare = await (await import('../../support/simulator.ts')).startTestSimulator();
  const url = `https://compute.googleapis.com/compute/v1/projects/${bare.project.projectId}/global/addresses`;
  const { status, body } = await bare.call('GET', url);
  expect([status, body.error.errors[0].reason]).toEqual([403, 'accessNotConfigured']);
  await bare.remove();
});
