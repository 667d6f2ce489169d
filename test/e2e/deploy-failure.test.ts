import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Runtime } from '../../src/local/runtime-port.ts';
import { smallRuntime } from '../simulator/services/world.ts';
import { startCloud } from '../support/deployment.ts';

/** Databases that are there without being there: these tests are about the server. */
const noDatabases: Runtime['sql'] = {
  start: async () => ({ host: '127.0.0.1', port: 1 }),
  stop: async () => undefined,
  remove: async () => undefined,
  createDatabase: async () => undefined,
  dropDatabase: async () => undefined,
  setUser: async () => undefined,
  dropUser: async () => undefined,
} as unknown as Runtime['sql'];

async function deployed() {
  const runtime = { ...smallRuntime(), sql: noDatabases };
  const cloud = await startCloud({ runtime });
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const first = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(JSON.parse(first.stdout)).toMatchObject({ ok: true, outcome: 'created' });
  const { projectId } = cloud.simulator.project;
  const manifest = path.join(cloud.folder, 'deploy/production/service.yaml');
  const edit = async (from: string, to: string) => {
    const text = await readFile(manifest, 'utf8');
    expect(text).toContain(from);
    await writeFile(manifest, text.replace(from, to));
  };
  const url = `https://us-central1-run.googleapis.com/v1/projects/${projectId}/locations/us-central1/services/mlflow`;
  const serving = async () => (await cloud.simulator.call('GET', url)).body.status.traffic[0].revisionName as string;
  return { cloud, projectId, edit, serving };
}

test('a revision that does not get ready leaves the old one serving, and says why with the lines of its log', async () => {
  const { cloud, projectId, edit, serving } = await deployed();
  const before = await serving();
  await edit('          env:\n', "          env:\n            - name: FAIL\n              value: 'yes'\n");
  const { status, stderr, stdout } = await cloud.run('deploy', '--with', 'api', '--no-check');
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain('failed Deploy to Cloud Run');
  expect(stderr).toMatch(/Error \(RUN_NOT_READY\): .*HealthCheckContainerError/);
  expect(stderr).toMatch(/The last lines of mlflow-\d+-\w+:\n {2}first line\n {2}last line\n/);
  expect(stderr).toContain(`${before} goes on serving.`);
  expect(stderr).toContain('Next: See what the server wrote: gcloud run services logs read mlflow');
  expect(await serving()).toBe(before);

  // What that command of gcloud asks for.
  const filter =
    'resource.type = cloud_run_revision resource.labels.service_name = mlflow resource.labels.location = us-central1 severity >= DEFAULT';
  const asked = { resourceNames: [`projects/${projectId}`], filter, orderBy: 'timestamp desc', pageSize: 50 };
  const { body } = await cloud.simulator.call('POST', 'https://logging.googleapis.com/v2/entries:list', asked);
  expect(body.entries.map(({ textPayload }: { textPayload: string }) => textPayload)).toEqual(['last line', 'first line']);
  expect(body.entries[0]).toMatchObject({
    logName: `projects/${projectId}/logs/run.googleapis.com%2Fstderr`,
    resource: { labels: { revision_name: expect.stringMatching(/^mlflow-00002-/) } },
  });
});

test('a revision that could not even start has no lines, and says why all the same', async () => {
  const { cloud, edit, serving } = await deployed();
  const before = await serving();
  await edit('name: mlflow_tracking_password', 'name: mlflow_missing');
  const begun = Date.now();
  const { status, stdout } = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(status).toBe(1);
  const { code, message } = JSON.parse(stdout).error;
  expect(code).toBe('RUN_NOT_READY');
  expect(message).toMatch(/SecretsAccessCheckFailed.*mlflow_missing/);
  expect(message).not.toContain('The last lines');
  expect(message).toContain(`${before} goes on serving.`);
  expect(await serving()).toBe(before);
  expect(Date.now() - begun).toBeLessThan(30_000);
});
