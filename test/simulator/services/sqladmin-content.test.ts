import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { finished, INSTANCES, makeInstance, refusal } from './sqladmin-client.ts';

const DB = `${INSTANCES}/content`;
const names = (answer: { body: { items?: Array<{ name: string }> } }) => (answer.body.items ?? []).map(({ name }) => name);

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['sqladmin', 'iam']);
  await makeInstance(sim, 'content', { databaseFlags: [{ name: 'cloudsql.iam_authentication', value: 'on' }] });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

describe('databases', () => {
  test('made, read, listed, deleted', async () => {
    const made = await sim.call('POST', `${DB}/databases`, { name: 'wine', charset: 'UTF8' });
    expect(made.body).toMatchObject({ status: 'DONE', operationType: 'CREATE_DATABASE', targetLink: `${DB}/databases/wine` });
    expect((await sim.call('GET', `${DB}/databases/wine`)).body).toMatchObject({
      name: 'wine',
      charset: 'UTF8',
      collation: 'en_US.UTF8',
      instance: 'content',
      project: PROJECT,
    });
    expect(names(await sim.call('GET', `${DB}/databases`))).toEqual(['postgres', 'wine']);
    expect((await finished(sim, await sim.call('DELETE', `${DB}/databases/wine`))).operationType).toBe('DELETE_DATABASE');
    expect(refusal(await sim.call('GET', `${DB}/databases/wine`))).toEqual([404, 'notFound', 'Not Found']);
  });

  test('the same again is refused, and so are the ones that PostgreSQL has itself', async () => {
    await sim.call('POST', `${DB}/databases`, { name: 'twice' });
    for (const name of ['twice', 'postgres', 'template1']) {
      const [status, reason, message] = refusal(await sim.call('POST', `${DB}/databases`, { name }));
      expect([status, reason]).toEqual([400, 'invalid']);
      expect(message).toContain(`database "${name}" already exists`);
    }
    expect((await sim.call('DELETE', `${DB}/databases/postgres`)).status).toBe(400);
  });

  test('of an instance that is not there', async () => {
    expect(refusal(await sim.call('GET', `${INSTANCES}/none/databases`)).slice(0, 2)).toEqual([404, 'instanceDoesNotExist']);
    expect(refusal(await sim.call('POST', `${INSTANCES}/none/users`, { name: 'u' })).slice(0, 2)).toEqual([
      404,
      'instanceDoesNotExist',
    ]);
  });

  test('two at the same moment: one has to come again', async () => {
    const options = { speed: 100_000 };
    const slow = await startChecked(['sqladmin'], options);
    try {
      await makeInstance(slow, 'content');
      // From here on each takes a quarter of a second.
      options.speed = 20;
      await slow.restart();
      const both = await Promise.all([
        slow.call('POST', `${DB}/databases`, { name: 'a' }),
        slow.call('POST', `${DB}/users`, { name: 'u', password: 'p' }),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(refusal(both.find(({ status }) => status === 409) ?? both[0])[1]).toBe('operationInProgress');
    } finally {
      await slow.remove();
    }
  });
});

describe('users', () => {
  test('made, listed without password, changed, deleted', async () => {
    const made = await sim.call('POST', `${DB}/users`, { name: 'mlflow', password: 'a password nobody sees' });
    expect(made.body).toMatchObject({ status: 'DONE', operationType: 'CREATE_USER' });
    expect(names(await sim.call('GET', `${DB}/users`))).toEqual(['mlflow', 'postgres']);
    expect((await sim.call('GET', `${DB}/users/mlflow`)).body).toMatchObject({ name: 'mlflow', host: '', instance: 'content' });
    expect((await sim.call('PUT', `${DB}/users?name=mlflow`, { password: 'another password' })).body.operationType).toBe(
      'UPDATE_USER',
    );
    const seen =
      (await sim.control('GET', '/_simulator/state')).bytes.toString() +
      (await sim.control('GET', '/_simulator/requests')).bytes.toString();
    expect(seen).not.toMatch(/password nobody sees|another password/);
    expect((await sim.call('DELETE', `${DB}/users?name=mlflow`)).body.operationType).toBe('DELETE_USER');
    expect((await sim.call('GET', `${DB}/users/mlflow`)).status).toBe(404);
    expect((await sim.call('PUT', `${DB}/users?name=mlflow`, { password: 'x' })).status).toBe(404);
  });

  test('the same again, reserved ones and the default one', async () => {
    await sim.call('POST', `${DB}/users`, { name: 'again', password: 'p' });
    expect(refusal(await sim.call('POST', `${DB}/users`, { name: 'again', password: 'p' }))[2]).toContain(
      'role "again" already exists',
    );
    expect((await sim.call('POST', `${DB}/users`, { name: 'cloudsqladmin', password: 'p' })).status).toBe(400);
    expect((await sim.call('DELETE', `${DB}/users?name=postgres`)).status).toBe(400);
  });

  test('of IAM are named without the last domain, and must exist', async () => {
    await sim.call('POST', `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'db-user' });
    const email = `db-user@${PROJECT}.iam.gserviceaccount.com`;
    const add = (name: string) => sim.call('POST', `${DB}/users`, { name, type: 'CLOUD_IAM_SERVICE_ACCOUNT' });
    expect(refusal(await add(email))[2]).toContain('without ".gserviceaccount.com" suffix');
    expect((await add(`ghost@${PROJECT}.iam`)).status).toBe(400);
    expect((await add(`db-user@${PROJECT}.iam`)).status).toBe(200);
    expect((await sim.call('GET', `${DB}/users/${encodeURIComponent(`db-user@${PROJECT}.iam`)}`)).body).toMatchObject({
      type: 'CLOUD_IAM_SERVICE_ACCOUNT',
      iamEmail: email,
    });
  });
});

describe('client certificates', () => {
  test('are signed by the authority of the instance; their key is told once', async () => {
    const made = await sim.call('POST', `${DB}/sslCerts`, { commonName: 'laptop' });
    const { certInfo, certPrivateKey } = made.body.clientCert;
    const certificate = new X509Certificate(certInfo.cert);
    expect(certificate.subject).toContain('CN=laptop');
    expect(certificate.checkPrivateKey(createPrivateKey(certPrivateKey))).toBe(true);
    expect(new X509Certificate(made.body.serverCaCert.cert).ca).toBe(true);
    await finished(sim, made);
    const fingerprint = certInfo.sha1Fingerprint;
    expect((await sim.call('GET', `${DB}/sslCerts/${fingerprint}`)).body).toMatchObject({
      commonName: 'laptop',
      sha1Fingerprint: fingerprint,
    });
    expect(refusal(await sim.call('POST', `${DB}/sslCerts`, { commonName: 'laptop' })).slice(0, 2)).toEqual([
      409,
      'sslCertAlreadyExists',
    ]);
    const state = (await sim.control('GET', '/_simulator/state')).bytes.toString();
    expect(state).toContain(fingerprint);
    expect(state).not.toContain('PRIVATE KEY');
    await finished(sim, await sim.call('DELETE', `${DB}/sslCerts/${fingerprint}`));
    expect((await sim.call('GET', `${DB}/sslCerts`)).body.items).toBeUndefined();
    expect(refusal(await sim.call('GET', `${DB}/sslCerts/${fingerprint}`)).slice(0, 2)).toEqual([404, 'sslCertDoesNotExist']);
  });

  test('a connector has its own key signed', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const { body } = await sim.call('POST', `${DB}:generateEphemeralCert`, { public_key: pem });
    const certificate = new X509Certificate(body.ephemeralCert.cert);
    expect(certificate.checkPrivateKey(privateKey)).toBe(true);
    expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThan(3_700_000);
    expect((await sim.call('POST', `${DB}:generateEphemeralCert`, { public_key: 'nonsense' })).status).toBe(400);
  });

  test('a reset makes new authorities and drops the certificates', async () => {
    await finished(sim, await sim.call('POST', `${DB}/sslCerts`, { commonName: 'old' }));
    const before = (await sim.call('GET', `${DB}/listServerCas`)).body;
    await finished(sim, await sim.call('POST', `${DB}/resetSslConfig`));
    const after = (await sim.call('GET', `${DB}/listServerCas`)).body;
    expect(after.activeVersion).not.toBe(before.activeVersion);
    expect((await sim.call('GET', DB)).body.serverCaCert.sha1Fingerprint).toBe(after.activeVersion);
    expect((await sim.call('GET', `${DB}/sslCerts`)).body.items).toBeUndefined();
  });
});

test('backups are listed, newest first, and deleted', async () => {
  const made = await sim.call('POST', `${DB}/backupRuns`, { description: 'before the change' });
  await finished(sim, made);
  const { items } = (await sim.call('GET', `${DB}/backupRuns`)).body;
  expect(items[0]).toMatchObject({
    status: 'SUCCESSFUL',
    type: 'ON_DEMAND',
    description: 'before the change',
    instance: 'content',
    location: 'eu',
  });
  await finished(sim, await sim.call('DELETE', `${DB}/backupRuns/${items[0].id}`));
  expect((await sim.call('GET', `${DB}/backupRuns/${items[0].id}`)).status).toBe(404);
});

test('MySQL has its own databases, administrator and collations', async () => {
  await makeInstance(sim, 'mysql', {}, { databaseVersion: 'MYSQL_8_0' });
  const base = `${INSTANCES}/mysql`;
  expect(names(await sim.call('GET', `${base}/databases`))).toEqual(['information_schema', 'mysql', 'performance_schema', 'sys']);
  expect(names(await sim.call('GET', `${base}/users`))).toEqual(['root']);
  await sim.call('POST', `${base}/databases`, { name: 'wine', charset: 'utf8mb4' });
  await finished(sim, await sim.call('PATCH', `${base}/databases/wine`, { collation: 'utf8mb4_bin' }));
  expect((await sim.call('GET', `${base}/databases/wine`)).body.collation).toBe('utf8mb4_bin');
});
