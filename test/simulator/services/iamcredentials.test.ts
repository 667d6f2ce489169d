import { createPublicKey, createVerify, type JsonWebKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { enable, PROJECT, startChecked } from './checked-simulator.ts';

const EMAIL = `signer@${PROJECT}.iam.gserviceaccount.com`;
const ACCOUNT = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${EMAIL}`;

let sim: TestSimulator;
let uniqueId = '';
beforeAll(async () => {
  sim = await startChecked(['iam']);
  const made = await sim.call('POST', `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`, {
    accountId: 'signer',
  });
  uniqueId = made.body.uniqueId;
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

interface Key extends JsonWebKey {
  kid: string;
}
async function keyAt(url: string, id: string) {
  const { keys } = (await sim.call('GET', url, undefined, { token: null })).body as { keys: Key[] };
  return createPublicKey({ key: keys.find(({ kid }) => kid === id) as JsonWebKey, format: 'jwk' });
}
async function claims(jwt: string, keysAt: string): Promise<Record<string, unknown>> {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString());
  expect(alg).toBe('RS256');
  const verified = createVerify('sha256')
    .update(`${header}.${payload}`)
    .verify(await keyAt(keysAt, kid), signature, 'base64url');
  expect(verified).toBe(true);
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}
const ACCOUNT_KEYS = `https://www.googleapis.com/service_accounts/v1/jwk/${EMAIL}`;

describe('impersonation', () => {
  test('an access token stands for the account', async () => {
    const { body } = await sim.call('POST', `${ACCOUNT}:generateAccessToken`, {
      scope: ['https://www.googleapis.com/auth/cloud-platform'],
      lifetime: '600s',
    });
    expect(Date.parse(body.expireTime) - Date.now()).toBeLessThan(601_000);
    const info = await sim.call('GET', `https://oauth2.googleapis.com/tokeninfo?access_token=${body.accessToken}`, undefined, {
      token: null,
    });
    expect(info.body).toMatchObject({ email: EMAIL, sub: uniqueId, scope: 'https://www.googleapis.com/auth/cloud-platform' });
    expect(Number(info.body.expires_in)).toBeLessThanOrEqual(600);
  });

  test.each([
    ['no scope', {}],
    ['more than an hour', { scope: ['a'], lifetime: '3601s' }],
    ['no time', { scope: ['a'], lifetime: '0s' }],
  ])('%s is refused', async (_, request) => {
    expect((await sim.call('POST', `${ACCOUNT}:generateAccessToken`, request)).status).toBe(400);
  });

  test('an identity token is signed by Google for its audience', async () => {
    const { body } = await sim.call('POST', `${ACCOUNT}:generateIdToken`, {
      audience: 'https://mlflow.example.com',
      includeEmail: true,
    });
    expect(await claims(body.token, 'https://www.googleapis.com/oauth2/v3/certs')).toMatchObject({
      aud: 'https://mlflow.example.com',
      iss: 'https://accounts.google.com',
      sub: uniqueId,
      email: EMAIL,
    });
    expect((await sim.call('POST', `${ACCOUNT}:generateIdToken`, {})).status).toBe(400);
  });
});

describe('signatures', () => {
  test('of a JWT and of bytes can be verified with the public keys of the account', async () => {
    const jwt = await sim.call('POST', `${ACCOUNT}:signJwt`, { payload: JSON.stringify({ sub: 'me', aud: 'you' }) });
    expect(await claims(jwt.body.signedJwt, ACCOUNT_KEYS)).toEqual({ sub: 'me', aud: 'you' });
    const blob = await sim.call('POST', `${ACCOUNT}:signBlob`, { payload: Buffer.from('bytes').toString('base64') });
    expect(blob.body.keyId).toBe(jwt.body.keyId);
    const verify = createVerify('sha256').update('bytes');
    expect(verify.verify(await keyAt(ACCOUNT_KEYS, blob.body.keyId), blob.body.signedBlob, 'base64')).toBe(true);
  });

  test('stay the same after a restart, and their key is shown nowhere', async () => {
    const before = (await sim.call('POST', `${ACCOUNT}:signBlob`, { payload: '' })).body.keyId;
    await sim.restart();
    expect((await sim.call('POST', `${ACCOUNT}:signBlob`, { payload: '' })).body.keyId).toBe(before);
    expect((await sim.control('GET', '/_simulator/state')).bytes.toString()).not.toContain('PRIVATE KEY');
  });

  test('of what is no JSON, or lasts too long, are refused', async () => {
    expect((await sim.call('POST', `${ACCOUNT}:signJwt`, { payload: 'text' })).status).toBe(400);
    const payload = JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 13 * 3600 });
    expect((await sim.call('POST', `${ACCOUNT}:signJwt`, { payload })).status).toBe(400);
  });
});

test('an account that is not there is 404, a disabled one is refused, a project in the name is 400', async () => {
  const of = (name: string) => `https://iamcredentials.googleapis.com/v1/projects/${name}:generateAccessToken`;
  const request = { scope: ['a'] };
  expect((await sim.call('POST', of('-/serviceAccounts/ghost@example.com'), request)).body.error).toMatchObject({
    code: 404,
    status: 'NOT_FOUND',
  });
  expect((await sim.call('POST', of(`${PROJECT}/serviceAccounts/${EMAIL}`), request)).status).toBe(400);
  const account = `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts/${EMAIL}`;
  await sim.call('POST', `${account}:disable`, {});
  expect((await sim.call('POST', `${ACCOUNT}:generateAccessToken`, request)).status).toBe(400);
  await sim.call('POST', `${account}:enable`, {});
  expect((await sim.call('POST', `${ACCOUNT}:generateAccessToken`, request)).status).toBe(200);
});

test('the service has to be enabled in the project of the account', async () => {
  const base = `https://serviceusage.googleapis.com/v1/projects/${PROJECT}/services/iamcredentials.googleapis.com:disable`;
  await sim.call('POST', base, { disableDependentServices: true });
  expect((await sim.call('POST', `${ACCOUNT}:generateAccessToken`, { scope: ['a'] })).body.error.details[0].reason).toBe(
    'SERVICE_DISABLED',
  );
  await enable(sim, ['iam']);
  expect((await sim.call('POST', `${ACCOUNT}:generateAccessToken`, { scope: ['a'] })).status).toBe(200);
});
