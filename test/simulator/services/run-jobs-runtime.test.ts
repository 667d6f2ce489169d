import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, grantProject, REGION, secret, smallRuntime, startWorld, type World } from './world.ts';

const runtime = smallRuntime();
let world: World;
let jobs: string;
let image: string;
beforeAll(async () => {
  world = await startWorld({ runtime });
  jobs = `https://run.googleapis.com/v2/projects/${world.project}/locations/${REGION}/jobs`;
  image = `${world.registry}/job:1`;
  expect((await build(world, { Dockerfile: 'FROM x' }, image)).body.status).toBe('SUCCESS');
  await secret(world, 'key', 'hush');
  await grantProject(world, world.runner, 'roles/secretmanager.secretAccessor');
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
  await runtime.stop();
});

interface Wish {
  args?: string[];
  retries?: number;
  tasks?: number;
  parallelism?: number;
}
/** Makes a job that ends in this way, and begins an execution. */
async function begin(id: string, { args = [], retries = 0, tasks = 1, parallelism }: Wish) {
  const env = [
    { name: 'A', value: 'b' },
    { name: 'KEY', valueSource: { secretKeyRef: { secret: 'key', version: 'latest' } } },
  ];
  const containers = [{ image, command: ['run'], args, env }];
  const template = { containers, maxRetries: retries, serviceAccount: world.runner, timeout: '90s' };
  const made = await world.call('POST', `${jobs}?jobId=${id}`, {
    template: { taskCount: tasks, ...(parallelism ? { parallelism } : {}), template },
  });
  expect(made.status, made.bytes.toString()).toBe(200);
  const started = await world.call('POST', `${jobs}/${id}:run`, {});
  return { operation: started.body, url: `https://run.googleapis.com/v2/${started.body.metadata.name}` };
}
async function end(operation: { name: string }) {
  return (await world.sim.until(`https://run.googleapis.com/v2/${operation.name}`, ({ done }) => done === true)).body;
}
const attemptsOf = (execution: string) => runtime.attempts.filter((attempt) => attempt.execution === execution);
const nameOf = (url: string) => url.split('/').at(-1) ?? '';
async function logOf(execution: string) {
  const filter = `resource.type="cloud_run_job" AND labels."run.googleapis.com/execution_name"="${execution}"`;
  const body = { resourceNames: [`projects/${world.project}`], filter };
  await world.call(
    'POST',
    `https://serviceusage.googleapis.com/v1/projects/${world.project}/services/logging.googleapis.com:enable`,
    {},
  );
  return (await world.sim.call('POST', 'https://logging.googleapis.com/v2/entries:list', body)).body.entries ?? [];
}

test('each task runs with the image, what its template says and the values of its secrets', async () => {
  const { operation, url } = await begin('good', { tasks: 3, parallelism: 1 });
  const { response } = await end(operation);
  expect(response).toMatchObject({ taskCount: 3, succeededCount: 3, conditions: [{ state: 'CONDITION_SUCCEEDED' }, {}, {}, {}] });
  expect(response).not.toHaveProperty('runningCount');
  const attempts = attemptsOf(nameOf(url));
  expect(attempts.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(attempts[2]).toMatchObject({
    job: `projects/${world.project}/locations/${REGION}/jobs/good`,
    count: 3,
    attempt: 0,
    image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/),
    command: ['run'],
    env: { A: 'b', KEY: 'hush' },
    serviceAccount: world.runner,
    timeoutSeconds: 90,
  });
  const { tasks } = (await world.call('GET', `${url}/tasks`)).body;
  expect(tasks[1]).toMatchObject({ index: 1, completionTime: expect.any(String), lastAttemptResult: {} });
  const entries = await logOf(nameOf(url));
  expect(entries.map(({ textPayload }: { textPayload: string }) => textPayload)).toContain('task 2 attempt 0');
  expect(entries[0]).toMatchObject({
    logName: `projects/${world.project}/logs/run.googleapis.com%2Fstdout`,
    resource: { type: 'cloud_run_job', labels: { job_name: 'good', location: REGION } },
    labels: { 'run.googleapis.com/task_index': '0' },
  });
});

test('a task that fails is tried again as often as its job allows, and then fails the execution', async () => {
  const flaky = await begin('flaky', { args: ['flaky'], retries: 1 });
  expect((await end(flaky.operation)).response).toMatchObject({ succeededCount: 1, retriedCount: 1 });
  expect(attemptsOf(nameOf(flaky.url)).map(({ attempt }) => attempt)).toEqual([0, 1]);
  const broken = await begin('broken', { args: ['7'], retries: 2, tasks: 2 });
  const { error } = await end(broken.operation);
  expect(error.message).toMatch(/^Task broken-\w{5}-task0 failed with message: The container exited with an error\.$/);
  expect(attemptsOf(nameOf(broken.url))).toHaveLength(6);
  expect((await world.call('GET', broken.url)).body).toMatchObject({
    failedCount: 2,
    retriedCount: 4,
    conditions: [{ type: 'Completed', state: 'CONDITION_FAILED', executionReason: 'NON_ZERO_EXIT_CODE' }, {}, {}, {}],
  });
  const [task] = (await world.call('GET', `${broken.url}/tasks`)).body.tasks;
  expect(task).toMatchObject({
    retried: 2,
    lastAttemptResult: { exitCode: 7, status: { message: expect.stringContaining('error') } },
  });
  const namespace = `https://${REGION}-run.googleapis.com/apis/run.googleapis.com/v1/namespaces/${world.project}`;
  expect((await world.call('GET', `${namespace}/executions/${nameOf(broken.url)}`)).body.status).toMatchObject({
    failedCount: 2,
    retriedCount: 4,
    conditions: [{ type: 'Completed', status: 'False', reason: 'NonZeroExitCode' }, {}, {}, {}],
  });
  expect((await world.call('GET', `${namespace}/tasks/${nameOf(broken.url)}-task1`)).body.status).toMatchObject({
    retried: 2,
    lastAttemptResult: { exitCode: 7 },
  });
});

test.each([
  ['timeout', /timeout of 90 seconds was reached/],
  ['signal', /ended by signal 9/],
  ['none', /names no command/],
])('an execution whose task ends by %s says so', async (how, message) => {
  const { operation, url } = await begin(`by-${how}`, { args: [how] });
  expect((await end(operation)).error.message).toMatch(message);
  expect((await world.call('GET', url)).body.conditions[0]).toMatchObject({
    state: 'CONDITION_FAILED',
    message: expect.stringMatching(message),
  });
});

test('its tasks can be seen while they run, and end when it is cancelled', async () => {
  const { operation, url } = await begin('long', { args: ['wait'], tasks: 3, parallelism: 2 });
  await world.sim.until(url, ({ runningCount }) => runningCount === 2);
  const before = (await world.call('GET', `${url}/tasks`)).body.tasks;
  expect(before.map(({ startTime }: { startTime?: string }) => startTime !== undefined)).toEqual([true, true, false]);
  const [first] = attemptsOf(nameOf(url));
  expect((await world.call('POST', `${url}:cancel`, {})).status).toBe(200);
  await expect.poll(() => first?.signal.aborted, { timeout: 10_000 }).toBe(true);
  expect((await end(operation)).error.code).toBe(1);
  expect((await world.call('GET', url)).body).toMatchObject({
    cancelledCount: 3,
    conditions: [{ executionReason: 'CANCELLED' }, {}, {}, {}],
  });
  const after = (await world.call('GET', `${url}/tasks`)).body.tasks;
  for (const task of after) expect(task.conditions[0].state).toBe('CONDITION_FAILED');
  expect(attemptsOf(nameOf(url))).toHaveLength(2);
});

test('what had not ended when the simulator ended runs again at the next start; what had ended does not', async () => {
  const { operation, url } = await begin('again', { args: ['wait'], tasks: 2, parallelism: 1 });
  await world.sim.until(url, ({ runningCount }) => runningCount === 1);
  await world.sim.restart();
  await expect.poll(() => attemptsOf(nameOf(url)).length, { timeout: 10_000 }).toBe(2);
  expect(attemptsOf(nameOf(url)).map(({ index }) => index)).toEqual([0, 0]);
  await world.call('POST', `${url}:cancel`, {});
  await end(operation);
  await world.call('DELETE', `${jobs}/again`);
  await world.sim.until(`${jobs}/again`, ({ error }) => error?.code === 404);
  expect((await world.call('GET', `${url}/tasks`)).status).toBe(404);
});

test('an image from elsewhere cannot be run here', async () => {
  const containers = [{ image: 'gcr.io/cloudrun/hello' }];
  await world.call('POST', `${jobs}?jobId=foreign`, { template: { template: { containers } } });
  const started = await world.call('POST', `${jobs}/foreign:run`, {});
  expect((await end(started.body)).error.message).toMatch(/not in a registry of this machine/);
});
