import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { isRead, type LoggedRequest, startCloud } from '../support/deployment.ts';
import { lockedFolder } from '../support/project-folder.ts';

/** The longest chain of requests that began after one another had ended. */
function depth(requests: LoggedRequest[]): number {
  const spans = requests
    .map(({ time, durationMs }) => ({ start: Date.parse(time), end: Date.parse(time) + durationMs }))
    .sort((a, b) => a.start - b.start);
  const depths: number[] = [];
  spans.forEach((span, index) => {
    const before = spans.slice(0, index).map((other, at) => (other.end <= span.start ? depths[at]! : 0));
    depths.push(1 + Math.max(0, ...before));
  });
  return Math.max(0, ...depths);
}

test('init makes everything, labelled and narrowly granted; a second run writes nothing and is four looks deep', async () => {
  const cloud = await startCloud();
  const { simulator } = cloud;
  const first = await cloud.run('init', '--yes', '--json');
  expect(first.stderr).toBe('');
  expect(first.status).toBe(0);
  const result = JSON.parse(first.stdout);
  expect(result).toMatchObject({ ok: true, project: 'mlflow-local', region: 'us-central1', name: 'mlflow' });
  expect(result.resources.every(({ outcome }: { outcome: string }) => outcome === 'created')).toBe(true);

  const { projectId, projectNumber } = simulator.project;
  const labels = { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' };
  const get = async (url: string) => (await simulator.call('GET', `https://${url}`)).body;
  const instance = await get(`sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-pgsql`);
  expect(instance).toMatchObject({
    state: 'RUNNABLE',
    databaseVersion: 'POSTGRES_18',
    settings: {
      edition: 'ENTERPRISE',
      tier: 'db-f1-micro',
      deletionProtectionEnabled: true,
      userLabels: labels,
      ipConfiguration: { sslMode: 'ENCRYPTED_ONLY' },
      backupConfiguration: { enabled: true },
    },
  });
  const bucket = `storage.googleapis.com/storage/v1/b/${projectId}-mlflow-artifacts`;
  expect(await get(bucket)).toMatchObject({
    labels,
    iamConfiguration: { publicAccessPrevention: 'enforced', uniformBucketLevelAccess: { enabled: true } },
  });
  const server = `serviceAccount:mlflow-server@${projectId}.iam.gserviceaccount.com`;
  expect((await get(`${bucket}/iam`)).bindings).toContainEqual({ role: 'roles/storage.objectUser', members: [server] });
  for (const key of ['artifact_url', 'database_url', 'tracking_username', 'tracking_password', 'tracking_url']) {
    const secret = `secretmanager.googleapis.com/v1/projects/${projectId}/secrets/mlflow_${key}`;
    expect((await get(secret)).labels).toMatchObject(labels);
    expect((await get(`${secret}:getIamPolicy`)).bindings).toEqual([
      { role: 'roles/secretmanager.secretAccessor', members: [server] },
    ]);
    expect((await get(`${secret}/versions`)).versions).toHaveLength(1);
  }

  const service = parse(await readFile(path.join(cloud.folder, 'deploy/production/service.yaml'), 'utf8'));
  expect(service.spec.template.spec.serviceAccountName).toBe(server.replace('serviceAccount:', ''));
  expect(JSON.stringify(service)).toContain(`mlflow-${projectNumber}.us-central1.run.app`);
  expect((await stat(path.join(cloud.folder, 'entry-point.sh'))).mode & 0o111).not.toBe(0);

  const before = (await cloud.requests()).length;
  // Long against what the program needs between two looks, so that only what waits for an answer counts as deeper.
  await cloud.fault({ match: '.*', times: 1000, delayMs: 400 });
  const second = await cloud.run('init', '--yes', '--json');
  expect(second.status).toBe(0);
  expect(JSON.parse(second.stdout).resources.map(({ outcome }: { outcome: string }) => outcome)).toEqual(
    result.resources.map(() => 'unchanged'),
  );
  const looks = (await cloud.requests()).slice(before);
  expect(looks.filter((request) => !isRead(request))).toEqual([]);
  // The look at the secrets' versions for the project folder comes after the stack's own looks.
  expect(depth(looks)).toBeLessThanOrEqual(4);
});

test('init --dry-run and a no leave everything as it was', async () => {
  const cloud = await startCloud();
  const planned = await cloud.run('init', '--dry-run', '--yes');
  expect(planned.status).toBe(0);
  expect(planned.stdout).toMatch(/\+\s+Cloud SQL instance mlflow-pgsql\s+create/);
  expect(planned.stdout).toMatch(/Together\s+9\.\d\d/);
  const refused = await cloud.run('init', '--no-input');
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain('--yes');
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

test('what somebody else made under our name is left alone', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  const url = `https://storage.googleapis.com/storage/v1/b?project=${projectId}`;
  expect(
    (await cloud.simulator.call('POST', url, { name: `${projectId}-mlflow-artifacts`, labels: { team: 'other' } })).status,
  ).toBe(200);
  const { status, stdout } = await cloud.run('init', '--yes', '--json');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    error: {
      code: 'NOT_OURS',
      message: expect.stringContaining('was not made by mlflow-gcp'),
      hint: expect.stringContaining('--name'),
    },
  });
  expect((await cloud.requests()).filter((request) => !isRead(request) && request.host !== 'storage.googleapis.com')).toEqual([]);
});

test('drift is mended field by field, and what others added stays', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const instance = `https://sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-pgsql`;
  const theirs = {
    tier: 'db-g1-small',
    userLabels: { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow', 'cost-centre': '42' },
    databaseFlags: [{ name: 'log_min_duration_statement', value: '500' }],
  };
  expect((await cloud.simulator.call('PATCH', instance, { settings: theirs })).status).toBe(200);
  await cloud.simulator.until(instance, (body) => body.settings.tier === 'db-g1-small');
  const status = await cloud.run('status', '--json');
  expect(JSON.parse(status.stdout).resources.find(({ id }: { id: string }) => id === 'sql-instance')).toMatchObject({
    state: 'differs',
    differences: ['tier: db-g1-small → db-f1-micro'],
  });
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const { settings } = (await cloud.simulator.call('GET', instance)).body;
  expect(settings).toMatchObject({ ...theirs, tier: 'db-f1-micro' });
});

test('a second deployment stands beside the first, in other sizes', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const other = await cloud.run(
    'init',
    '--yes',
    '--json',
    '--name',
    'team-b',
    '--dir',
    await lockedFolder('team-b'),
    '--tier',
    'db-custom-2-7680',
    '--region',
    'europe-west1',
  );
  expect(JSON.parse(other.stdout)).toMatchObject({ ok: true, name: 'team-b', region: 'europe-west1' });
  const { items } = (
    await cloud.simulator.call(
      'GET',
      `https://sqladmin.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/instances`,
    )
  ).body;
  expect(
    items.map(({ name, region, settings }: { name: string; region: string; settings: { tier: string } }) => [
      name,
      region,
      settings.tier,
    ]),
  ).toEqual([
    ['mlflow-pgsql', 'us-central1', 'db-f1-micro'],
    ['team-b-pgsql', 'europe-west1', 'db-custom-2-7680'],
  ]);
});

test('deploy builds once for the same sources, writes nothing the second time, serves by digest, and says what is wrong with a manifest', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  const nowhere = await cloud.run('deploy', '--no-check', '--json', '--dir', cloud.simulator.dataDir);
  expect(nowhere.status).toBe(2);
  expect(JSON.parse(nowhere.stdout).error.code).toBe('FOLDER_MISSING');
  expect(JSON.parse((await cloud.run('deploy', '--no-check', '--json')).stdout).error).toMatchObject({
    code: 'SECRETS_MISSING',
    hint: expect.stringContaining('mlflow-gcp init'),
  });
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const first = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(JSON.parse(first.stdout)).toMatchObject({
    ok: true,
    service: 'mlflow',
    image: expect.stringMatching(/\/mlflow\/mlflow@sha256:[0-9a-f]{64}$/),
  });
  const builds = async () =>
    (await cloud.simulator.call('GET', `https://cloudbuild.googleapis.com/v1/projects/${projectId}/locations/us-central1/builds`))
      .body.builds;
  expect(await builds()).toHaveLength(1);
  const before = (await cloud.requests()).length;
  const again = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(JSON.parse(again.stdout).image).toBe(JSON.parse(first.stdout).image);
  expect(await builds()).toHaveLength(1);

  expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'unchanged', folder: { written: [] } });
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);
  const revisions = `https://us-central1-run.googleapis.com/v1/projects/${projectId}/locations/us-central1/revisions`;
  expect((await cloud.simulator.call('GET', revisions)).body.items).toHaveLength(1);

  const manifest = path.join(cloud.folder, 'deploy/production/service.yaml');
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replace('kind: Service', 'kind: Servce'));
  const broken = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(broken.status).toBe(1);
  expect(JSON.parse(broken.stdout).error).toMatchObject({ code: 'MANIFEST_INVALID', message: expect.stringContaining('kind') });
});

test('destroy keeps the data, finds everything again by labels, and deletes data only by name', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  expect((await cloud.run('deploy', '--with', 'api', '--no-check', '--quiet')).status).toBe(0);
  const names = async () => {
    const get = async (url: string) => (await cloud.simulator.call('GET', `https://${url}`)).body;
    return {
      instances: ((await get(`sqladmin.googleapis.com/v1/projects/${projectId}/instances`)).items ?? []).length,
      buckets: ((await get(`storage.googleapis.com/storage/v1/b?project=${projectId}`)).items ?? []).map(
        ({ name }: { name: string }) => name,
      ),
      secrets: ((await get(`secretmanager.googleapis.com/v1/projects/${projectId}/secrets`)).secrets ?? []).length,
      services: ((await get(`run.googleapis.com/v2/projects/${projectId}/locations/us-central1/services`)).services ?? []).length,
    };
  };
  const kept = await cloud.run('destroy', '--yes', '--json');
  expect(JSON.parse(kept.stdout)).toMatchObject({ ok: true });
  expect(await names()).toEqual({ instances: 1, buckets: [`${projectId}-mlflow-artifacts`], secrets: 1, services: 0 });

  const unnamed = await cloud.run('destroy', '--yes', '--delete-data', '--json');
  expect(unnamed.status).toBe(2);
  const misnamed = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflw', '--json');
  expect(JSON.parse(misnamed.stdout).error.code).toBe('NAME_DIFFERS');
  expect((await names()).instances).toBe(1);

  // From a folder that knows nothing of the deployment.
  const all = await cloud.run(
    'destroy',
    '--yes',
    '--delete-data',
    '--confirm',
    'mlflow',
    '--json',
    '--dir',
    cloud.simulator.dataDir,
  );
  expect(JSON.parse(all.stdout)).toMatchObject({ ok: true });
  expect(await names()).toEqual({ instances: 0, buckets: [], secrets: 0, services: 0 });

  // The instance's name is taken for a week, so the next deployment gets another and is found by its labels from then on.
  const again = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: true });
  expect((await names()).instances).toBe(1);
  expect(
    JSON.parse((await cloud.run('init', '--yes', '--json')).stdout).resources.every(
      ({ outcome }: { outcome: string }) => outcome === 'unchanged',
    ),
  ).toBe(true);
});

test.each([
  ['refused for load', { status: 503 }],
  ['cut off', { reset: true }],
  ['answered into the void', { after: true }],
])('every write of init, once %s, comes to the same end', async (_how, fault) => {
  const cloud = await startCloud();
  for (const match of [
    'batchEnable',
    'serviceAccounts',
    'storage/v1/b',
    'instances$',
    '/databases',
    '/users',
    '/secrets\\?',
    ':addVersion',
    '/repositories\\?',
    ':setIamPolicy',
  ]) {
    await cloud.fault({ match: `(POST|PUT) .*${match}`, times: 1, ...fault });
  }
  let outcome = await cloud.run('init', '--yes', '--json');
  // A create whose answer is lost in a way that cannot be looked up may end the run; the same command then goes on.
  for (let tries = 0; outcome.status !== 0 && tries < 3; tries++) outcome = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(outcome.stdout)).toMatchObject({ ok: true });
  const again = JSON.parse((await cloud.run('init', '--yes', '--json')).stdout);
  expect(again.resources.every((resource: { outcome: string }) => resource.outcome === 'unchanged')).toBe(true);
});
