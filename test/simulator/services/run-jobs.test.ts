import { afterAll, beforeAll, expect, test } from 'vitest';
import { REGION, secret, startWorld, type World } from './world.ts';

let world: World;
let v2: string;
let v1: string;
beforeAll(async () => {
  world = await startWorld();
  v2 = `https://run.googleapis.com/v2/projects/${world.project}/locations/${REGION}/jobs`;
  v1 = `https://${REGION}-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/${world.project}`;
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});
const IMAGE = 'gcr.io/cloudrun/hello';
const task = (more: object = {}) => ({ template: { template: { containers: [{ image: IMAGE }], ...more } } });

async function done(answer: { body: { name: string } }, at = world) {
  const ended = await at.sim.until(`https://run.googleapis.com/v2/${answer.body.name}`, (operation) => operation.done === true);
  return ended.body;
}

test('a job is made, changed, run and deleted by the second API', async () => {
  const body = { ...task({ maxRetries: 0 }), labels: { a: 'b' } };
  const created = await done(await world.call('POST', `${v2}?jobId=one`, body));
  expect(created.response).toMatchObject({
    '@type': 'type.googleapis.com/google.cloud.run.v2.Job',
    name: `projects/${world.project}/locations/${REGION}/jobs/one`,
    labels: { a: 'b' },
    generation: '1',
    terminalCondition: { state: 'CONDITION_SUCCEEDED' },
    template: { taskCount: 1, template: { maxRetries: 0, timeout: '600s' } },
  });
  expect((await world.call('POST', `${v2}?jobId=one`, body)).status).toBe(409);
  await done(await world.call('PATCH', `${v2}/one`, { template: { ...task().template, taskCount: 3 } }));
  expect((await world.call('GET', `${v2}/one`)).body).toMatchObject({ generation: '2', template: { taskCount: 3 } });
  const listed = (await world.call('GET', v2)).body.jobs;
  expect(listed.map(({ name }: { name: string }) => name.split('/').at(-1))).toEqual(['one']);

  const overrides = { containerOverrides: [{ args: ['x'], env: [{ name: 'A', value: 'b' }] }], taskCount: 2, timeout: '60s' };
  const started = await world.call('POST', `${v2}/one:run`, { overrides });
  expect(started.body.metadata).toMatchObject({ '@type': 'type.googleapis.com/google.cloud.run.v2.Execution', job: 'one' });
  const { response } = await done(started);
  expect(response).toMatchObject({ job: 'one', taskCount: 2, succeededCount: 2, completionTime: expect.any(String) });
  expect(response.template).toMatchObject({ timeout: '60s', containers: [{ args: ['x'], env: [{ name: 'A', value: 'b' }] }] });
  const execution = `https://run.googleapis.com/v2/${response.name}`;
  const tasks = (await world.call('GET', `${execution}/tasks`)).body.tasks;
  expect(tasks.map(({ index = 0 }: { index?: number }) => index)).toEqual([0, 1]);
  expect((await world.call('GET', `https://run.googleapis.com/v2/${tasks[1].name}`)).body.index).toBe(1);
  expect((await world.call('GET', `${v2}/one`)).body).toMatchObject({
    executionCount: 1,
    latestCreatedExecution: { completionStatus: 'EXECUTION_SUCCEEDED' },
  });
  expect((await world.call('POST', `${execution}:cancel`, {})).status).toBe(400);
  await done(await world.call('DELETE', execution));
  expect((await world.call('GET', execution)).status).toBe(404);
  await done(await world.call('DELETE', `${v2}/one`));
  expect((await world.call('GET', `${v2}/one`)).status).toBe(404);
});

test('an execution fails where its image or a secret is missing', async () => {
  await done(
    await world.call('POST', `${v2}?jobId=two`, {
      template: { template: { containers: [{ image: `${world.registry}/none:1` }] } },
    }),
  );
  const failed = await done(await world.call('POST', `${v2}/two:run`, {}));
  expect(failed.error.message).toMatch(/Image '.+' not found/);
  const [execution] = (await world.call('GET', `${v2}/two/executions`)).body.executions;
  expect(execution).toMatchObject({ failedCount: 1, conditions: [{ type: 'Completed', state: 'CONDITION_FAILED' }, {}, {}, {}] });

  await secret(world, 'hidden', 'hush');
  const env = [{ name: 'A', valueSource: { secretKeyRef: { secret: 'hidden', version: 'latest' } } }];
  const containers = [{ image: IMAGE, env }];
  await done(await world.call('PATCH', `${v2}/two`, { template: { template: { containers, serviceAccount: world.runner } } }));
  expect((await done(await world.call('POST', `${v2}/two:run`, {}))).error.message).toMatch(/Permission denied on secret/);
  await done(await world.call('DELETE', `${v2}/two`));
});

test('what is no job is refused', async () => {
  for (const [id, body] of [
    ['Bad_Name', task()],
    ['none', { template: { template: {} } }],
    ['many', { template: { ...task().template, taskCount: 20_000 } }],
    ['often', task({ maxRetries: 11 })],
  ] as const)
    expect([id, (await world.call('POST', `${v2}?jobId=${id}`, body)).status]).toEqual([id, 400]);
  const account = `nobody@${world.project}.iam.gserviceaccount.com`;
  expect((await world.call('POST', `${v2}?jobId=account`, task({ serviceAccount: account }))).status).toBe(403);
  expect((await world.call('POST', `${v2}/missing:run`, {})).status).toBe(404);
});

test('the first API has the same jobs in Knative’s form', async () => {
  const spec = { containers: [{ image: IMAGE, env: [{ name: 'A', value: 'b' }] }], maxRetries: 1, timeoutSeconds: '90' };
  const job = {
    apiVersion: 'run.googleapis.com/v1',
    kind: 'Job',
    metadata: { name: 'three', namespace: world.project, annotations: { 'run.googleapis.com/launch-stage': 'BETA' } },
    spec: { template: { spec: { taskCount: 2, template: { spec } } } },
  };
  const made = await world.call('POST', `${v1}/jobs`, job);
  expect(made.body).toMatchObject({
    kind: 'Job',
    metadata: { name: 'three', generation: 1 },
    spec: { template: { spec: { taskCount: 2, template: { spec: { maxRetries: 1, timeoutSeconds: '90' } } } } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  expect((await world.call('GET', `${v2}/three`)).body).toMatchObject({
    launchStage: 'BETA',
    template: { taskCount: 2, template: { timeout: '90s' } },
  });
  const { metadata } = (await world.call('POST', `${v1}/jobs/three:run`, {})).body;
  const ended = await world.sim.until(`${v1}/executions/${metadata.name}`, ({ status }) => status.completionTime !== undefined);
  expect(ended.body).toMatchObject({
    kind: 'Execution',
    status: { succeededCount: 2, conditions: [{ type: 'Completed', status: 'True' }, {}, {}, {}] },
  });
  const selected = await world.call(
    'GET',
    `${v1}/tasks?labelSelector=${encodeURIComponent(`run.googleapis.com/execution=${metadata.name}`)}`,
  );
  expect(selected.body.items).toHaveLength(2);
  const of = (name: string) =>
    world.call('GET', `${v1}/executions?labelSelector=${encodeURIComponent(`run.googleapis.com/job=${name}`)}`);
  expect((await of('three')).body.items).toHaveLength(1);
  expect((await of('other')).body.items).toHaveLength(0);
  expect((await world.call('DELETE', `${v1}/jobs/three`)).body).toMatchObject({ status: 'Success' });
  await world.sim.until(`${v1}/jobs/three`, (body) => body.error?.code === 404);
});

test('an execution that goes on can be cancelled, and what goes on ends after a restart', async () => {
  const slow = await startWorld({ speed: 100 });
  try {
    const jobs = `https://run.googleapis.com/v2/projects/${slow.project}/locations/${REGION}/jobs`;
    await done(await slow.call('POST', `${jobs}?jobId=four`, task()), slow);
    const running = await slow.call('POST', `${jobs}/four:run`, {});
    const { name } = running.body.metadata;
    expect((await slow.call('GET', `https://run.googleapis.com/v2/${name}`)).body).toMatchObject({
      reconciling: true,
      runningCount: 1,
    });
    const cancelled = await done(await slow.call('POST', `https://run.googleapis.com/v2/${name}:cancel`, {}), slow);
    expect(cancelled.response).toMatchObject({
      cancelledCount: 1,
      conditions: [{ message: 'Execution was cancelled.' }, {}, {}, {}],
    });
    expect((await done(running, slow)).error.code).toBe(1);

    const interrupted = await slow.call('POST', `${jobs}/four:run`, {});
    await slow.sim.restart();
    expect((await done(interrupted, slow)).response.succeededCount).toBe(1);
  } finally {
    await slow.remove();
  }
});
