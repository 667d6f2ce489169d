import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compute, startCompute } from './compute-client.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await startCompute();
  await compute.make('backendServices', { name: 'web' });
});
afterAll(async () => {
  expect(compute.sim.bugs).toEqual([]);
  await compute.remove();
});
const web = 'global/backendServices/web';

test('a redirect to HTTPS gets the status and query that Google gives', async () => {
  await compute.make('urlMaps', { name: 'redirect', defaultUrlRedirect: { httpsRedirect: true } });
  expect((await compute.get('global/urlMaps/redirect')).defaultUrlRedirect).toEqual({
    httpsRedirect: true,
    stripQuery: false,
    redirectResponseCode: 'MOVED_PERMANENTLY_DEFAULT',
  });
});

test('hosts lead to path matchers, whose services are written out', async () => {
  const { make, get, link } = compute;
  await make('urlMaps', {
    name: 'hosts',
    defaultService: web,
    hostRules: [{ hosts: ['a.example.com'], pathMatcher: 'a' }],
    pathMatchers: [{ name: 'a', defaultService: web, pathRules: [{ paths: ['/x'], service: web }] }],
  });
  const map = await get('global/urlMaps/hosts');
  expect(map.pathMatchers).toEqual([
    { name: 'a', defaultService: link(web), pathRules: [{ paths: ['/x'], service: link(web) }] },
  ]);
  expect((await compute.refused('DELETE', web))[1]).toBe('resourceInUseByAnotherResource');
});

const matcher = { name: 'a', defaultService: web };
const rule = { hosts: ['a.example.com'], pathMatcher: 'a' };
test.each([
  ['nothing to do', {}],
  ['two things to do', { defaultService: web, defaultUrlRedirect: { httpsRedirect: true } }],
  ['a redirect that changes nothing', { defaultUrlRedirect: { stripQuery: true } }],
  ['a redirect to two paths', { defaultUrlRedirect: { pathRedirect: '/a', prefixRedirect: '/b' } }],
  ['an unknown path matcher', { defaultService: web, hostRules: [rule] }],
  ['a path matcher that no host leads to', { defaultService: web, pathMatchers: [matcher] }],
  ['two path matchers of one name', { defaultService: web, hostRules: [rule], pathMatchers: [matcher, matcher] }],
  ['one host twice', { defaultService: web, hostRules: [rule, rule], pathMatchers: [matcher] }],
  ['a path matcher without a service', { defaultService: web, hostRules: [rule], pathMatchers: [{ name: 'a' }] }],
  ['a rule without hosts', { defaultService: web, hostRules: [{ pathMatcher: 'a' }], pathMatchers: [matcher] }],
])('a URL map with %s is refused', async (_what, more) => {
  expect((await compute.refused('POST', 'global/urlMaps', { name: 'refused', ...more }))[0]).toBe(400);
});

test('a map is looked over without being changed', async () => {
  const { call, get } = compute;
  const validate = async (resource: object) => (await call('POST', 'global/urlMaps/redirect/validate', { resource })).body.result;
  expect(await validate({ name: 'redirect', defaultService: web })).toEqual({ loadSucceeded: true, testPassed: true });
  expect(await validate({ name: 'redirect' })).toEqual({
    loadSucceeded: false,
    loadErrors: ["Required field 'resource.defaultService' not specified"],
  });
  expect(await get('global/urlMaps/redirect')).not.toHaveProperty('defaultService');
});

test('a changed map is there when the change is answered; an update needs no fingerprint, but a true one', async () => {
  const { call, get, refused } = compute;
  const { fingerprint } = await get('global/urlMaps/redirect');
  const update = await call('PUT', 'global/urlMaps/redirect', { name: 'redirect', defaultService: web });
  expect(update.body).toMatchObject({ operationType: 'update', status: 'DONE' });
  expect(await get('global/urlMaps/redirect')).not.toHaveProperty('defaultUrlRedirect');
  expect((await refused('PUT', 'global/urlMaps/redirect', { name: 'redirect', defaultService: web, fingerprint }))[0]).toBe(412);
  expect((await call('DELETE', 'global/urlMaps/redirect')).body.status).toBe('DONE');
  expect((await refused('GET', 'global/urlMaps/redirect'))[0]).toBe(404);
});
