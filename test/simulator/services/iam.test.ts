import { createPublicKey, createSign, createVerify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { CRM, PROJECT, startChecked } from './checked-simulator.ts';

const IAM = 'https://iam.googleapis.com/v1';
const ACCOUNTS = `${IAM}/projects/${PROJECT}/serviceAccounts`;
const emailOf = (id: string) => `${id}@${PROJECT}.iam.gserviceaccount.com`;

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['iam', 'iamcredentials', 'cloudresourcemanager']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function make(accountId: string): Promise<string> {
  const { status } = await sim.call('POST', ACCOUNTS, { accountId, serviceAccount: { displayName: accountId } });
  expect(status).toBe(200);
  return emailOf(accountId);
}
const grant = (member: string) =>
  sim.call('POST', `${CRM}:setIamPolicy`, { policy: { bindings: [{ role: 'roles/viewer', members: [member] }] } });
async function untilGranted(member: string): Promise<void> {
  await expect.poll(async () => (await grant(member)).status, { timeout: 5000, interval: 5 }).toBe(200);
}

describe('service accounts', () => {
  test('made, read by email and unique id, also under `-`, listed, changed, deleted', async () => {
    const email = await make('runner-one');
    const { body } = await sim.call('GET', `${ACCOUNTS}/${email}`);
    expect(body).toMatchObject({
      email,
      displayName: 'runner-one',
      projectId: PROJECT,
      name: `projects/${PROJECT}/serviceAccounts/${email}`,
    });
    expect(body.uniqueId).toMatch(/^1\d{20}$/);
    expect((await sim.call('GET', `${IAM}/projects/-/serviceAccounts/${email}`)).body.uniqueId).toBe(body.uniqueId);
    expect((await sim.call('GET', `${ACCOUNTS}/${body.uniqueId}`)).body.email).toBe(email);
    expect((await sim.call('GET', ACCOUNTS)).body.accounts.map((account: { email: string }) => account.email)).toContain(email);
    const patch = { serviceAccount: { displayName: 'renamed', description: 'not in the mask' }, updateMask: 'display_name' };
    expect((await sim.call('PATCH', `${ACCOUNTS}/${email}`, patch)).body).toMatchObject({ displayName: 'renamed' });
    const changed = (await sim.call('GET', `${ACCOUNTS}/${email}`)).body;
    expect([changed.displayName, changed.description]).toEqual(['renamed', undefined]);
    expect((await sim.call('DELETE', `${ACCOUNTS}/${email}`)).status).toBe(200);
    const gone = await sim.call('GET', `${ACCOUNTS}/${email}`);
    expect(gone.body.error).toMatchObject({
      code: 404,
      status: 'NOT_FOUND',
      message: 'Unknown service account',
      errors: [{ reason: 'notFound' }],
    });
  });

  test.each(['short', 'Upper-case', '1starts-with-digit', 'ends-with-', 'under_score', 'a'.repeat(31)])(
    'the id %s is refused',
    async (accountId) => {
      const { status, body } = await sim.call('POST', ACCOUNTS, { accountId });
      expect([status, body.error.status]).toEqual([400, 'INVALID_ARGUMENT']);
      expect(body.error.message).toContain(accountId);
    },
  );

  test('the same id again is 409', async () => {
    await make('only-once');
    const { status, body } = await sim.call('POST', ACCOUNTS, { accountId: 'only-once' });
    expect([status, body.error.status]).toEqual([409, 'ALREADY_EXISTS']);
    expect(body.error.message).toBe(`Service account only-once already exists within project projects/${PROJECT}.`);
  });

  test('a new one can be read at once, but policies do not know it yet', async () => {
    const slow = await startChecked(['iam', 'cloudresourcemanager'], { speed: 100 });
    try {
      await slow.call('POST', ACCOUNTS, { accountId: 'brand-new' });
      expect((await slow.call('GET', `${ACCOUNTS}/${emailOf('brand-new')}`)).status).toBe(200);
      const policy = { bindings: [{ role: 'roles/viewer', members: [`serviceAccount:${emailOf('brand-new')}`] }] };
      const set = () => slow.call('POST', `${CRM}:setIamPolicy`, { policy });
      const early = await set();
      expect([early.status, early.body.error.message]).toEqual([400, `Service account ${emailOf('brand-new')} does not exist.`]);
      await expect.poll(async () => (await set()).status, { timeout: 5000, interval: 20 }).toBe(200);
    } finally {
      await slow.remove();
    }
  });

  test('deleting marks its grants, undeleting brings both back; the same email made anew has none', async () => {
    const email = await make('come-back');
    await untilGranted(`serviceAccount:${email}`);
    const { uniqueId } = (await sim.call('GET', `${ACCOUNTS}/${email}`)).body;
    const members = async () => (await sim.call('POST', `${CRM}:getIamPolicy`, {})).body.bindings[0].members;
    await sim.call('DELETE', `${ACCOUNTS}/${email}`);
    expect(await members()).toEqual([`deleted:serviceAccount:${email}?uid=${uniqueId}`]);
    const restored = await sim.call('POST', `${ACCOUNTS}/${uniqueId}:undelete`, {});
    expect(restored.body.restoredAccount.email).toBe(email);
    expect(await members()).toEqual([`serviceAccount:${email}`]);
    await sim.call('DELETE', `${ACCOUNTS}/${email}`);
    await make('come-back');
    expect(await members()).toEqual([`deleted:serviceAccount:${email}?uid=${uniqueId}`]);
    expect((await sim.call('POST', `${ACCOUNTS}/${uniqueId}:undelete`, {})).status).toBe(400);
  });

  test('has a policy of its own, for those who may act as it', async () => {
    const email = await make('acted-as');
    const url = `${ACCOUNTS}/${email}`;
    expect((await sim.call('POST', `${url}:getIamPolicy`)).body).toEqual({ etag: 'ACAB' });
    const bindings = [{ role: 'roles/iam.serviceAccountUser', members: ['user:a@example.com'] }];
    const set = await sim.call('POST', `${url}:setIamPolicy`, { policy: { bindings, etag: 'ACAB' } });
    expect(set.body.bindings).toEqual(bindings);
    expect((await sim.call('POST', `${url}:setIamPolicy`, { policy: { bindings, etag: 'ACAB' } })).status).toBe(409);
  });
});

describe('keys', () => {
  test('a key signs what its public half verifies, and is never shown again', async () => {
    const email = await make('with-keys');
    const made = await sim.call('POST', `${ACCOUNTS}/${email}/keys`, {});
    const file = JSON.parse(Buffer.from(made.body.privateKeyData, 'base64').toString());
    expect(file).toMatchObject({
      type: 'service_account',
      client_email: email,
      project_id: PROJECT,
      token_uri: 'https://oauth2.googleapis.com/token',
    });
    const url = `https://iam.googleapis.com/v1/${made.body.name}`;
    const read = await sim.call('GET', `${url}?publicKeyType=TYPE_RAW_PUBLIC_KEY`);
    expect(read.body.privateKeyData).toBeUndefined();
    const publicKey = createPublicKey(Buffer.from(read.body.publicKeyData, 'base64').toString());
    const signature = createSign('sha256').update('text').sign(file.private_key);
    expect(createVerify('sha256').update('text').verify(publicKey, signature)).toBe(true);
    expect((await sim.control('GET', '/_simulator/state')).bytes.toString()).not.toContain('PRIVATE KEY');
    const types = async () =>
      ((await sim.call('GET', `${ACCOUNTS}/${email}/keys`)).body.keys as Array<{ keyType: string }>)
        .map((key) => key.keyType)
        .sort();
    expect(await types()).toEqual(['SYSTEM_MANAGED', 'USER_MANAGED']);
    expect((await sim.call('DELETE', url)).status).toBe(200);
    expect((await sim.call('DELETE', url)).body.error.code).toBe(404);
    expect(await types()).toEqual(['SYSTEM_MANAGED']);
  });

  test('a token that an account signed with its key stands for the account, as long as the key is there', async () => {
    const email = await make('signs-itself');
    const made = await sim.call('POST', `${ACCOUNTS}/${email}/keys`, {});
    const file = JSON.parse(Buffer.from(made.body.privateKeyData, 'base64').toString());
    const token = (claims: object = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: email, sub: email, aud: 'https://iam.googleapis.com/', iat: now, exp: now + 3600, ...claims };
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
      const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: file.private_key_id })}.${encode(all)}`;
      return `${text}.${createSign('sha256').update(text).sign(file.private_key, 'base64url')}`;
    };
    const asks = async (text: string) => {
      const { status, body } = await sim.call('GET', `${ACCOUNTS}/${email}`, undefined, { token: text });
      return [status, body.error?.details?.[0]?.metadata?.permission];
    };
    await sim.control('POST', '/_simulator/permissions', { enforce: true });
    try {
      expect(await asks(token())).toEqual([403, 'iam.serviceAccounts.get']);
      for (const wrong of [{ exp: 1 }, { sub: 'else' }, { aud: 'https://oauth2.example.com/' }])
        expect((await asks(token(wrong)))[0]).toBe(401);
      expect((await asks(`${token().slice(0, -6)}AAAAAA`))[0]).toBe(401);
    } finally {
      await sim.control('POST', '/_simulator/permissions', { enforce: false });
    }
    await sim.call('DELETE', `https://iam.googleapis.com/v1/${made.body.name}`);
    expect((await asks(token()))[0]).toBe(401);
  });

  test('the eleventh is refused', async () => {
    const email = await make('many-keys');
    const publicKeyData = Buffer.from(await certificatePem()).toString('base64');
    for (let count = 0; count < 10; count++) {
      expect((await sim.call('POST', `${ACCOUNTS}/${email}/keys:upload`, { publicKeyData })).status).toBe(200);
    }
    expect((await sim.call('POST', `${ACCOUNTS}/${email}/keys`, {})).body.error).toMatchObject({
      code: 400,
      status: 'FAILED_PRECONDITION',
    });
  });

  async function certificatePem(): Promise<string> {
    const made = await sim.call('POST', `${ACCOUNTS}/${await make('key-source')}/keys`, {});
    const key = await sim.call('GET', `https://iam.googleapis.com/v1/${made.body.name}?publicKeyType=TYPE_X509_PEM_FILE`);
    return Buffer.from(key.body.publicKeyData, 'base64').toString();
  }
});

describe('roles', () => {
  test('predefined ones are there, others are not', async () => {
    expect((await sim.call('GET', `${IAM}/roles/cloudsql.client`)).body).toMatchObject({ name: 'roles/cloudsql.client' });
    expect((await sim.call('GET', `${IAM}/roles/cloudrun.invoker`)).status).toBe(404);
    const fullResourceName = `//cloudresourcemanager.googleapis.com/projects/${PROJECT}`;
    const { body } = await sim.call('POST', `${IAM}/roles:queryGrantableRoles`, { fullResourceName, pageSize: 1000 });
    expect(body.roles.map((role: { name: string }) => role.name)).toContain('roles/run.invoker');
  });

  test('custom ones can be made, changed with an etag, granted, deleted and undeleted', async () => {
    const roles = `${IAM}/projects/${PROJECT}/roles`;
    const role = { title: 'Signer', includedPermissions: ['iam.serviceAccounts.signBlob'], stage: 'GA' };
    const made = await sim.call('POST', roles, { roleId: 'signer', role });
    expect(made.body).toMatchObject({ name: `projects/${PROJECT}/roles/signer`, ...role });
    expect((await sim.call('POST', roles, { roleId: 'signer', role })).status).toBe(409);
    const policy = { bindings: [{ role: made.body.name, members: ['user:a@example.com'] }] };
    expect((await sim.call('POST', `${CRM}:setIamPolicy`, { policy })).status).toBe(200);
    const patched = await sim.call('PATCH', `${roles}/signer?updateMask=title`, { title: 'Other', etag: made.body.etag });
    expect(patched.body).toMatchObject({ title: 'Other', includedPermissions: role.includedPermissions });
    expect((await sim.call('PATCH', `${roles}/signer?updateMask=title`, { title: 'Late', etag: made.body.etag })).status).toBe(
      409,
    );
    expect((await sim.call('DELETE', `${roles}/signer`)).body.deleted).toBe(true);
    expect((await sim.call('GET', roles)).body.roles).toBeUndefined();
    expect((await sim.call('POST', `${roles}/signer:undelete`, {})).body.deleted).toBeUndefined();
    expect((await sim.call('GET', roles)).body.roles).toHaveLength(1);
  });
});
