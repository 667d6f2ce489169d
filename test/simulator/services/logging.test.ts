import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSimulator } from '../../support/simulator.ts';
import { PROJECT, startChecked } from './checked-simulator.ts';

const V2 = 'https://logging.googleapis.com/v2';
const RUN = { type: 'cloud_run_revision', labels: { service_name: 'wine', location: 'us-central1' } };
const log = (id: string) => `projects/${PROJECT}/logs/${id}`;

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startChecked([]);
  await write([
    { logName: log('run.googleapis.com%2Fstdout'), resource: RUN, textPayload: 'Started the server', timestamp: at(1) },
    {
      logName: log('run.googleapis.com%2Fstderr'),
      resource: RUN,
      severity: 'ERROR',
      jsonPayload: { message: 'No database', code: 7 },
      labels: { 'run.googleapis.com/base': 'x' },
      timestamp: at(2),
    },
    {
      logName: log('cloudbuild'),
      resource: { type: 'build', labels: { build_id: 'b1' } },
      severity: 'WARNING',
      timestamp: at(3),
    },
  ]);
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

const at = (second: number) => `2026-11-22T10:00:0${second}.5Z`;
async function write(entries: object[], more: object = {}): Promise<void> {
  const { status, body } = await sim.call('POST', `${V2}/entries:write`, { entries, ...more });
  expect([status, body]).toEqual([200, {}]);
}
const list = (filter: string, more: object = {}) =>
  sim.call('POST', `${V2}/entries:list`, { resourceNames: [`projects/${PROJECT}`], filter, ...more });
const seconds = async (filter: string, more: object = {}): Promise<number[]> =>
  ((await list(filter, more)).body.entries ?? []).map(({ timestamp }: { timestamp: string }) => Number(timestamp.slice(18, 19)));

describe('filters', () => {
  test.each([
    ['', [1, 2, 3]],
    ['resource.type="cloud_run_revision"', [1, 2]],
    ['resource.type = cloud_run_revision resource.labels.service_name = "wine"', [1, 2]],
    ['resource.type="cloud_run_revision" AND resource.labels.service_name="other"', []],
    ['resource.type!="build"', [1, 2]],
    ['NOT resource.type="build"', [1, 2]],
    ['-resource.type="build"', [1, 2]],
    ['severity>=WARNING', [2, 3]],
    ['severity=error', [2]],
    ['severity=DEFAULT', [1]],
    ['severity=(ERROR OR WARNING)', [2, 3]],
    [`timestamp>"${at(1)}" timestamp<="2026-11-22T11:00:02.500000000+01:00"`, [2]],
    [`logName="${log('cloudbuild')}"`, [3]],
    ['logName:"run.googleapis.com"', [1, 2]],
    ['log_id("run.googleapis.com/stdout")', [1]],
    ['labels."run.googleapis.com/base"="x"', [2]],
    ['labels:"run.googleapis.com/base"', [2]],
    ['jsonPayload.message:"database"', [2]],
    ['json_payload.code > 6', [2]],
    ['jsonPayload.message=~"^No d"', [2]],
    ['textPayload:*', [1]],
    ['"started THE"', [1]],
    ['resource.type="build" OR textPayload:"server" AND severity=DEFAULT', [1]],
    ['(resource.type="build" OR textPayload:"server") severity=WARNING', [3]],
    ['-- of the server\nseverity=ERROR', [2]],
  ])('%s', async (filter, wanted) => {
    expect(await seconds(filter)).toEqual(wanted);
  });

  test.each(['severity>=', '(severity=ERROR', 'severity=LOUD', 'timestamp>"yesterday"', 'a=~"("', '= 3'])(
    '%s cannot be read',
    async (filter) => {
      const { body } = await list(filter);
      expect(body.error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
    },
  );
});

test('comes newest first when asked, and page by page', async () => {
  expect(await seconds('', { orderBy: 'timestamp desc' })).toEqual([3, 2, 1]);
  const first = await list('', { pageSize: 2, orderBy: 'timestamp desc' });
  expect(first.body.entries).toHaveLength(2);
  expect(await seconds('', { orderBy: 'timestamp desc', pageToken: first.body.nextPageToken })).toEqual([1]);
  expect((await list('', { orderBy: 'severity' })).status).toBe(400);
  expect((await sim.call('POST', `${V2}/entries:list`, {})).status).toBe(400);
});

test('an entry takes name, resource and labels of the request, and gets id and times', async () => {
  await write([{ textPayload: 'plain' }], { logName: log('mine/own'), resource: { type: 'global' }, labels: { a: 'b' } });
  const { body } = await list('textPayload=plain');
  expect(body.entries).toEqual([
    {
      logName: log('mine%2Fown'),
      resource: { type: 'global', labels: { project_id: PROJECT } },
      labels: { a: 'b' },
      textPayload: 'plain',
      insertId: expect.any(String),
      timestamp: expect.any(String),
      receiveTimestamp: expect.any(String),
    },
  ]);
  await write([{ textPayload: 'dry' }], { logName: log('dry'), resource: { type: 'global' }, dryRun: true });
  expect((await list('textPayload=dry')).body.entries).toBeUndefined();
  const logs = await sim.call('GET', `${V2}/projects/${PROJECT}/logs`);
  expect(logs.body.logNames).toContain(log('mine%2Fown'));
  expect((await sim.call('DELETE', `${V2}/${log('mine%252Fown')}`)).status).toBe(200);
  expect((await list('textPayload=plain')).body.entries).toBeUndefined();
  expect((await sim.call('DELETE', `${V2}/${log('mine%252Fown')}`)).status).toBe(404);
});

test.each([
  ['no log', { resource: { type: 'global' } }],
  ['another name', { logName: 'mine', resource: { type: 'global' } }],
  ['no resource', { logName: log('x') }],
  ['two payloads', { logName: log('x'), resource: { type: 'global' }, textPayload: 'a', jsonPayload: {} }],
])('an entry with %s is refused', async (_, entry) => {
  expect((await sim.call('POST', `${V2}/entries:write`, { entries: [entry] })).status).toBe(400);
});

test('the oldest go when there are too many', async () => {
  const small = await startChecked([]);
  const entries = Array.from({ length: 1000 }, (_, place) => ({ textPayload: String(place) }));
  for (let round = 0; round < 6; round++) {
    const body = { entries, logName: log(`round${round}`), resource: { type: 'global' } };
    await small.call('POST', `${V2}/entries:write`, body);
  }
  const logs = await small.call('GET', `${V2}/projects/${PROJECT}/logs`);
  expect(logs.body.logNames).toEqual([1, 2, 3, 4, 5].map((round) => log(`round${round}`)));
  await small.remove();
});
