import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { OAuth2Client } from 'google-auth-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const V1 = 'https://secretmanager.googleapis.com/v1';
const SECRETS = `${V1}/projects/${PROJECT}/secrets`;
const AUTOMATIC = { replication: { automatic: {} } };
const base64 = (text: string) => Buffer.from(text).toString('base64');

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['secretmanager', 'iam']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function make(id: string, body: object = AUTOMATIC): Promise<string> {
  const { status, body: secret } = await sim.call('POST', `${SECRETS}?secretId=${id}`, body);
  expect([status, secret.error?.message]).toEqual([200, undefined]);
  return secret.name;
}
const add = (id: string, text: string, extra: object = {}) =>
  sim.call('POST', `${SECRETS}/${id}:addVersion`, { payload: { data: base64(text), ...extra } });
const access = (id: string, version = 'latest') => sim.call('GET', `${SECRETS}/${id}/versions/${version}:access`);
const reads = async (id: string, version = 'latest') =>
  Buffer.from((await access(id, version)).body.payload.data, 'base64').toString();

describe('secrets', () => {
  test('are named by the project number, whichever was sent', async () => {
    const { projectNumber } = sim.project;
    expect(await make('by_name')).toBe(`projects/${projectNumber}/secrets/by_name`);
    const { body } = await sim.call('GET', `${V1}/projects/${projectNumber}/secrets/by_name`);
    expect(body).toMatchObject({ name: `projects/${projectNumber}/secrets/by_name`, replication: { automatic: {} } });
    expect(body.etag).toMatch(/^"[0-9a-f]+"$/);
  });

  test('the same name again is 409, a missing one 404', async () => {
    await make('twice');
    const again = await sim.call('POST', `${SECRETS}?secretId=twice`, AUTOMATIC);
    expect(again.body.error).toMatchObject({
      code: 409,
      status: 'ALREADY_EXISTS',
      message: `Secret [projects/${sim.project.projectNumber}/secrets/twice] already exists.`,
    });
    const missing = await sim.call('GET', `${SECRETS}/none`);
    expect(missing.body.error).toEqual({
      code: 404,
      status: 'NOT_FOUND',
      message: `Secret [projects/${sim.project.projectNumber}/secrets/none] not found.`,
    });
  });

  test.each([
    ['a name with a dot', 'a.b', AUTOMATIC],
    ['no replication', 'no-replication', {}],
    ['a region that is none', 'nowhere', { replication: { userManaged: { replicas: [{ location: 'mars-north1' }] } } }],
    ['an upper-case label', 'label', { ...AUTOMATIC, labels: { Team: 'ml' } }],
    ['an end in the past', 'past', { ...AUTOMATIC, expireTime: '2020-01-01T00:00:00Z' }],
    ['an unknown field', 'unknown', { ...AUTOMATIC, colour: 'red' }],
  ])('%s is refused', async (_, id, body) => {
    const refused = await sim.call('POST', `${SECRETS}?secretId=${id}`, body);
    expect(refused.body.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
  });

  test('replicas are given back, by secret and version', async () => {
    await make('replicated', { replication: { userManaged: { replicas: [{ location: 'europe-west1' }] } } });
    const { body } = await add('replicated', 'x');
    expect(body.replicationStatus).toEqual({ userManaged: { replicas: [{ location: 'europe-west1' }] } });
  });

  test('change by mask, guarded by an etag', async () => {
    await make('changing', { ...AUTOMATIC, labels: { a: '1' } });
    const { etag } = (await sim.call('GET', `${SECRETS}/changing`)).body;
    const patched = await sim.call('PATCH', `${SECRETS}/changing?updateMask=labels`, {
      labels: { b: '2' },
      annotations: { no: 'no' },
      etag,
    });
    expect(patched.body).toMatchObject({ labels: { b: '2' } });
    expect(patched.body.annotations).toBeUndefined();
    const stale = await sim.call('PATCH', `${SECRETS}/changing?updateMask=labels`, { labels: {}, etag });
    expect(stale.body.error).toMatchObject({ code: 400, status: 'FAILED_PRECONDITION' });
    expect((await sim.call('DELETE', `${SECRETS}/changing?etag=${encodeURIComponent(etag)}`)).status).toBe(400);
    expect((await sim.call('PATCH', `${SECRETS}/changing`, { labels: {} })).status).toBe(400);
    expect((await sim.call('PATCH', `${SECRETS}/changing?updateMask=replication`, AUTOMATIC)).status).toBe(400);
  });

  test('rotate only with a topic that is told', async () => {
    const rotation = { rotationPeriod: '86400s', nextRotationTime: '2099-01-01T00:00:00Z' };
    expect((await sim.call('POST', `${SECRETS}?secretId=rotating`, { ...AUTOMATIC, rotation })).status).toBe(400);
    await make('rotating', { ...AUTOMATIC, topics: [{ name: `projects/${PROJECT}/topics/t` }] });
    const patch = (mask: string, change: object) => sim.call('PATCH', `${SECRETS}/rotating?updateMask=${mask}`, change);
    expect((await patch('rotation', { rotation })).body.rotation).toEqual(rotation);
    expect((await patch('topics', { topics: [] })).status).toBe(400);
  });

  test('are listed newest first, in pages, by labels', async () => {
    for (const id of ['page-1', 'page-2', 'page-3']) await make(id, { ...AUTOMATIC, labels: { of: 'pages' } });
    const filter = encodeURIComponent('labels.of=pages');
    const first = await sim.call('GET', `${SECRETS}?filter=${filter}&pageSize=2`);
    const second = await sim.call('GET', `${SECRETS}?filter=${filter}&pageSize=2&pageToken=${first.body.nextPageToken}`);
    const ids = [...first.body.secrets, ...second.body.secrets]
      .map(({ name }: { name: string }) => name.split('/').at(-1))
      .sort();
    expect(ids).toEqual(['page-1', 'page-2', 'page-3']);
    expect([first.body.totalSize, second.body.nextPageToken]).toEqual([3, undefined]);
    expect((await sim.call('GET', `${SECRETS}?pageToken=bogus`)).status).toBe(400);
  });

  test('a secret with a time to live is gone after it, and may be made again', async () => {
    await make('mayfly', { ...AUTOMATIC, ttl: '0.2s' });
    expect((await sim.call('GET', `${SECRETS}/mayfly`)).body.expireTime).toBeDefined();
    await expect.poll(async () => (await sim.call('GET', `${SECRETS}/mayfly`)).status, { timeout: 3000 }).toBe(404);
    await make('mayfly');
  });

  test('have a policy, which goes with them', async () => {
    await make('guarded');
    const policy = { bindings: [{ role: 'roles/secretmanager.secretAccessor', members: ['user:a@example.com'] }] };
    expect((await sim.call('POST', `${SECRETS}/guarded:setIamPolicy`, { policy })).status).toBe(200);
    expect((await sim.call('GET', `${SECRETS}/guarded:getIamPolicy?options.requestedPolicyVersion=3`)).body.bindings).toEqual(
      policy.bindings,
    );
    await sim.call('DELETE', `${SECRETS}/guarded`);
    await make('guarded');
    expect((await sim.call('GET', `${SECRETS}/guarded:getIamPolicy`)).body).toEqual({ etag: 'ACAB' });
  });
});

describe('versions', () => {
  test('are numbered, read by number and as the newest, with a checksum', async () => {
    await make('numbered');
    expect((await access('numbered')).body.error).toMatchObject({ code: 404 });
    expect((await add('numbered', 'one')).body).toMatchObject({
      state: 'ENABLED',
      name: `projects/${sim.project.projectNumber}/secrets/numbered/versions/1`,
    });
    await add('numbered', '123456789');
    expect([await reads('numbered'), await reads('numbered', '1')]).toEqual(['123456789', 'one']);
    expect((await access('numbered')).body.payload.dataCrc32c).toBe(String(0xe3069283));
    const { body } = await sim.call('GET', `${SECRETS}/numbered/versions`);
    expect(body.versions.map(({ name }: { name: string }) => name.at(-1))).toEqual(['2', '1']);
  });

  test('a wrong checksum, an empty and an oversized payload are refused', async () => {
    await make('checked');
    expect((await add('checked', '123456789', { dataCrc32c: '1' })).status).toBe(400);
    expect((await add('checked', '123456789', { dataCrc32c: String(0xe3069283) })).body.clientSpecifiedPayloadChecksum).toBe(
      true,
    );
    expect((await add('checked', '')).status).toBe(400);
    expect((await add('checked', 'x'.repeat(65_537))).status).toBe(400);
    expect((await add('checked', 'x'.repeat(65_536))).status).toBe(200);
  });

  test('go from enabled to disabled and back, and once destroyed stay so', async () => {
    await make('states');
    const { name, etag } = (await add('states', 'x')).body;
    const act = (verb: string, body: object = {}) => sim.call('POST', `${V1}/${name}:${verb}`, body);
    expect((await act('disable', { etag })).body.state).toBe('DISABLED');
    expect((await access('states')).body.error).toMatchObject({
      code: 400,
      status: 'FAILED_PRECONDITION',
      message: `Secret Version [${name}] is in DISABLED state.`,
    });
    expect((await act('enable', { etag })).body.error.status).toBe('FAILED_PRECONDITION');
    expect((await act('enable')).body.state).toBe('ENABLED');
    expect(await reads('states')).toBe('x');
    const destroyed = (await act('destroy')).body;
    expect([destroyed.state, typeof destroyed.destroyTime]).toEqual(['DESTROYED', 'string']);
    for (const verb of ['enable', 'disable', 'destroy']) expect((await act(verb)).body.error.message).toContain('DESTROYED');
    expect((await access('states', '1')).status).toBe(400);
    expect((await add('states', 'y')).body.name).toMatch(/versions\/2$/);
  });

  test('have aliases', async () => {
    await make('aliased');
    await add('aliased', 'one');
    await add('aliased', 'two');
    const alias = (versionAliases: object) =>
      sim.call('PATCH', `${SECRETS}/aliased?updateMask=version_aliases`, { versionAliases });
    expect((await alias({ stable: '1' })).body.versionAliases).toEqual({ stable: '1' });
    expect(await reads('aliased', 'stable')).toBe('one');
    expect((await alias({ wrong: '9' })).status).toBe(400);
    expect((await access('aliased', 'unknown')).status).toBe(404);
  });
});

test('payloads are in no answer of the control pages, and in a file that only its owner reads', async () => {
  await make('hidden');
  await add('hidden', 'a very secret text');
  const state = (await sim.control('GET', '/_simulator/state')).bytes.toString();
  expect(state).toContain('secrets/hidden');
  expect(state).not.toContain(base64('a very secret text'));
  expect((await sim.control('GET', '/_simulator/requests')).bytes.toString()).not.toContain('a very secret text');
  const holding = readdirSync(sim.dataDir).filter((name) => {
    const file = join(sim.dataDir, name);
    return statSync(file).isFile() && readFileSync(file).includes(base64('a very secret text'));
  });
  expect(holding).not.toEqual([]);
  for (const name of holding) expect(statSync(join(sim.dataDir, name)).mode & 0o077).toBe(0);
});

test('what was answered is there after a restart', async () => {
  await make('lasting');
  await add('lasting', 'still here');
  await sim.restart();
  expect(await reads('lasting')).toBe('still here');
});

test("Google's own client works", async () => {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'anybody' });
  const client = new SecretManagerServiceClient({
    fallback: true,
    apiEndpoint: '127.0.0.1',
    port: sim.port,
    protocol: 'http',
    authClient: authClient as never,
    projectId: PROJECT,
  });
  const parent = `projects/${PROJECT}`;
  const headers = { otherArgs: { headers: { host: 'secretmanager.googleapis.com' } } };
  const [secret] = await client.createSecret(
    { parent, secretId: 'from-client', secret: { replication: { automatic: {} } } },
    headers,
  );
  await client.addSecretVersion({ parent: secret.name ?? '', payload: { data: Buffer.from('sent by a client') } }, headers);
  const [version] = await client.accessSecretVersion({ name: `${parent}/secrets/from-client/versions/latest` }, headers);
  expect(Buffer.from(version.payload?.data as Uint8Array).toString()).toBe('sent by a client');
  await expect(client.getSecret({ name: `${parent}/secrets/none` }, headers)).rejects.toMatchObject({ code: 5 });
  await client.close();
});
