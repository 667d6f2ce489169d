import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { step, walk } from './walk.ts';

// Methods of Cloud SQL and Cloud Storage that hardly anybody calls, each once, as in `rare-methods.test.ts`.
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked(['sqladmin']);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const ask = (what: string, body?: object) => step(sim, what, body);
const settings = { tier: 'db-f1-micro', edition: 'ENTERPRISE' };
const instance = (name: string) => ({ name, databaseVersion: 'POSTGRES_17', region: 'us-central1', settings });

const VERSIONS = [
  ['v1', 'https://sqladmin.googleapis.com/v1'],
  ['v1beta4', 'https://sqladmin.googleapis.com/sql/v1beta4'],
] as const;

test.each(VERSIONS)('an instance, its certificates and backups by %s', async (version, base) => {
  const all = `${base}/projects/${PROJECT}/instances`;
  const one = `${all}/${version}`;
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const public_key = publicKey.export({ type: 'spki', format: 'pem' });
  await ask(`POST ${all}`, instance(version));
  await ask(`POST ${one}/restart`);
  const before = await ask(`GET ${one}`);
  await ask(`PUT ${one}`, { ...instance(version), settings: { ...before.settings, userLabels: { a: 'b' } } });
  expect((await ask(`GET ${one}`)).settings.userLabels).toEqual({ a: 'b' });
  const ephemeral = await ask(`POST ${one}/createEphemeral`, { public_key });
  expect(ephemeral).toMatchObject({ kind: 'sql#sslCert', instance: version, cert: expect.stringContaining('CERTIFICATE') });
  expect((await ask(`POST ${one}:generateEphemeralCert`, { public_key })).ephemeralCert.kind).toBe('sql#sslCert');
  const { sha1Fingerprint } = (await ask(`POST ${one}/sslCerts`, { commonName: 'c' })).clientCert.certInfo;
  expect((await ask(`GET ${one}/sslCerts/${sha1Fingerprint}`)).commonName).toBe('c');
  await ask(`DELETE ${one}/sslCerts/${sha1Fingerprint}`);
  const { backupId } = (await ask(`POST ${one}/backupRuns`, {})).backupContext;
  expect((await ask(`GET ${one}/backupRuns/${backupId}`)).status).toBe('SUCCESSFUL');
  const context = { restoreBackupContext: { backupRunId: backupId, instanceId: version } };
  await walk(sim, [
    [`POST ${one}/restoreBackup`, context],
    [`POST ${one}/clone`, { cloneContext: { destinationInstanceName: `${version}-copy` } }],
    [`DELETE ${one}/backupRuns/${backupId}`],
  ]);
  expect((await ask(`GET ${all}/${version}-copy`)).state).toBe('RUNNABLE');
  await backups(base, version);
});

test('the character set of a database can be changed in MySQL', async () => {
  for (const [version, base] of VERSIONS) {
    const all = `${base}/projects/${PROJECT}/instances`;
    const database = `${all}/mysql-${version}/databases/d`;
    await walk(sim, [
      [`POST ${all}`, { ...instance(`mysql-${version}`), databaseVersion: 'MYSQL_8_0' }],
      [`POST ${all}/mysql-${version}/databases`, { name: 'd' }],
      [`PATCH ${database}`, { charset: 'latin1', collation: 'latin1_swedish_ci' }],
    ]);
    expect((await ask(`GET ${database}`)).charset).toBe('latin1');
    await ask(`PUT ${database}`, { name: 'd', charset: 'utf8mb4', collation: 'utf8mb4_general_ci' });
    expect((await ask(`GET ${database}`)).charset).toBe('utf8mb4');
  }
});

/** A backup by its own name, which outlives its instance. */
async function backups(base: string, of: string): Promise<void> {
  const parent = `projects/${PROJECT}`;
  const begun = await ask(`POST ${base}/${parent}/backups`, { instance: of, description: 'first' });
  const { name } = begun.backupContext;
  expect(await ask(`GET ${base}/${name}`)).toMatchObject({ name, description: 'first', state: 'SUCCESSFUL' });
  await ask(`PATCH ${base}/${name}?updateMask=description`, { name, description: 'second' });
  const names = (await ask(`GET ${base}/${parent}/backups`)).backups as Array<{ name: string; description: string }>;
  expect(names.find((one) => one.name === name)?.description).toBe('second');
  await ask(`DELETE ${base}/${name}`);
  expect((await sim.call('GET', `${base}/${name}`)).status).toBe(404);
}

const STORAGE = 'https://storage.googleapis.com';
const B = `${STORAGE}/storage/v1/b`;

test('a bucket, its lists of access and its notifications', async () => {
  const bucket = { name: 'rare-bucket', iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } };
  await ask(`POST ${B}?project=${PROJECT}`, bucket);
  const one = `${B}/rare-bucket`;
  expect(await ask(`GET ${one}/storageLayout`)).toMatchObject({ bucket: 'rare-bucket', location: 'US' });
  expect((await ask(`GET ${one}/managedFolders`)).items ?? []).toEqual([]);
  const readers = { entity: 'allAuthenticatedUsers', role: 'READER' };
  for (const list of ['acl', 'defaultObjectAcl']) {
    await ask(`POST ${one}/${list}`, readers);
    await ask(`PUT ${one}/${list}/${readers.entity}`, { ...readers, role: 'OWNER' });
    expect(await ask(`GET ${one}/${list}/${readers.entity}`)).toMatchObject({ ...readers, role: 'OWNER' });
  }
  const topic = { topic: `projects/${PROJECT}/topics/t`, payload_format: 'NONE' };
  const { id } = await ask(`POST ${one}/notificationConfigs`, topic);
  expect((await ask(`GET ${one}/notificationConfigs/${id}`)).topic).toContain(topic.topic);
  await ask(`PUT ${one}`, { ...bucket, labels: { a: 'b' } });
  expect((await ask(`GET ${one}`)).labels).toEqual({ a: 'b' });
});

test('the metadata of an object is replaced as a whole', async () => {
  await ask(`POST ${B}?project=${PROJECT}`, { name: 'rare-objects' });
  await sim.call('POST', `${STORAGE}/upload/storage/v1/b/rare-objects/o?uploadType=media&name=o`, 'x', {
    headers: { 'content-type': 'text/plain' },
  });
  const one = `${B}/rare-objects/o/o`;
  await ask(`PATCH ${one}`, { metadata: { a: 'b' }, cacheControl: 'no-store' });
  await ask(`PUT ${one}`, { metadata: { c: 'd' } });
  const after = await ask(`GET ${one}`);
  expect([after.metadata, after.cacheControl]).toEqual([{ c: 'd' }, undefined]);
  const { permissions } = await ask(`GET ${one}/iam/testPermissions?permissions=storage.objects.get`);
  expect(permissions).toEqual(['storage.objects.get']);
});
