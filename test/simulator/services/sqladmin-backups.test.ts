import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';
import { body, finished, INSTANCES, makeInstance, refusal, SQL } from './sqladmin-client.ts';

const MAIN = `${INSTANCES}/main`;
let sim: TestSimulator;

beforeEach(async () => {
  sim = await startChecked(['sqladmin']);
  await makeInstance(sim, 'main');
});
afterEach(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

const get = async (url: string) => (await sim.call('GET', url)).body;
async function backUp(fields: object = {}): Promise<string> {
  const answer = await sim.call('POST', `${MAIN}/backupRuns`, fields);
  expect((await finished(sim, answer)).error).toBeUndefined();
  return answer.body.backupContext.backupId;
}
const databases = async (name: string) =>
  ((await get(`${INSTANCES}/${name}/databases`)).items ?? []).map((database: { name: string }) => database.name);
const addDatabase = (name: string) => sim.call('POST', `${MAIN}/databases`, { name });
const restore = (instance: string, request: object) => sim.call('POST', `${INSTANCES}/${instance}/restoreBackup`, request);

test('a backup is enqueued, then successful, and the same by both of its names; restoring keeps others out meanwhile', async () => {
  // So slow that what goes on can be seen.
  await sim.remove();
  sim = await startChecked(['sqladmin'], { speed: 400 });
  await makeInstance(sim, 'main');
  await addDatabase('wine');
  const answer = await sim.call('POST', `${MAIN}/backupRuns`, { description: 'before' });
  expect(answer.body).toMatchObject({ operationType: 'BACKUP_VOLUME', targetId: 'main', status: 'PENDING' });
  const { backupId, name } = answer.body.backupContext;
  expect(await get(`${MAIN}/backupRuns/${backupId}`)).toMatchObject({ status: 'ENQUEUED', type: 'ON_DEMAND' });
  expect(refusal(await sim.call('POST', `${MAIN}/backupRuns`, {}))[1]).toBe('operationInProgress');
  await finished(sim, answer);
  expect(await get(`${MAIN}/backupRuns/${backupId}`)).toMatchObject({ status: 'SUCCESSFUL', description: 'before' });
  expect(await get(`https://sqladmin.googleapis.com/v1/${name}`)).toMatchObject({
    name,
    state: 'SUCCESSFUL',
    backupRun: `projects/${PROJECT}/instances/main/backupRuns/${backupId}`,
    instanceSettings: { name: 'main', settings: { tier: 'db-f1-micro' } },
  });
  await addDatabase('later');
  const restored = await restore('main', { restoreBackupContext: { backupRunId: backupId, instanceId: 'main' } });
  expect(restored.body).toMatchObject({ operationType: 'RESTORE_VOLUME', targetId: 'main' });
  expect((await get(MAIN)).state).toBe('MAINTENANCE');
  expect(refusal(await sim.call('PATCH', MAIN, { settings: { tier: 'db-g1-small' } }))[1]).toBe('operationInProgress');
  await finished(sim, restored);
  expect((await get(MAIN)).state).toBe('RUNNABLE');
  expect(await databases('main')).toEqual(['postgres', 'wine']);
});

test('an instance that exists has to fit the backup', async () => {
  const id = await backUp();
  const context = { restoreBackupContext: { backupRunId: id, instanceId: 'main' } };
  await finished(sim, await sim.call('POST', INSTANCES, body('older', {}, { databaseVersion: 'POSTGRES_17' })));
  expect(refusal(await restore('older', context))).toEqual([
    400,
    'invalid',
    'Invalid request: Database type of target instance and backup differ. Instance database type: POSTGRES_17, Backup database type: POSTGRES_18.',
  ]);
  await finished(sim, await sim.call('PATCH', MAIN, { settings: { dataDiskSizeGb: '20' } }));
  const large = await backUp();
  await makeInstance(sim, 'small');
  const other = { restoreBackupContext: { backupRunId: large, instanceId: 'main', project: PROJECT } };
  expect(refusal(await restore('small', other)).slice(0, 2)).toEqual([400, 'invalidOperation']);
  expect(refusal(await restore('small', {}))[2]).toContain('Exactly one of');
  expect(refusal(await restore('none', context))[1]).toBe('instanceDoesNotExist');
  expect(refusal(await restore('main', { restoreBackupContext: { backupRunId: '1', instanceId: 'main' } }))[1]).toBe(
    'backupRunDoesNotExist',
  );
  await finished(sim, await sim.call('PATCH', MAIN, { settings: { activationPolicy: 'NEVER' } }));
  expect(refusal(await restore('main', context))[0]).toBe(400);
});

test('a final backup outlives its instance, and a new one is made from it, in other sizes', async () => {
  await addDatabase('wine');
  await backUp();
  const url = `${MAIN}?enableFinalBackup=true&finalBackupTtlDays=7&finalBackupDescription=the+last`;
  await finished(sim, await sim.call('DELETE', url));
  const { backups } = await get(`${SQL}/backups`);
  expect(backups).toHaveLength(1);
  const [final] = backups;
  expect(final).toMatchObject({ type: 'FINAL', state: 'SUCCESSFUL', instance: 'main', description: 'the last' });
  expect(Date.parse(final.expiryTime) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
  expect(final.instanceDeletionTime).toBeDefined();
  const taken = { backup: final.name };
  expect(refusal(await restore('main', taken))[1]).toBe('instanceAlreadyExists');
  const smaller = { databaseVersion: 'POSTGRES_17' };
  expect(refusal(await restore('again', { ...taken, restoreInstanceSettings: smaller }))[2]).toContain('differ');
  const changes = { settings: { tier: 'db-g1-small' } };
  await finished(sim, await restore('again', { ...taken, restoreInstanceSettings: changes }));
  expect(await get(`${INSTANCES}/again`)).toMatchObject({
    state: 'RUNNABLE',
    region: 'europe-west3',
    settings: { tier: 'db-g1-small', edition: 'ENTERPRISE', settingsVersion: '1' },
  });
  expect(await databases('again')).toEqual(['postgres', 'wine']);
  await finished(sim, await sim.call('DELETE', `https://sqladmin.googleapis.com/v1/${final.name}`));
  expect((await get(`${SQL}/backups`)).backups).toBeUndefined();
  expect(refusal(await sim.call('DELETE', `${INSTANCES}/again?enableFinalBackup=true&finalBackupTtlDays=400`))[0]).toBe(400);
});

test('backups stay after their instance only where it is set to retain them; what has expired is gone', async () => {
  const answer = await sim.call('POST', `${SQL}/backups`, { instance: 'main', description: 'short', ttlDays: '1' });
  await finished(sim, answer);
  const { name } = answer.body.backupContext;
  const own = `https://sqladmin.googleapis.com/v1/${name}`;
  await finished(sim, await sim.call('PATCH', `${own}?updateMask=description`, { description: 'longer' }));
  expect((await get(own)).description).toBe('longer');
  expect((await get(`${SQL}/backups?filter=instance:main`)).backups).toHaveLength(1);
  expect((await get(`${SQL}/backups?filter=type=FINAL`)).backups).toBeUndefined();
  await finished(sim, await sim.call('PATCH', MAIN, { settings: { retainBackupsOnDelete: true } }));
  await finished(sim, await sim.call('DELETE', MAIN));
  expect(await get(own)).toMatchObject({ type: 'ON_DEMAND', instanceDeletionTime: expect.any(String) });
  const expiryTime = new Date(Date.now() + 1_500).toISOString();
  await finished(sim, await sim.call('PATCH', `${own}?updateMask=expiryTime`, { expiryTime }));
  await expect.poll(async () => (await sim.call('GET', own)).status, { timeout: 10_000 }).toBe(404);
  await sim.restart();
  expect((await sim.control('GET', '/_simulator/state')).body['sqladmin.backups']).toBeUndefined();
});

test('a clone has the source’s content and settings', async () => {
  await addDatabase('wine');
  const answer = await sim.call('POST', `${MAIN}/clone`, { cloneContext: { destinationInstanceName: 'copy' } });
  expect(answer.body).toMatchObject({ operationType: 'CLONE', targetId: 'copy' });
  await finished(sim, answer);
  expect(await get(`${INSTANCES}/copy`)).toMatchObject({ state: 'RUNNABLE', settings: { tier: 'db-f1-micro' } });
  expect(await databases('copy')).toEqual(['postgres', 'wine']);
  const again = await sim.call('POST', `${MAIN}/clone`, { cloneContext: { destinationInstanceName: 'copy' } });
  expect(refusal(again)[1]).toBe('instanceAlreadyExists');
  const past = { destinationInstanceName: 'other', pointInTime: '2026-01-01T00:00:00Z' };
  expect((await sim.call('POST', `${MAIN}/clone`, { cloneContext: past })).status).toBe(501);
});
