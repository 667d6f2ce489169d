import { X509Certificate } from 'node:crypto';
import { sqladmin } from 'googleapis/build/src/apis/sqladmin/index.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { body, finished, INSTANCES, makeInstance, refusal, SQL } from './sqladmin-client.ts';

let sim: TestSimulator;
let clock = 0;
beforeAll(async () => {
  sim = await startChecked(['sqladmin'], { now: () => new Date(Date.now() + clock) });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const insert = (request: object) => sim.call('POST', INSTANCES, request);
const patch = (name: string, change: object) => sim.call('PATCH', `${INSTANCES}/${name}`, change);

describe('making an instance', () => {
  test('is an operation that begins as PENDING and ends with a running instance', async () => {
    const started = await insert(body('first'));
    expect(started.body).toMatchObject({
      kind: 'sql#operation',
      operationType: 'CREATE',
      status: 'PENDING',
      targetId: 'first',
      targetProject: PROJECT,
      user: 'user@example.com',
      targetLink: `${INSTANCES}/first`,
      selfLink: `${SQL}/operations/${started.body.name}`,
    });
    const operation = await finished(sim, started);
    expect([operation.error, typeof operation.endTime]).toEqual([undefined, 'string']);
    const { body: instance } = await sim.call('GET', `${INSTANCES}/first`);
    expect(instance).toMatchObject({
      state: 'RUNNABLE',
      backendType: 'SECOND_GEN',
      connectionName: `${PROJECT}:europe-west3:first`,
      gceZone: 'europe-west3-a',
      settings: {
        settingsVersion: '1',
        activationPolicy: 'ALWAYS',
        availabilityType: 'ZONAL',
        dataDiskSizeGb: '10',
        dataDiskType: 'PD_SSD',
        deletionProtectionEnabled: false,
        storageAutoResize: true,
        backupConfiguration: { enabled: false, transactionLogRetentionDays: 7 },
        ipConfiguration: { ipv4Enabled: true, sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED', requireSsl: false },
      },
    });
    expect(instance.ipAddresses.map(({ type }: { type: string }) => type)).toEqual(['PRIMARY', 'OUTGOING']);
    const authority = new X509Certificate(instance.serverCaCert.cert);
    expect(authority.ca).toBe(true);
    expect(authority.fingerprint.replaceAll(':', '').toLowerCase()).toBe(instance.serverCaCert.sha1Fingerprint);
  });

  test('until then the instance is there as PENDING_CREATE, and busy', async () => {
    const slow = await startChecked(['sqladmin'], { speed: 200 });
    try {
      await slow.call('POST', INSTANCES, body('slow'));
      const { body: instance } = await slow.call('GET', `${INSTANCES}/slow`);
      expect([instance.state, instance.ipAddresses]).toEqual(['PENDING_CREATE', undefined]);
      const busy = await slow.call('DELETE', `${INSTANCES}/slow`);
      expect(refusal(busy).slice(0, 2)).toEqual([409, 'operationInProgress']);
      expect((await slow.call('POST', `${INSTANCES}/slow/databases`, { name: 'd' })).status).toBe(400);
    } finally {
      await slow.remove();
    }
  });

  test('goes on after the simulator was killed', async () => {
    const slow = await startChecked(['sqladmin'], { speed: 2000 });
    try {
      const started = await slow.call('POST', INSTANCES, body('resumed', {}, { rootPassword: 'a root password' }));
      await slow.restart();
      expect((await finished(slow, started)).error).toBeUndefined();
      expect((await slow.control('GET', '/_simulator/state')).bytes.toString()).not.toContain('a root password');
    } finally {
      await slow.remove();
    }
  });

  test('without an edition, PostgreSQL 16 and newer want an Enterprise Plus tier', async () => {
    const request = (databaseVersion: string, tier: string) =>
      insert(body('editions', { tier, edition: undefined }, { databaseVersion }));
    expect(refusal(await request('POSTGRES_18', 'db-f1-micro'))).toEqual([
      400,
      'invalid',
      'Invalid request: Invalid Tier (db-f1-micro) for (ENTERPRISE_PLUS) Edition. Use a predefined Tier like db-perf-optimized-N-* instead.',
    ]);
    expect((await finished(sim, await request('POSTGRES_18', 'db-perf-optimized-N-2'))).error).toBeUndefined();
    const { settings } = (await sim.call('GET', `${INSTANCES}/editions`)).body;
    expect([settings.edition, settings.backupConfiguration.transactionLogRetentionDays]).toEqual(['ENTERPRISE_PLUS', 14]);
    expect((await makeInstance(sim, 'older', { edition: undefined }, { databaseVersion: 'POSTGRES_15' })).settings.edition).toBe(
      'ENTERPRISE',
    );
  });

  test.each([
    ['a tier of MySQL', { tier: 'db-n1-standard-1' }, {}],
    ['a tier that is none', { tier: 'huge' }, {}],
    ['no tier', { tier: undefined }, {}],
    ['three CPUs', { tier: 'db-custom-3-7680' }, {}],
    ['a crooked memory', { tier: 'db-custom-2-7777' }, {}],
    ['too little memory', { tier: 'db-custom-1-3584' }, {}],
    ['too much memory for the CPUs', { tier: 'db-custom-1-7168' }, {}],
    ['a small disk', { dataDiskSizeGb: '5' }, {}],
    ['long logs', { backupConfiguration: { enabled: true, transactionLogRetentionDays: 14 } }, {}],
    ['high availability on a shared core', { availabilityType: 'REGIONAL' }, {}],
    ['no address at all', { ipConfiguration: { ipv4Enabled: false } }, {}],
    ['SSL modes that contradict each other', { ipConfiguration: { sslMode: 'ENCRYPTED_ONLY', requireSsl: true } }, {}],
    ['an upper-case name', {}, { name: 'Name' }],
    ['a name with an underscore', {}, { name: 'my_db' }],
    ['a name that starts with a digit', {}, { name: '1db' }],
    ['a name that is too long', {}, { name: 'a'.repeat(99 - PROJECT.length) }],
    ['a region that is none', {}, { region: 'mars-north1' }],
    ['a version of the future', {}, { databaseVersion: 'POSTGRES_20' }],
  ])('%s is refused', async (_, settings, others) => {
    const answer = await insert(body('refused', settings, others));
    expect(refusal(answer).slice(0, 2)).toEqual([400, 'invalid']);
    expect((await sim.call('GET', `${INSTANCES}/refused`)).status).toBe(404);
  });

  test.each([
    ['SQL Server', { databaseVersion: 'SQLSERVER_2022_STANDARD' }],
    ['a replica', { masterInstanceName: 'first' }],
  ])('%s is not simulated, and says so', async (_, others) => {
    expect(refusal(await insert(body('other', {}, others))).slice(0, 2)).toEqual([501, 'notImplemented']);
  });

  test('of a name that is taken is 409', async () => {
    await makeInstance(sim, 'taken');
    expect(refusal(await insert(body('taken'))).slice(0, 2)).toEqual([409, 'instanceAlreadyExists']);
  });
});

describe('changing an instance', () => {
  test('merges a patch, counts the settings up and refuses an old version', async () => {
    await makeInstance(sim, 'patched', { userLabels: { a: '1', b: '2' } });
    const operation = await finished(
      sim,
      await patch('patched', { settings: { userLabels: { a: null, c: '3' }, ipConfiguration: { sslMode: 'ENCRYPTED_ONLY' } } }),
    );
    expect(operation.operationType).toBe('UPDATE');
    const { settings, etag } = (await sim.call('GET', `${INSTANCES}/patched`)).body;
    expect([settings.settingsVersion, settings.userLabels, settings.ipConfiguration.sslMode]).toEqual([
      '2',
      { b: '2', c: '3' },
      'ENCRYPTED_ONLY',
    ]);
    expect(refusal(await patch('patched', { settings: { settingsVersion: '1', tier: 'db-g1-small' } })).slice(0, 2)).toEqual([
      412,
      'staleData',
    ]);
    await finished(sim, await patch('patched', { etag, settings: { tier: 'db-g1-small' } }));
    expect((await patch('patched', { etag, settings: { tier: 'db-f1-micro' } })).status).toBe(412);
  });

  test('by update replaces the settings and wants their version', async () => {
    const { settings } = await makeInstance(sim, 'updated', { userLabels: { a: '1' }, deletionProtectionEnabled: true });
    const update = (change: object) =>
      sim.call('PUT', `${INSTANCES}/updated`, { settings: { tier: 'db-g1-small', edition: 'ENTERPRISE', ...change } });
    expect((await update({})).status).toBe(400);
    await finished(sim, await update({ settingsVersion: settings.settingsVersion }));
    const after = (await sim.call('GET', `${INSTANCES}/updated`)).body.settings;
    expect([after.tier, after.userLabels, after.deletionProtectionEnabled]).toEqual(['db-g1-small', undefined, false]);
  });

  test('one thing at a time', async () => {
    const options = { speed: 100_000 };
    const slow = await startChecked(['sqladmin'], options);
    try {
      await makeInstance(slow, 'busy');
      // From here on each takes a third of a second.
      options.speed = 180;
      await slow.restart();
      const first = await slow.call('PATCH', `${INSTANCES}/busy`, { settings: { userLabels: { a: '1' } } });
      const second = await slow.call('PATCH', `${INSTANCES}/busy`, { settings: { userLabels: { a: '2' } } });
      expect(refusal(second).slice(0, 2)).toEqual([409, 'operationInProgress']);
      await finished(slow, first);
      expect((await slow.call('PATCH', `${INSTANCES}/busy`, { settings: { userLabels: { a: '2' } } })).status).toBe(200);
    } finally {
      await slow.remove();
    }
  });

  test('a disk only grows, and a version only goes up', async () => {
    await makeInstance(sim, 'growing', { dataDiskSizeGb: '20' }, { databaseVersion: 'POSTGRES_17' });
    expect((await patch('growing', { settings: { dataDiskSizeGb: '10' } })).status).toBe(400);
    expect((await patch('growing', { databaseVersion: 'POSTGRES_16' })).status).toBe(400);
    await finished(sim, await patch('growing', { databaseVersion: 'POSTGRES_18', settings: { dataDiskSizeGb: '30' } }));
    expect((await sim.call('GET', `${INSTANCES}/growing`)).body).toMatchObject({
      databaseVersion: 'POSTGRES_18',
      settings: { dataDiskSizeGb: '30' },
    });
  });

  test('one that is switched off takes no users', async () => {
    await makeInstance(sim, 'sleeping');
    await finished(sim, await patch('sleeping', { settings: { activationPolicy: 'NEVER' } }));
    expect(refusal(await sim.call('GET', `${INSTANCES}/sleeping/users`))).toEqual([
      400,
      'invalid',
      'Invalid request: Invalid request since instance is not running.',
    ]);
  });
});

describe('deleting an instance', () => {
  test('is refused while it is protected', async () => {
    await makeInstance(sim, 'protected', { deletionProtectionEnabled: true });
    expect(refusal(await sim.call('DELETE', `${INSTANCES}/protected`)).slice(0, 2)).toEqual([400, 'invalid']);
    await finished(sim, await patch('protected', { settings: { deletionProtectionEnabled: false } }));
    expect((await finished(sim, await sim.call('DELETE', `${INSTANCES}/protected`))).operationType).toBe('DELETE');
  });

  test('keeps its name from being used for a week', async () => {
    await makeInstance(sim, 'gone');
    await finished(sim, await sim.call('DELETE', `${INSTANCES}/gone`));
    expect(refusal(await sim.call('GET', `${INSTANCES}/gone`))).toEqual([
      404,
      'instanceDoesNotExist',
      'The Cloud SQL instance does not exist.',
    ]);
    expect(refusal(await insert(body('gone')))[2]).toContain('one week from the deletion date');
    try {
      clock = 7 * 86_400_000 + 1000;
      await makeInstance(sim, 'gone');
    } finally {
      clock = 0;
    }
  });
});

test('a regional instance has a second zone', async () => {
  const instance = await makeInstance(sim, 'regional', { tier: 'db-custom-1-3840', availabilityType: 'REGIONAL' });
  expect([instance.gceZone, instance.secondaryGceZone]).toEqual(['europe-west3-a', 'europe-west3-c']);
});

test('operations are listed for an instance, newest first', async () => {
  await makeInstance(sim, 'history');
  await finished(sim, await patch('history', { settings: { userLabels: { a: '1' } } }));
  const { items } = (await sim.call('GET', `${SQL}/operations?instance=history`)).body;
  expect(items.map((item: { operationType: string }) => item.operationType)).toEqual(['UPDATE', 'CREATE']);
  expect((await sim.call('GET', `${SQL}/operations/00000000-0000-0000-0000-000000000000`)).status).toBe(404);
});

test('the older version answers with its own links', async () => {
  const base = `https://sqladmin.googleapis.com/sql/v1beta4/projects/${PROJECT}`;
  const { body: operation } = await sim.call('POST', `${base}/instances`, body('beta'));
  expect(operation.selfLink).toBe(`${base}/operations/${operation.name}`);
  await sim.until(operation.selfLink, ({ status }) => status === 'DONE');
  expect((await sim.call('GET', `${base}/instances/beta`)).body.selfLink).toBe(`${base}/instances/beta`);
});

test('tiers, flags and how to connect can be asked for', async () => {
  const tiers = (await sim.call('GET', `${SQL}/tiers`)).body.items.map(({ tier }: { tier: string }) => tier);
  expect(tiers).toContain('db-f1-micro');
  const flags = (await sim.call('GET', 'https://sqladmin.googleapis.com/v1/flags?databaseVersion=POSTGRES_18')).body.items;
  expect(flags.map(({ name }: { name: string }) => name)).toContain('cloudsql.iam_authentication');
  expect(flags.every(({ appliesTo }: { appliesTo: string[] }) => appliesTo.includes('POSTGRES_18'))).toBe(true);
  const instance = await makeInstance(sim, 'reachable');
  const connect = (await sim.call('GET', `${INSTANCES}/reachable/connectSettings`)).body;
  expect(connect).toMatchObject({ serverCaCert: instance.serverCaCert, region: 'europe-west3', databaseVersion: 'POSTGRES_18' });
});

test("Google's own client works", async () => {
  const client = sqladmin({
    version: 'v1',
    rootUrl: `http://127.0.0.1:${sim.port}/`,
    headers: { host: 'sqladmin.googleapis.com', authorization: 'Bearer anybody' },
  });
  const { data } = await client.instances.insert({ project: PROJECT, requestBody: body('from-client') });
  await expect
    .poll(async () => (await client.operations.get({ project: PROJECT, operation: data.name ?? '' })).data.status)
    .toBe('DONE');
  expect((await client.instances.get({ project: PROJECT, instance: 'from-client' })).data.state).toBe('RUNNABLE');
  await expect(client.instances.get({ project: PROJECT, instance: 'none' })).rejects.toMatchObject({ status: 404 });
});
