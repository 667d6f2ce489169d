import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metadataServer } from '../../../src/local/simulator/services/metadata.ts';
import { startTestSimulator } from '../../support/simulator.ts';

const EMAIL = 'server@demo.iam.gserviceaccount.com';
let server: Server;
let base: string;
beforeAll(async () => {
  const listener = metadataServer({
    projectId: 'demo',
    projectNumber: '123456789012',
    serviceAccount: EMAIL,
    region: 'europe-west1',
    token: (scopes) => ({ accessToken: `token for ${scopes.join(' ')}`, expiresInSeconds: 3599 }),
    identity: (audience, { full }) => `jwt for ${audience}${full ? ' in full' : ''}`,
  });
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
const get = async (path: string, headers: Record<string, string> = { 'metadata-flavor': 'Google' }) => {
  const response = await fetch(base + path, { headers });
  return { status: response.status, flavor: response.headers.get('metadata-flavor'), text: await response.text() };
};

test.each([
  ['project/project-id', 'demo'],
  ['project/numeric-project-id', '123456789012'],
  ['universe/universe-domain', 'googleapis.com'],
  ['instance/region', 'projects/123456789012/regions/europe-west1'],
  ['instance/zone', 'projects/123456789012/zones/europe-west1-1'],
  ['instance/service-accounts/', `default/\n${EMAIL}/\n`],
  ['instance/service-accounts/default/email', EMAIL],
  [`instance/service-accounts/${EMAIL}/email`, EMAIL],
])('%s', async (path, text) => {
  expect(await get(`/computeMetadata/v1/${path}`)).toEqual({ status: 200, flavor: 'Google', text });
});

test.each(['default', EMAIL])('the account %s, whole, in both spellings', async (account) => {
  for (const slash of ['', '/']) {
    const { text } = await get(`/computeMetadata/v1/instance/service-accounts/${account}${slash}?recursive=true`);
    expect(JSON.parse(text)).toMatchObject({
      email: EMAIL,
      aliases: ['default'],
      scopes: [expect.stringContaining('cloud-platform'), expect.any(String)],
    });
  }
});

test('tokens and identities', async () => {
  const { text } = await get('/computeMetadata/v1/instance/service-accounts/default/token?scopes=a,b');
  expect(JSON.parse(text)).toEqual({ access_token: 'token for a b', expires_in: 3599, token_type: 'Bearer' });
  expect((await get('/computeMetadata/v1/instance/service-accounts/default/identity?audience=https://x&format=full')).text).toBe(
    'jwt for https://x in full',
  );
  expect((await get('/computeMetadata/v1/instance/service-accounts/default/identity')).status).toBe(400);
  expect((await get('/computeMetadata/v1/instance/service-accounts/other@x.y/token')).status).toBe(404);
});

test('asks for its header, and not for forwarded requests', async () => {
  expect(await get('/', {})).toEqual({ status: 200, flavor: 'Google', text: 'computeMetadata/\n' });
  expect((await get('/computeMetadata/v1/project/project-id', {})).status).toBe(403);
  expect(
    (await get('/computeMetadata/v1/project/project-id', { 'metadata-flavor': 'Google', 'x-forwarded-for': '1.2.3.4' })).status,
  ).toBe(403);
  expect((await get('/computeMetadata/v1/project/nothing')).status).toBe(404);
  expect((await get('/computeMetadata/v1/constructor')).status).toBe(404);
});

test('the simulator answers at the metadata server’s own name, with a token that works', async () => {
  const sim = await startTestSimulator();
  const answer = await sim.call(
    'GET',
    'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token',
    undefined,
    { token: null, headers: { 'metadata-flavor': 'Google' } },
  );
  expect(sim.sim.tokens.describe(answer.body.access_token)).toMatchObject({
    issued: true,
    email: `${sim.project.projectNumber}-compute@developer.gserviceaccount.com`,
  });
  await sim.remove();
});
