import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { deploymentLabels } from '../../src/gcp/labels.ts';
import {
  createInstance,
  deleteInstance,
  getInstance,
  listInstances,
  type NewSqlInstance,
  patchInstance,
} from '../../src/gcp/sql.ts';
import {
  createDatabase,
  createUser,
  deleteDatabase,
  deleteUser,
  getDatabase,
  listUsers,
  setUserPassword,
} from '../../src/gcp/sql-content.ts';
import type { Runtime } from '../../src/local/runtime-port.ts';
import { type Opened, openOnSimulator } from './open.ts';

const LABELS = deploymentLabels('mlflow');
const body = (name: string): NewSqlInstance => ({
  name,
  region: 'us-central1',
  databaseVersion: 'POSTGRES_18',
  settings: {
    tier: 'db-f1-micro',
    edition: 'ENTERPRISE',
    dataDiskSizeGb: '10',
    ipConfiguration: { ipv4Enabled: true, sslMode: 'ENCRYPTED_ONLY' },
    deletionProtectionEnabled: true,
    userLabels: LABELS,
  },
});

let opened: Opened;
let instance: { project: string; instance: string };
beforeAll(async () => {
  opened = await openOnSimulator();
  await opened.enable('sqladmin');
  instance = { project: opened.project, instance: 'mlflow-1' };
});
afterEach(async () => {
  await opened.simulator.control('DELETE', '/_simulator/faults');
  expect(opened.simulator.bugs).toEqual([]);
});
afterAll(() => opened.close());

async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = (await opened.requests()).length;
  await work();
  return (await opened.requests()).slice(before).map(({ call }) => call);
}

describe('Cloud SQL', () => {
  it('makes an instance once, though the answer is lost, and waits until it runs', async () => {
    const { google, project } = opened;
    expect(await getInstance(google, instance)).toBeUndefined();
    await opened.fault({ match: 'POST sqladmin', times: 1, reset: true, after: true });
    const calls = await callsOf(async () => {
      const made = await createInstance(google, { project, body: body('mlflow-1') });
      expect(made).toMatchObject({
        created: true,
        value: { state: 'RUNNABLE', connectionName: `${project}:us-central1:mlflow-1` },
      });
    });
    expect(calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
    expect(await createInstance(google, { project, body: body('mlflow-1') })).toMatchObject({
      created: false,
      value: { state: 'RUNNABLE' },
    });
    expect((await listInstances(google, { project, labels: LABELS })).map(({ name }) => name)).toEqual(['mlflow-1']);
    expect(await listInstances(google, { project, labels: deploymentLabels('other') })).toEqual([]);
  });

  it('makes database and users side by side, waiting for an instance that is busy', async () => {
    const { google } = opened;
    await opened.fault({ match: 'POST sqladmin.*databases', times: 1, reset: true, after: true });
    const [database, user] = await Promise.all([
      createDatabase(google, { ...instance, database: 'mlflow', charset: 'UTF8' }),
      createUser(google, { ...instance, user: 'mlflow', password: 'pässword' }),
      createUser(google, { ...instance, user: 'reader', password: 'x' }),
    ]);
    expect([database.value.name, user.value.name, user.created]).toEqual(['mlflow', 'mlflow', true]);
    expect(await createDatabase(google, { ...instance, database: 'mlflow', charset: 'UTF8' })).toMatchObject({ created: false });
    expect(await createUser(google, { ...instance, user: 'mlflow', password: 'y' })).toMatchObject({ created: false });
    await setUserPassword(google, { ...instance, user: 'mlflow', password: 'new' });
    expect((await listUsers(google, instance)).map(({ name }) => name)).toEqual(expect.arrayContaining(['mlflow', 'reader']));
    await opened.fault({ match: 'DELETE sqladmin.*users', times: 1, after: true });
    await deleteUser(google, { ...instance, user: 'reader' });
    await deleteUser(google, { ...instance, user: 'reader' });
    expect((await listUsers(google, instance)).map(({ name }) => name)).not.toContain('reader');
  });

  it('waits while somebody else works on the instance', async () => {
    const { google, project } = opened;
    // Not through our queue: another program.
    await google.request({
      method: 'PATCH',
      url: `https://sqladmin.googleapis.com/v1/projects/${project}/instances/mlflow-1`,
      body: { settings: { userLabels: { ...LABELS, by: 'other' } } },
    });
    const changed = await patchInstance(google, { ...instance, settings: { storageAutoResize: true } });
    expect(changed.settings).toMatchObject({ storageAutoResize: true, userLabels: { by: 'other' } });
  });

  it('gives back the reason when Google refuses a value', async () => {
    await expect(patchInstance(opened.google, { ...instance, settings: { tier: 'no-such-tier' } })).rejects.toMatchObject({
      code: expect.stringMatching(/GOOGLE_REFUSED|OPERATION_FAILED/),
      message: expect.stringContaining('tier'),
    });
  });

  it('deletes only what is not protected, and reserves the name', async () => {
    const { google, project } = opened;
    await expect(deleteInstance(google, instance)).rejects.toMatchObject({ hint: expect.any(String) });
    await deleteDatabase(google, { ...instance, database: 'mlflow' });
    await deleteDatabase(google, { ...instance, database: 'mlflow' });
    expect(await getDatabase(google, { ...instance, database: 'mlflow' })).toBeUndefined();
    await patchInstance(google, { ...instance, settings: { deletionProtectionEnabled: false } });
    await opened.fault({ match: 'DELETE sqladmin', times: 1, reset: true, after: true });
    await deleteInstance(google, instance);
    await deleteInstance(google, instance);
    expect(await getInstance(google, instance)).toBeUndefined();
    await expect(createInstance(google, { project, body: body('mlflow-1') })).rejects.toMatchObject({
      code: 'SQL_NAME_RESERVED',
    });
  });
});

describe('an instance that could not be made', () => {
  it('is told with what Google said of its creation, by the run that made it and by the next one', async () => {
    const broken = async () => {
      throw new UserError({ code: 'DISK_FULL', message: 'There is no space left.', hint: 'Make room.' });
    };
    const sql = { start: broken, stop: async () => undefined, remove: async () => undefined };
    const own = await openOnSimulator({
      simulator: { runtime: { sql, run: {}, stop: async () => undefined } as unknown as Runtime },
    });
    await own.enable('sqladmin');
    try {
      const create = () => createInstance(own.google, { project: own.project, body: body('mlflow-2') });
      const told = { code: 'SQL_INSTANCE_FAILED', message: expect.stringContaining('There is no space left.') };
      await expect(create()).rejects.toMatchObject(told);
      await expect(create()).rejects.toMatchObject(told);
    } finally {
      await own.close();
    }
  });
});
