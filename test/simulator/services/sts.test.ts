import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, TestSimulator } from '../../support/simulator.ts';
import { enable, PROJECT, startChecked } from './checked-simulator.ts';

const IAM = 'https://iam.googleapis.com/v1';
const POOLS = `${IAM}/projects/${PROJECT}/locations/global/workloadIdentityPools`;
const ISSUER = 'https://token.actions.githubusercontent.com';
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const JWKS = JSON.stringify({ keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one' }] });
const PROVIDER = {
  attributeMapping: { 'google.subject': 'assertion.sub', 'attribute.repository': 'assertion.repository' },
  attributeCondition: "assertion.repository_owner == 'me' && attribute.repository in ['me/wine', 'me/other']",
  oidc: { issuerUri: ISSUER },
};

let sim: TestSimulator;
let number: string;
let count = 0;
let pool: string;
beforeAll(async () => {
  sim = await startChecked(['iam', 'sts']);
  number = sim.project.projectNumber;
});
beforeEach(() => {
  pool = `pool-${++count}`;
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function finish(started: Answer): Promise<Answer['body']> {
  expect([started.status, started.body.error?.message]).toEqual([200, undefined]);
  return (await sim.until(`${IAM}/${started.body.name}`, (body) => body.done === true)).body;
}
async function makePool(): Promise<void> {
  await finish(await sim.call('POST', `${POOLS}?workloadIdentityPoolId=${pool}`, { displayName: 'Pool' }));
}
const addProvider = (body: object = PROVIDER, id = 'github') =>
  sim.call('POST', `${POOLS}/${pool}/providers?workloadIdentityPoolProviderId=${id}`, body);
const name = (id = 'github') => `projects/${number}/locations/global/workloadIdentityPools/${pool}/providers/${id}`;

function token(claims: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const all = {
    iss: ISSUER,
    aud: `https://iam.googleapis.com/${name()}`,
    sub: 'repo:me/wine:ref:refs/heads/main',
    repository: 'me/wine',
    repository_owner: 'me',
    iat: now,
    exp: now + 300,
    ...claims,
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const body = `${encode({ alg: 'RS256', kid: 'one' })}.${encode(all)}`;
  return `${body}.${createSign('sha256').update(body).sign(keys.privateKey, 'base64url')}`;
}
const exchange = (subjectToken: string, more: object = {}) =>
  sim.call(
    'POST',
    'https://sts.googleapis.com/v1/token',
    {
      audience: `//iam.googleapis.com/${name()}`,
      grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt',
      subjectToken,
      ...more,
    },
    { token: null },
  );

describe('pools and providers', () => {
  test('are made, changed, deleted and brought back by long operations', async () => {
    const started = await sim.call('POST', `${POOLS}?workloadIdentityPoolId=${pool}`, { displayName: 'Pool' });
    expect(started.body.name).toMatch(
      new RegExp(`^projects/${number}/locations/global/workloadIdentityPools/${pool}/operations/`),
    );
    expect((await finish(started)).response).toMatchObject({
      '@type': 'type.googleapis.com/google.iam.v1.WorkloadIdentityPool',
      state: 'ACTIVE',
    });
    await finish(await addProvider());
    await finish(await sim.call('PATCH', `${POOLS}/${pool}/providers/github?updateMask=disabled`, { disabled: true }));
    const { body } = await sim.call('GET', `${POOLS}/${pool}/providers/github`);
    expect(body).toMatchObject({ ...PROVIDER, name: name(), disabled: true, state: 'ACTIVE' });
    await finish(await sim.call('DELETE', `${POOLS}/${pool}/providers/github`));
    expect((await sim.call('GET', `${POOLS}/${pool}/providers/github`)).body).toMatchObject({ state: 'DELETED' });
    expect((await sim.call('GET', `${POOLS}/${pool}/providers`)).body).toEqual({});
    const all = await sim.call('GET', `${POOLS}/${pool}/providers?showDeleted=true`);
    expect(all.body.workloadIdentityPoolProviders).toHaveLength(1);
    expect((await addProvider()).body.error).toMatchObject({ code: 409, status: 'ALREADY_EXISTS' });
    await finish(await sim.call('POST', `${POOLS}/${pool}/providers/github:undelete`, {}));
    expect((await sim.call('GET', `${POOLS}/${pool}/providers`)).body.workloadIdentityPoolProviders).toHaveLength(1);
    const again = await sim.call('POST', `${POOLS}/${pool}/providers/github:undelete`, {});
    expect(again.body.error.status).toBe('FAILED_PRECONDITION');
    expect((await sim.call('GET', POOLS)).body.workloadIdentityPools.map((one: { name: string }) => one.name)).toContain(
      name().replace(/\/providers.*/, ''),
    );
  });

  test.each([
    ['no mapping of the subject', { ...PROVIDER, attributeMapping: {} }],
    ['no source', { attributeMapping: PROVIDER.attributeMapping }],
    ['two sources', { ...PROVIDER, aws: { accountId: '123456789012' } }],
    ['plain http', { ...PROVIDER, oidc: { issuerUri: 'http://idp.test' } }],
    ['a shared issuer without a condition', { ...PROVIDER, attributeCondition: '' }],
    ['keys that are none', { ...PROVIDER, oidc: { ...PROVIDER.oidc, jwksJson: '{' } }],
  ])('a provider with %s is refused', async (_, body) => {
    await makePool();
    expect((await addProvider(body)).body.error.status).toBe('INVALID_ARGUMENT');
  });

  test('ids have rules, and parents must be there', async () => {
    expect((await sim.call('POST', `${POOLS}?workloadIdentityPoolId=gcp-mine`, {})).status).toBe(400);
    expect((await sim.call('POST', `${POOLS}?workloadIdentityPoolId=abc`, {})).status).toBe(400);
    expect((await addProvider()).status).toBe(404);
  });
});

describe('a token of another provider', () => {
  test('becomes one of Google that stands for its subject', async () => {
    await makePool();
    await finish(await addProvider());
    const { status, body } = await exchange(token());
    expect([status, body]).toMatchObject([
      200,
      { token_type: 'Bearer', expires_in: 3600, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    ]);
    const info = await sim.call('GET', `https://oauth2.googleapis.com/tokeninfo?access_token=${body.access_token}`);
    expect(info.body.email).toBe(
      `principal://iam.googleapis.com/projects/${number}/locations/global/workloadIdentityPools/${pool}/subject/repo:me/wine:ref:refs/heads/main`,
    );
  });

  test('may come as a form, as the client libraries send it', async () => {
    await makePool();
    await finish(await addProvider());
    const form = new URLSearchParams({
      audience: `//iam.googleapis.com/${name()}`,
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: token(),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, body } = await sim.call('POST', 'https://sts.googleapis.com/v1/token', form.toString(), {
      token: null,
      headers,
    });
    expect([status, typeof body.access_token]).toEqual([200, 'string']);
  });

  test.each([
    ['of another issuer', { iss: 'https://else.test' }, 'invalid_grant', 'The issuer in ID Token'],
    ['for another audience', { aud: 'else' }, 'invalid_grant', 'The audience in ID Token [else] does not match'],
    ['that is over', { exp: 1 }, 'invalid_grant', 'stale to sign-in'],
    ['that fails the condition', { repository_owner: 'you' }, 'unauthorized_client', 'rejected by the attribute condition'],
    ['of no listed repository', { repository: 'me/secret' }, 'unauthorized_client', 'rejected by the attribute condition'],
    ['without a subject', { sub: undefined }, 'invalid_grant', 'google.subject'],
  ])('%s is refused', async (_, claims, error, description) => {
    await makePool();
    await finish(await addProvider());
    const { status, body } = await exchange(token(claims));
    expect([status, body.error]).toEqual([400, error]);
    expect(body.error_description).toContain(description);
  });

  test('is refused by a provider that is disabled, and where there is none', async () => {
    await makePool();
    expect((await exchange(token())).body.error).toBe('invalid_target');
    await finish(await addProvider({ ...PROVIDER, disabled: true }));
    expect((await exchange(token())).body.error).toBe('invalid_target');
    expect((await exchange('x')).body.error).toBe('invalid_target');
    expect((await exchange(token(), { grantType: 'else' })).body.error).toBe('unsupported_grant_type');
  });

  test('must be signed by the keys that the provider holds', async () => {
    await makePool();
    await finish(await addProvider({ ...PROVIDER, oidc: { ...PROVIDER.oidc, jwksJson: JWKS, allowedAudiences: ['mine'] } }));
    expect((await exchange(token({ aud: 'mine' }))).status).toBe(200);
    const forged = `${token({ aud: 'mine' }).split('.').slice(0, 2).join('.')}.${Buffer.from('no').toString('base64url')}`;
    expect((await exchange(forged)).body.error_description).toBe('Unable to verify the ID Token signature.');
  });

  test('is not taken on a condition that is not understood', async () => {
    await makePool();
    await finish(await addProvider({ ...PROVIDER, attributeCondition: 'assertion.sub.matches("x")' }));
    expect((await exchange(token())).body.error_description).toContain('does not understand the expression');
  });
});

describe('who comes from outside', () => {
  const account = `projects/${PROJECT}/serviceAccounts/deployer@${PROJECT}.iam.gserviceaccount.com`;
  const credentials = `https://iamcredentials.googleapis.com/v1/${account.replace(PROJECT, '-')}:generateAccessToken`;
  const scope = ['https://www.googleapis.com/auth/cloud-platform'];
  const asks = async (claims: object = {}) => {
    const { body } = await exchange(token(claims));
    return (await sim.call('POST', credentials, { scope }, { token: body.access_token })).status;
  };

  test('may stand in for a service account where a set that it belongs to may, and an owner may not', async () => {
    await enable(sim, ['iamcredentials']);
    await makePool();
    await finish(await addProvider({ ...PROVIDER, attributeCondition: "assertion.repository_owner == 'me'" }));
    await sim.call('POST', `${IAM}/projects/${PROJECT}/serviceAccounts`, { accountId: 'deployer' });
    const member = `principalSet://iam.googleapis.com/${name().replace(/\/providers.*/, '')}/attribute.repository/me/wine`;
    const policy = { bindings: [{ role: 'roles/iam.workloadIdentityUser', members: [member] }] };
    expect((await sim.call('POST', `${IAM}/${account}:setIamPolicy`, { policy })).status).toBe(200);
    await sim.control('POST', '/_simulator/permissions', { enforce: true });
    try {
      expect([await asks(), await asks({ repository: 'me/other' })]).toEqual([200, 403]);
      expect((await sim.call('POST', credentials, { scope })).body.error.details[0].metadata.permission).toBe(
        'iam.serviceAccounts.getAccessToken',
      );
    } finally {
      await sim.control('POST', '/_simulator/permissions', { enforce: false });
    }
  });

  test('is refused while the service that exchanges tokens is off', async () => {
    const other = await startChecked(['iam']);
    try {
      const url = 'https://sts.googleapis.com/v1/token';
      const names = `projects/${other.project.projectNumber}/locations/global/workloadIdentityPools`;
      await other.call('POST', `${POOLS}?workloadIdentityPoolId=pool`, {});
      await other.call('POST', `${POOLS}/pool/providers?workloadIdentityPoolProviderId=github`, PROVIDER);
      await other.until(`${IAM}/${names}/pool`, ({ state }) => state === 'ACTIVE');
      await other.until(`${IAM}/${names}/pool/providers/github`, ({ state }) => state === 'ACTIVE');
      const form = new URLSearchParams({
        audience: `//iam.googleapis.com/${names}/pool/providers/github`,
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        subject_token: 'x',
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const { status, body } = await other.call('POST', url, form.toString(), { token: null, headers });
      expect([status, body.error.details[0].reason]).toEqual([403, 'SERVICE_DISABLED']);
    } finally {
      await other.remove();
    }
  });
});
