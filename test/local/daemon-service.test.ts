import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../src/local/runtime/process-identity.ts';
import { type DaemonPlace, daemonPlace, type Json } from './daemon-setup.ts';
import { fakeServerSource } from './runtime/run-setup.ts';

const REGION = 'europe-west3';
const PROJECT = 'mlflow-local';
const PARENT = `projects/${PROJECT}/locations/${REGION}`;
const IMAGE = `${REGION}-docker.pkg.dev/${PROJECT}/fake/server:1`;
const RUNNER = `runner@${PROJECT}.iam.gserviceaccount.com`;

/** The path of any deployment, with a small server in the place of MLflow: source → Cloud Build → Cloud Run. */
describe('a service on Cloud Run', () => {
  let place: DaemonPlace;
  let door: string;
  beforeAll(async () => {
    place = await daemonPlace();
    await place.run('local', 'start');
  });
  afterAll(() => place.remove());

  const ok = async (method: string, url: string, body?: unknown): Promise<Json> => {
    const answer = await place.api(method, url, body);
    expect(answer, `${method} ${url}`).toMatchObject({ status: 200 });
    return answer.body;
  };
  const template = (answer: string, fault?: string) => ({
    serviceAccount: RUNNER,
    containers: [
      {
        image: IMAGE,
        ports: [{ containerPort: 8080 }],
        env: [
          { name: 'FAKE_NODE', value: process.execPath },
          { name: 'FAKE_ANSWER', value: answer },
          ...(fault === undefined ? [] : [{ name: 'FAKE_FAULT', value: fault }]),
        ],
        startupProbe: { httpGet: { path: '/health' }, periodSeconds: 1, failureThreshold: 10, timeoutSeconds: 1 },
      },
    ],
  });
  const answerOf = async (): Promise<string> => ((await (await fetch(`${door}/seen`)).json()) as Json).answer;
  const service = () => place.api('GET', `https://run.googleapis.com/v2/${PARENT}/services/fake`).then(({ body }) => body);

  it('is built from its source and served at its plain loopback address', async () => {
    for (const api of ['iam', 'storage', 'artifactregistry', 'cloudbuild', 'run']) {
      await ok('POST', `https://serviceusage.googleapis.com/v1/projects/${PROJECT}/services/${api}.googleapis.com:enable`, {});
    }
    await expect
      .poll(
        async () =>
          (await place.api('POST', `https://iam.googleapis.com/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'runner' }))
            .status,
        { timeout: 10_000 },
      )
      .toBe(200);
    await ok('POST', `https://storage.googleapis.com/storage/v1/b?project=${PROJECT}`, {
      name: 'fake-source-bucket',
      location: REGION,
    });
    await ok(
      'POST',
      'https://storage.googleapis.com/upload/storage/v1/b/fake-source-bucket/o?uploadType=media&name=source.tgz',
      await fakeServerSource(),
    );
    await ok('POST', `https://artifactregistry.googleapis.com/v1/${PARENT}/repositories?repositoryId=fake`, { format: 'DOCKER' });
    const repository = `https://artifactregistry.googleapis.com/v1/${PARENT}/repositories/fake`;
    await expect.poll(async () => (await place.api('GET', repository)).status, { timeout: 10_000 }).toBe(200);
    const build = await ok('POST', `https://cloudbuild.googleapis.com/v1/${PARENT}/builds`, {
      source: { storageSource: { bucket: 'fake-source-bucket', object: 'source.tgz' } },
      steps: [{ name: 'gcr.io/cloud-builders/docker', args: ['build', '-t', IMAGE, '.'] }],
      images: [IMAGE],
    });
    const { id } = build.metadata.build;
    const status = async () =>
      (await place.api('GET', `https://cloudbuild.googleapis.com/v1/${PARENT}/builds/${id}`)).body.status;
    await expect.poll(status, { timeout: 20_000 }).toBe('SUCCESS');
    await ok('POST', `https://run.googleapis.com/v2/${PARENT}/services?serviceId=fake`, {
      template: template('first'),
      invokerIamDisabled: true,
    });
    await expect.poll(async () => (await place.run('local', 'status')).json.services.length, { timeout: 20_000 }).toBe(1);
    const [known] = (await place.run('local', 'status')).json.services;
    expect(known.name).toBe(`${PARENT}/services/fake`);
    expect(known.serviceUrl).toMatch(/^https:\/\/fake-\d+\.europe-west3\.run\.app$/);
    door = known.url;
    expect(await answerOf()).toBe('first');
  });

  it('keeps its revision when the next one does not get ready, and says why', async () => {
    await ok('PATCH', `https://run.googleapis.com/v2/${PARENT}/services/fake`, {
      template: template('broken', 'exit'),
      invokerIamDisabled: true,
    });
    await expect.poll(async () => (await service()).terminalCondition?.state, { timeout: 20_000 }).toBe('CONDITION_FAILED');
    expect((await service()).terminalCondition.message).toContain('failed to start and listen on the port');
    expect(await answerOf()).toBe('first');
    const { json } = await place.run('local', 'logs', '--service', 'fake');
    expect(json.lines.map(({ text }: { text: string }) => text).join('\n')).toContain('the database is not there');
  });

  it('takes over with a revision that gets ready', async () => {
    await ok('PATCH', `https://run.googleapis.com/v2/${PARENT}/services/fake`, {
      template: template('second'),
      invokerIamDisabled: true,
    });
    await expect.poll(answerOf, { timeout: 20_000 }).toBe('second');
  });

  it('serves again at the same address after a stop and a start, and after a kill and a start', async () => {
    await place.run('local', 'stop');
    await expect(answerOf()).rejects.toThrow();
    await place.run('local', 'start');
    expect(await answerOf()).toBe('second');
    process.kill(place.record().pid, 'SIGKILL');
    await expect.poll(() => isAlive(place.record())).toBe(false);
    await place.run('local', 'start');
    expect(await answerOf()).toBe('second');
    expect((await place.run('local', 'status')).json.processes).toHaveLength(1);
  });

  it('has the same image run as a job, which is told of by its execution, by Cloud Logging and by its log file', async () => {
    const jobs = `https://run.googleapis.com/v2/${PARENT}/jobs`;
    const containers = [{ image: IMAGE, command: ['bash', '-c'], args: ['echo "$CLOUD_RUN_JOB: $A"; exit $STATUS'] }];
    const env = (status: string) => ({ containerOverrides: [{ env: [{ name: 'STATUS', value: status }] }] });
    const job = { ...containers[0], env: [{ name: 'A', value: 'hello' }] };
    await ok('POST', `${jobs}?jobId=greet`, {
      template: { template: { serviceAccount: RUNNER, maxRetries: 0, containers: [job] } },
    });
    const run = async (status: string): Promise<Json> => {
      const { name } = await ok('POST', `${jobs}/greet:run`, { overrides: env(status) });
      const operation = () => place.api('GET', `https://run.googleapis.com/v2/${name}`).then(({ body }) => body);
      await expect.poll(async () => (await operation()).done, { timeout: 20_000 }).toBe(true);
      return operation();
    };
    expect((await run('0')).response).toMatchObject({ succeededCount: 1 });
    expect((await run('4')).error.message).toContain('The container exited with an error.');
    const { json } = await place.run('local', 'logs', '--service', 'greet');
    expect(json.lines.map(({ text }: { text: string }) => text).join('\n')).toContain('greet: hello');
    await ok('POST', `https://serviceusage.googleapis.com/v1/projects/${PROJECT}/services/logging.googleapis.com:enable`, {});
    const filter = 'resource.type="cloud_run_job" AND textPayload="greet: hello"';
    const list = { resourceNames: [`projects/${PROJECT}`], filter };
    const found = await place.api('POST', 'https://logging.googleapis.com/v2/entries:list', list);
    expect(found.body.entries).toHaveLength(2);
  });

  it('goes when it is deleted', async () => {
    await ok('DELETE', `https://run.googleapis.com/v2/${PARENT}/services/fake`);
    await expect
      .poll(async () => (await place.run('local', 'status')).json, { timeout: 20_000 })
      .toMatchObject({ services: [], processes: [] });
    await expect(answerOf()).rejects.toThrow();
  });
});
