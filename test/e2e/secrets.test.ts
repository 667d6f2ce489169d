import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/deployment.ts';
import { runChild, startChild } from '../support/program.ts';

/** A deployment in the simulator, deployed where asked. */
async function deployed(deploy = true): Promise<Cloud> {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  if (deploy) expect((await cloud.run('deploy', '--with', 'api', '--no-check', '--quiet')).status).toBe(0);
  return cloud;
}

const ROTATE = ['secrets', 'rotate', '--yes', '--no-check', '--grace', '0', '--json'];

async function json(cloud: Cloud, ...args: string[]) {
  const outcome = await cloud.run(...args, '--json');
  expect(outcome.status, outcome.stdout + outcome.stderr).toBe(0);
  return JSON.parse(outcome.stdout);
}

function withInput(cloud: Cloud, input: string, ...args: string[]) {
  const env = { ...cloud.env, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  return runChild(args, { env, cwd: cloud.folder, input });
}

async function secretValueOf(cloud: Cloud, secret: string, version = 'latest'): Promise<string | undefined> {
  const url = `https://secretmanager.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/secrets/${secret}/versions/${version}:access`;
  const { body } = await cloud.simulator.call('GET', url);
  return body.payload && Buffer.from(body.payload.data, 'base64').toString('utf8');
}

async function versionsOf(cloud: Cloud, secret: string): Promise<Record<string, string>> {
  const url = `https://secretmanager.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/secrets/${secret}/versions`;
  const { versions } = (await cloud.simulator.call('GET', url)).body;
  return Object.fromEntries(
    versions.map(({ name, state }: { name: string; state: string }) => [name.slice(name.lastIndexOf('/') + 1), state]),
  );
}

async function labelsOf(cloud: Cloud, secret: string): Promise<Record<string, string>> {
  const url = `https://secretmanager.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/secrets/${secret}`;
  return (await cloud.simulator.call('GET', url)).body.labels;
}

/** The versions that the service's template names, by secret. */
async function pinsOf(cloud: Cloud): Promise<Record<string, string>> {
  const url = `https://run.googleapis.com/v2/projects/${cloud.simulator.project.projectId}/locations/us-central1/services/mlflow`;
  const { template } = (await cloud.simulator.call('GET', url)).body;
  return Object.fromEntries(
    template.containers[0].env
      .filter(({ valueSource }: { valueSource?: object }) => valueSource)
      .map(({ valueSource: { secretKeyRef } }: { valueSource: { secretKeyRef: { secret: string; version: string } } }) => [
        secretKeyRef.secret.split('/').at(-1),
        secretKeyRef.version,
      ]),
  );
}

test.each([
  ['answered 503', { status: 503 }],
  ['reset', { reset: true }],
  ['carried out, and its answer lost', { after: true }],
])('init gives no new values to secrets that are there where the call for them is %s', async (_how, fault) => {
  const cloud = await deployed(false);
  const { projectId } = cloud.simulator.project;
  const secrets = ['artifact_url', 'database_url', 'tracking_username', 'tracking_password', 'tracking_url'].map(
    (key) => `mlflow_${key}`,
  );
  const before = await Promise.all(secrets.map((secret) => secretValueOf(cloud, secret)));
  // What was granted by hand is taken away again: every secret is looked after.
  for (const secret of secrets) {
    const url = `https://secretmanager.googleapis.com/v1/projects/${projectId}/secrets/${secret}:setIamPolicy`;
    expect((await cloud.simulator.call('POST', url, { policy: {} })).status).toBe(200);
  }
  await cloud.simulator.control('POST', '/_simulator/faults', { match: 'POST secretmanager\\S*/secrets$', times: 5, ...fault });
  const { resources } = await json(cloud, 'init', '--yes');
  const outcomes = Object.fromEntries(resources.map(({ id, outcome }: { id: string; outcome: string }) => [id, outcome]));
  expect(outcomes).toMatchObject({ 'secret-tracking_password': 'updated', 'secret-database_url': 'updated' });
  for (const secret of secrets) expect(await versionsOf(cloud, secret), secret).toEqual({ 1: 'ENABLED' });
  expect(await Promise.all(secrets.map((secret) => secretValueOf(cloud, secret)))).toEqual(before);
  const asked = (await cloud.requests()).filter(({ method, path: place }) => method === 'POST' && place.endsWith('/secrets'));
  expect(asked.filter(({ status }) => status === 503 || status === 0).length).toBeGreaterThanOrEqual(5);
});

test('list shows versions, ages and the revision that uses them, and never a value', async () => {
  const cloud = await deployed();
  const list = await json(cloud, 'secrets', 'list');
  expect(list.secrets).toHaveLength(5);
  expect(list.secrets[1]).toEqual({
    key: 'database_url',
    name: 'mlflow_database_url',
    versions: [{ version: '1', state: 'ENABLED', createTime: expect.any(String) }],
    usedBy: [{ revision: expect.stringMatching(/^mlflow-00001-/), version: '1', percent: 100 }],
  });
  const shown = await cloud.run('secrets', 'list', '--verbose');
  expect(shown.stdout).toMatch(/mlflow_tracking_password\s+1\s+enabled\s+under a minute\s+mlflow-00001-\w+ \(version 1\)/);
  for (const secret of ['mlflow_tracking_password', 'mlflow_database_url'])
    expect(shown.stdout + shown.stderr).not.toContain((await secretValueOf(cloud, secret)) ?? '');
});

test('set takes a value from stdin or a file, checks it for its kind, and deploy takes it into use', async () => {
  const cloud = await deployed();
  const secret = 'a-new-passphrase';
  const set = await withInput(cloud, `${secret}\n`, 'secrets', 'set', 'tracking_password', '--verbose');
  expect(set.status, set.stderr).toBe(0);
  expect(set.stdout).toContain('mlflow_tracking_password is at version 2');
  expect(set.stdout).toContain('mlflow-gcp deploy');
  expect(set.stdout + set.stderr).not.toContain(secret);
  expect(await secretValueOf(cloud, 'mlflow_tracking_password')).toBe(secret);
  expect((await pinsOf(cloud))['mlflow_tracking_password']).toBe('1');

  const again = await withInput(cloud, secret, 'secrets', 'set', 'mlflow_tracking_password', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, version: '2', created: false, inUse: false });
  await json(cloud, 'deploy', '--with', 'api', '--no-check');
  expect((await pinsOf(cloud))['mlflow_tracking_password']).toBe('2');

  const file = path.join(cloud.folder, 'name.txt');
  await writeFile(file, 'somebody\r\n');
  const named = await json(cloud, 'secrets', 'set', 'tracking_username', '--from-file', file, '--deploy', '--no-check');
  expect(named).toMatchObject({ version: '2', deployed: true });
  expect(await pinsOf(cloud)).toMatchObject({ mlflow_tracking_username: '2', mlflow_tracking_password: '2' });
  expect(await readFile(path.join(cloud.folder, 'deploy/production/service.yaml'), 'utf8')).toMatch(
    /name: mlflow_tracking_username\n\s+key: '2'/,
  );
});

test('set refuses what cannot be such a value, without repeating it', async () => {
  const cloud = await deployed(false);
  const refused: Array<[string, string]> = [
    ['tracking_password', 'short'],
    ['tracking_password', 'two\nlines of it'],
    ['tracking_password', ''],
    ['tracking_username', 'with:colon'],
    ['tracking_url', 'http://plain.example.com'],
    ['tracking_url', 'https://me:needle@example.com'],
    ['database_url', 'postgresql://mlflow:needle@db/mlflow'],
    ['database_url', 'postgresql+psycopg2://postgres:needle@/mlflow?host=/cloudsql/p:r:i'],
    ['artifact_url', 'gs://somewhere-else'],
  ];
  for (const [name, value] of refused) {
    const { status, stdout, stderr } = await withInput(cloud, value, 'secrets', 'set', name, '--json');
    expect(status, `${name}: ${stdout}`).toBe(2);
    expect(JSON.parse(stdout).error.code).toBe('INVALID_SECRET');
    if (value !== '') expect(stdout + stderr).not.toContain(value);
    expect(stdout + stderr).not.toContain('needle');
  }
  const unknown = await withInput(cloud, 'x', 'secrets', 'set', 'hunter2-by-mistake', '--json');
  expect(unknown.status).toBe(2);
  expect(unknown.stdout + unknown.stderr).not.toContain('hunter2');
  const { mlflow_tracking_password } = { mlflow_tracking_password: await versionsOf(cloud, 'mlflow_tracking_password') };
  expect(mlflow_tracking_password).toEqual({ 1: 'ENABLED' });
});

test('rotate changes both passwords with one new revision, and disables the old versions once it serves', async () => {
  const cloud = await deployed();
  const before = await secretValueOf(cloud, 'mlflow_database_url');
  const first = JSON.parse((await cloud.run(...ROTATE)).stdout);
  expect(first).toMatchObject({
    ok: true,
    deployed: true,
    secrets: [
      { name: 'mlflow_tracking_password', version: '2', disabled: ['1'], resumed: false },
      { name: 'mlflow_database_url', version: '2', disabled: ['1'], resumed: false },
    ],
  });
  expect(await pinsOf(cloud)).toEqual({
    mlflow_artifact_url: '1',
    mlflow_database_url: '2',
    mlflow_tracking_username: '1',
    mlflow_tracking_password: '2',
    mlflow_tracking_url: '1',
  });
  const second = await secretValueOf(cloud, 'mlflow_database_url');
  expect(before).toMatch(/^postgresql\+psycopg2:\/\/mlflow:/);
  expect(second).toMatch(/^postgresql\+psycopg2:\/\/mlflow_b:.*&options=-c%20role%3Dmlflow$/);
  expect(await labelsOf(cloud, 'mlflow_database_url')).toEqual({
    'managed-by': 'mlflow-gcp',
    'mlflow-gcp-deployment': 'mlflow',
    'mlflow-gcp-applied': '2',
  });
  const { revisions } = (
    await cloud.simulator.call(
      'GET',
      `https://run.googleapis.com/v2/projects/${cloud.simulator.project.projectId}/locations/us-central1/services/mlflow/revisions`,
    )
  ).body;
  expect(revisions).toHaveLength(2);

  // What init wants is what a rotation leaves, and service.yaml is as it would be rendered: nothing is to be done.
  const again = await json(cloud, 'init', '--yes');
  expect(again.resources.every(({ outcome }: { outcome: string }) => outcome === 'unchanged')).toBe(true);
  expect((await json(cloud, 'deploy', '--with', 'api', '--no-check')).folder).toMatchObject({ written: [], kept: [] });
  expect(JSON.parse((await cloud.run(...ROTATE, '--quiet')).stdout).ok).toBe(true);
  expect(await secretValueOf(cloud, 'mlflow_database_url')).toMatch(/^postgresql\+psycopg2:\/\/mlflow:[^&]*$/);
});

test('rotate keeps what the user wrote in service.yaml, and renames nothing else', async () => {
  const cloud = await deployed();
  const file = path.join(cloud.folder, 'deploy/production/service.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `# mine\n${text}`);
  expect(JSON.parse((await cloud.run(...ROTATE, 'tracking_password')).stdout).ok).toBe(true);
  expect(await readFile(file, 'utf8')).toBe(`# mine\n${text}`.replace(/(name: mlflow_tracking_password\n\s+key: )'1'/, "$1'2'"));
});

test('a secret that cannot be made up is not rotated; without --yes nobody is locked out', async () => {
  const cloud = await deployed();
  const url = await cloud.run('secrets', 'rotate', 'artifact_url', '--json');
  expect(url.status).toBe(2);
  expect(JSON.parse(url.stdout).error).toMatchObject({ code: 'UNKNOWN_SECRET' });
  const asked = await cloud.run('secrets', 'rotate', '--json');
  expect(asked.status).toBe(2);
  const planned = await json(cloud, 'secrets', 'rotate', '--dry-run');
  expect(planned).toMatchObject({ dryRun: true, secrets: ['mlflow_tracking_password', 'mlflow_database_url'] });
  expect(await versionsOf(cloud, 'mlflow_tracking_password')).toEqual({ 1: 'ENABLED' });
});

test('a rotation that is killed after any of its writes is ended by the same command', async () => {
  const cloud = await deployed();
  const writes = '^(POST|PUT|PATCH) (secretmanager|sqladmin|us-central1-run)\\.googleapis\\.com/(?!.*:access)';
  let kills = 0;
  // Every second one: the ends of the others are the beginnings of these.
  for (let skipped = 0; !(await killedAt(cloud, writes, skipped)); skipped += 2) {
    kills++;
    const { status, stdout } = await cloud.run(...ROTATE);
    expect(status, `after ${skipped} writes: ${stdout}`).toBe(0);
    const pins = await pinsOf(cloud);
    for (const secret of ['mlflow_tracking_password', 'mlflow_database_url']) {
      const versions = await versionsOf(cloud, secret);
      const enabled = Object.keys(versions).filter((version) => versions[version] === 'ENABLED');
      expect(enabled, `after ${skipped} writes`).toEqual([pins[secret]]);
      expect(await labelsOf(cloud, secret)).not.toHaveProperty('mlflow-gcp-rotating');
    }
  }
  expect(kills).toBeGreaterThan(4);
}, 300_000);

/** Runs a rotation and kills it at its write of this number, whose answer it does not get; true if it ended before. */
async function killedAt(cloud: Cloud, match: string, skipped: number): Promise<boolean> {
  const seen = async () =>
    (await cloud.requests()).filter(({ method, host, path: at }) => new RegExp(match).test(`${method} ${host}${at}`)).length;
  const before = await seen();
  const env = { ...cloud.env, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  await cloud.fault({ match, times: 1000, delayMs: 60 });
  const child = startChild(ROTATE, { env, cwd: cloud.folder });
  let ended = false;
  void child.outcome.then(() => {
    ended = true;
  });
  while (!ended && (await seen()) - before <= skipped) await new Promise((resolve) => setTimeout(resolve, 5));
  const endedByItself = ended;
  child.process.kill('SIGKILL');
  await child.outcome;
  return endedByItself;
}

test('verify names each thing that is wrong with the command that mends it, and ends with 1', async () => {
  const cloud = await deployed();
  const { projectId } = cloud.simulator.project;
  const verify = async () => {
    const { status, stdout } = await cloud.run('secrets', 'verify', '--json');
    const { checks } = JSON.parse(stdout) as { checks: Array<{ check: string; ok: boolean; fix?: string }> };
    return { status, failed: checks.filter(({ ok, check }) => !ok && check !== 'Server'), stdout };
  };
  // The simulator alone runs no server: all but that is in order.
  expect((await verify()).failed).toEqual([]);

  await withInput(cloud, 'not-yet-in-use', 'secrets', 'set', 'tracking_password');
  const pins = await verify();
  expect(pins.status).toBe(1);
  expect(pins.failed).toMatchObject([
    { check: 'service.yaml', fix: 'mlflow-gcp deploy' },
    { check: expect.stringMatching(/^Revision mlflow-00001/), fix: 'mlflow-gcp deploy' },
  ]);
  expect(pins.stdout).not.toContain('not-yet-in-use');
  await json(cloud, 'deploy', '--with', 'api', '--no-check');
  expect((await verify()).failed).toEqual([]);

  const secrets = `https://secretmanager.googleapis.com/v1/projects/${projectId}/secrets`;
  await cloud.simulator.call('POST', `${secrets}/mlflow_tracking_username/versions/1:disable`, {});
  await cloud.simulator.call('POST', `${secrets}/mlflow_tracking_url:setIamPolicy`, { policy: { bindings: [] } });
  const url = Buffer.from('postgresql+psycopg2://mlflow:pw@/other?host=/cloudsql/p:r:i').toString('base64');
  await cloud.simulator.call('POST', `${secrets}/mlflow_database_url:addVersion`, { payload: { data: url } });
  expect((await verify()).failed.map(({ check, fix }) => [check, fix])).toEqual(
    expect.arrayContaining([
      ['mlflow_tracking_username', `gcloud secrets versions enable 1 --secret=mlflow_tracking_username --project=${projectId}`],
      ['mlflow_tracking_url: access', 'mlflow-gcp init'],
      ['mlflow_database_url', 'mlflow-gcp secrets set database_url'],
      ['Database', 'mlflow-gcp init'],
    ]),
  );
});
