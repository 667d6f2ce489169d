import { createSign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const TOKEN = 'https://oauth2.googleapis.com/token';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

let sim: TestSimulator;
let file: { client_email: string; client_id: string; private_key: string; private_key_id: string };
beforeAll(async () => {
  sim = await startChecked(['iam']);
  const accounts = `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`;
  const { email } = (await sim.call('POST', accounts, { accountId: 'robot-1' })).body;
  const key = await sim.call('POST', `${accounts}/${email}/keys`, {});
  file = JSON.parse(Buffer.from(key.body.privateKeyData, 'base64').toString());
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

const form = (fields: Record<string, string>): Promise<Answer> =>
  sim.call('POST', TOKEN, new URLSearchParams(fields).toString(), {
    token: null,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
function assertion(changes: object = {}, kid: string | null = file.private_key_id): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: file.client_email, aud: TOKEN, scope: SCOPE, iat: now, exp: now + 3600, ...changes };
  const body = [{ alg: 'RS256', typ: 'JWT', ...(kid === null ? {} : { kid }) }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${body}.${createSign('sha256').update(body).sign(file.private_key, 'base64url')}`;
}
const info = (token: string) =>
  sim.call('GET', `https://oauth2.googleapis.com/tokeninfo?access_token=${token}`, undefined, { token: null });

describe('a key of a service account', () => {
  test('is exchanged for a token that stands for the account', async () => {
    const { status, body } = await form({ grant_type: GRANT, assertion: assertion() });
    expect([status, body.token_type, body.expires_in]).toEqual([200, 'Bearer', 3599]);
    expect((await info(body.access_token)).body).toMatchObject({ email: file.client_email, azp: file.client_id, scope: SCOPE });
    const me = await sim.call('GET', 'https://www.googleapis.com/oauth2/v2/userinfo', undefined, { token: body.access_token });
    expect(me.body).toMatchObject({ email: file.client_email, id: file.client_id });
  });

  test('is found where the assertion does not name it, as that of Google’s library for Node', async () => {
    expect((await form({ grant_type: GRANT, assertion: assertion({}, null) })).status).toBe(200);
    const forged = assertion({}, null).replace(/.{8}$/, 'AAAAAAAA');
    expect((await form({ grant_type: GRANT, assertion: forged })).body.error_description).toBe('Invalid JWT Signature.');
  });

  test('gives an identity token for an audience', async () => {
    const { body } = await form({
      grant_type: GRANT,
      assertion: assertion({ scope: undefined, target_audience: 'https://x.example.com' }),
    });
    expect(JSON.parse(Buffer.from(body.id_token.split('.')[1], 'base64url').toString())).toMatchObject({
      aud: 'https://x.example.com',
      email: file.client_email,
    });
  });

  test.each([
    ['another signature', () => `${assertion().split('.').slice(0, 2).join('.')}.AAAA`, 'Invalid JWT Signature.'],
    ['another key', () => assertion({}, 'f'.repeat(40)), 'Invalid JWT Signature.'],
    ['another account', () => assertion({ iss: `ghost@${PROJECT}.iam.gserviceaccount.com` }), 'account not found'],
    ['another audience', () => assertion({ aud: 'https://example.com' }), 'audience'],
    ['two hours', () => assertion({ exp: Math.floor(Date.now() / 1000) + 7200 }), 'short-lived'],
    ['yesterday', () => assertion({ iat: 1_000_000, exp: 1_003_600 }), 'short-lived'],
    ['text', () => 'not.a.token', 'Bad Request'],
  ])('%s is refused as invalid_grant', async (_, made, message) => {
    const { status, body } = await form({ grant_type: GRANT, assertion: made() });
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect(body.error_description).toContain(message);
  });

  test('that was deleted opens nothing', async () => {
    const accounts = `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`;
    const made = await sim.call('POST', `${accounts}/${file.client_email}/keys`, {});
    const other = JSON.parse(Buffer.from(made.body.privateKeyData, 'base64').toString());
    const jwt = () => {
      const [kept, key] = [file, other];
      file = key;
      const text = assertion();
      file = kept;
      return text;
    };
    expect((await form({ grant_type: GRANT, assertion: jwt() })).status).toBe(200);
    await sim.call('DELETE', `https://iam.googleapis.com/v1/${made.body.name}`);
    expect((await form({ grant_type: GRANT, assertion: jwt() })).body.error).toBe('invalid_grant');
  });
});

describe('a person', () => {
  test('has a token for a refresh token', async () => {
    const { body } = await form({ grant_type: 'refresh_token', client_id: 'id', client_secret: 'secret', refresh_token: '1//x' });
    expect((await info(body.access_token)).body).toMatchObject({ email: 'user@example.com', email_verified: 'true' });
  });

  test('is known by any token, by each of the addresses that tell', async () => {
    const v1 = await sim.call('GET', 'https://www.googleapis.com/oauth2/v1/tokeninfo?access_token=anything', undefined, {
      token: null,
    });
    expect(v1.body.email).toBe('user@example.com');
    const v2 = await sim.call('POST', 'https://www.googleapis.com/oauth2/v2/tokeninfo?access_token=anything');
    expect(v2.body).toMatchObject({ email: 'user@example.com', verified_email: true });
    const v3 = await sim.call('GET', 'https://www.googleapis.com/oauth2/v3/userinfo');
    expect(v3.body).toMatchObject({ email: 'user@example.com', email_verified: true });
    expect((await sim.call('GET', 'https://www.googleapis.com/oauth2/v3/userinfo', undefined, { token: null })).status).toBe(401);
  });
});

test.each([
  [{}, 'invalid_request'],
  [{ grant_type: 'password' }, 'unsupported_grant_type'],
  [{ grant_type: 'refresh_token' }, 'invalid_request'],
])('a request of another kind is refused: %o', async (fields, error) => {
  const { status, body } = await form(fields as unknown as Record<string, string>);
  expect([status, body.error]).toEqual([400, error]);
});
