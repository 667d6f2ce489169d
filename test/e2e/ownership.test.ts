import { expect, test } from 'vitest';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';

const REGION = 'us-central1';
const APIS = ['iam', 'secretmanager', 'artifactregistry', 'sqladmin', 'storage', 'run'];

async function startEnabled(): Promise<Cloud> {
  const cloud = await startCloud();
  const { projectNumber } = cloud.simulator.project;
  const serviceIds = APIS.map((name) => `${name}.googleapis.com`);
  const parent = `https://serviceusage.googleapis.com/v1/projects/${projectNumber}/services`;
  await cloud.simulator.call('POST', `${parent}:batchEnable`, { serviceIds });
  await cloud.simulator.until(`${parent}/run.googleapis.com`, ({ state }) => state === 'ENABLED');
  return cloud;
}

interface Foreign {
  title: string;
  /** By which it can be adopted, where it can. */
  flag?: string;
  /** Where it is made and with what, and where it is read. */
  make(project: string): [url: string, body: unknown];
  at(project: string): string;
}

/** One thing of each kind that has one of our names and is somebody else's. */
const FOREIGN: Record<string, Foreign> = {
  'service account': {
    title: 'Service account mlflow-server',
    flag: '--service-account mlflow-server',
    make: (project) => [
      `iam.googleapis.com/v1/projects/${project}/serviceAccounts`,
      { accountId: 'mlflow-server', serviceAccount: { description: 'Runs the old server' } },
    ],
    at: (project) => `iam.googleapis.com/v1/projects/${project}/serviceAccounts/mlflow-server@${project}.iam.gserviceaccount.com`,
  },
  'service account of another deployment': {
    title: 'Service account mlflow-build',
    flag: '--build-service-account mlflow-build',
    make: (project) => [
      `iam.googleapis.com/v1/projects/${project}/serviceAccounts`,
      { accountId: 'mlflow-build', serviceAccount: { description: 'Made by mlflow-gcp for deployment other' } },
    ],
    at: (project) => `iam.googleapis.com/v1/projects/${project}/serviceAccounts/mlflow-build@${project}.iam.gserviceaccount.com`,
  },
  secret: {
    title: 'Secret mlflow_tracking_password',
    make: (project) => [
      `secretmanager.googleapis.com/v1/projects/${project}/secrets?secretId=mlflow_tracking_password`,
      { replication: { automatic: {} }, labels: { team: 'other' } },
    ],
    at: (project) => `secretmanager.googleapis.com/v1/projects/${project}/secrets/mlflow_tracking_password`,
  },
  repository: {
    title: 'Artifact Registry repository mlflow',
    flag: '--repository mlflow',
    make: (project) => [
      `artifactregistry.googleapis.com/v1/projects/${project}/locations/${REGION}/repositories?repositoryId=mlflow`,
      { format: 'DOCKER' },
    ],
    at: (project) => `artifactregistry.googleapis.com/v1/projects/${project}/locations/${REGION}/repositories/mlflow`,
  },
  'SQL instance': {
    title: 'Cloud SQL instance mlflow-pgsql',
    flag: '--instance mlflow-pgsql',
    make: (project) => [
      `sqladmin.googleapis.com/v1/projects/${project}/instances`,
      {
        name: 'mlflow-pgsql',
        region: REGION,
        databaseVersion: 'POSTGRES_18',
        settings: { tier: 'db-f1-micro', edition: 'ENTERPRISE' },
      },
    ],
    at: (project) => `sqladmin.googleapis.com/v1/projects/${project}/instances/mlflow-pgsql`,
  },
  'build bucket': {
    title: 'Bucket mlflow-local-mlflow-build',
    make: (project) => [`storage.googleapis.com/storage/v1/b?project=${project}`, { name: `${project}-mlflow-build` }],
    at: (project) => `storage.googleapis.com/storage/v1/b/${project}-mlflow-build`,
  },
  'artifact bucket': {
    title: 'Bucket mlflow-local-mlflow-artifacts',
    flag: '--bucket mlflow-local-mlflow-artifacts',
    make: (project) => [
      `storage.googleapis.com/storage/v1/b?project=${project}`,
      { name: `${project}-mlflow-artifacts`, labels: { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'other' } },
    ],
    at: (project) => `storage.googleapis.com/storage/v1/b/${project}-mlflow-artifacts`,
  },
  'Run service': {
    title: 'Cloud Run service mlflow',
    make: (project) => [
      `run.googleapis.com/v2/projects/${project}/locations/${REGION}/services?serviceId=mlflow`,
      { template: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] } },
    ],
    at: (project) => `run.googleapis.com/v2/projects/${project}/locations/${REGION}/services/mlflow`,
  },
};

/** Makes it and returns what it looks like once it stands still. */
async function makeForeign(cloud: Cloud, { make, at }: Foreign): Promise<() => Promise<unknown>> {
  const { projectId } = cloud.simulator.project;
  const [url, body] = make(projectId);
  expect((await cloud.simulator.call('POST', `https://${url}`, body)).status).toBe(200);
  const there = `https://${at(projectId)}`;
  await cloud.simulator.until(there, (seen) => seen?.error === undefined && !/PENDING/.test(seen?.state) && !seen?.reconciling);
  return async () => (await cloud.simulator.call('GET', there)).body;
}

test.each(Object.entries(FOREIGN))('init and destroy leave a %s of our name alone', async (_kind, foreign) => {
  const cloud = await startEnabled();
  const look = await makeForeign(cloud, foreign);
  const before = await look();
  const asked = (await cloud.requests()).length;
  const hint = expect.stringMatching(
    foreign.flag === undefined ? /^Choose another name.* --name/ : new RegExp(`${foreign.flag}\\. Or .* --name`),
  );
  const refused = { code: 'NOT_OURS', message: expect.stringContaining(foreign.title), hint };
  const made = await cloud.run('init', '--yes', '--json');
  expect({ status: made.status, ...JSON.parse(made.stdout) }).toMatchObject({ status: 1, ok: false, error: refused });
  expect((await cloud.requests()).slice(asked).filter((request) => !isRead(request))).toEqual([]);
  const gone = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflow', '--json');
  expect([gone.status, gone.stdout.slice(0, 600)]).toEqual([0, expect.stringContaining('"ok":true')]);
  expect(await look()).toEqual(before);
});

test('what is adopted gets the roles that it needs, is otherwise left as it is, and stays when the rest is destroyed', async () => {
  const cloud = await startEnabled();
  const { simulator } = cloud;
  const { projectId } = simulator.project;
  const adopted = ['service account', 'repository', 'SQL instance', 'artifact bucket'].map((kind) => FOREIGN[kind] as Foreign);
  const looks = await Promise.all(adopted.map((foreign) => makeForeign(cloud, foreign)));
  const before = await Promise.all(looks.map((look) => look()));
  const policyOf = async (url: string, method = 'GET') =>
    (await simulator.call(method, `https://${url}`, method === 'POST' ? {} : undefined)).body.bindings ?? [];
  const repository = `artifactregistry.googleapis.com/v1/projects/${projectId}/locations/${REGION}/repositories/mlflow`;
  const bucket = `storage.googleapis.com/storage/v1/b/${projectId}-mlflow-artifacts`;
  const own = 'user:their-own@example.com';
  await simulator.call('POST', `https://${repository}:setIamPolicy`, {
    policy: { bindings: [{ role: 'roles/artifactregistry.reader', members: [own] }] },
  });
  const flags = adopted.flatMap(({ flag = '' }) => flag.split(' '));

  const planned = JSON.parse((await cloud.run('init', '--dry-run', '--json', '--yes', ...flags)).stdout);
  const actions = (items: Array<{ id: string; action: string }>) =>
    Object.fromEntries(items.map(({ id, action }) => [id, action]));
  expect(actions(planned.plan.resources)).toMatchObject({
    'server-account': 'adopt',
    'build-account': 'create',
    repository: 'adopt',
    'sql-instance': 'adopt',
    'artifact-bucket': 'adopt',
  });
  const made = await cloud.run('init', '--yes', '--json', ...flags);
  expect(`${made.status} ${made.stdout.slice(0, 600)}`).toMatch(/^0 /);
  const builder = `serviceAccount:mlflow-build@${projectId}.iam.gserviceaccount.com`;
  const server = `serviceAccount:mlflow-server@${projectId}.iam.gserviceaccount.com`;
  expect(await policyOf(`${repository}:getIamPolicy`)).toEqual(
    expect.arrayContaining([
      { role: 'roles/artifactregistry.reader', members: [own] },
      { role: 'roles/artifactregistry.writer', members: [builder] },
    ]),
  );
  expect(await policyOf(`${bucket}/iam`)).toContainEqual({ role: 'roles/storage.objectUser', members: [server] });
  // The choice stands in mlflow-gcp.yaml: nothing is left to do, and the flags need not be given again.
  const asked = (await cloud.requests()).length;
  const again = JSON.parse((await cloud.run('init', '--yes', '--json')).stdout);
  expect(again.resources.filter(({ outcome }: { outcome: string }) => outcome !== 'unchanged')).toEqual([]);
  expect((await cloud.requests()).slice(asked).filter((request) => !isRead(request))).toEqual([]);
  // A bucket's metageneration counts its policies too.
  const facts = (seen: unknown) => JSON.stringify(seen).replaceAll(/"(etag|metageneration|updated|updateTime)":"[^"]*",?/g, '');
  for (const [index, look] of looks.entries()) expect(facts(await look())).toBe(facts(before[index]));

  const gone = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflow', '--json');
  const outcomes = actions(
    JSON.parse(gone.stdout).resources.map((one: { id: string; outcome: string }) => ({ ...one, action: one.outcome })),
  );
  expect([gone.status, outcomes]).toMatchObject([
    0,
    {
      'server-account': 'kept',
      'build-account': 'deleted',
      repository: 'kept',
      'sql-instance': 'kept',
      'artifact-bucket': 'kept',
      'build-bucket': 'deleted',
    },
  ]);
  for (const [index, look] of looks.entries()) expect(facts(await look())).toBe(facts(before[index]));
  // Roles of an account that goes are taken away; those of one that stays may have been its own.
  expect(await policyOf(`${repository}:getIamPolicy`)).toEqual([{ role: 'roles/artifactregistry.reader', members: [own] }]);
  const projectBindings = await policyOf(`cloudresourcemanager.googleapis.com/v3/projects/${projectId}:getIamPolicy`, 'POST');
  expect(JSON.stringify(projectBindings)).toContain(server);
  expect(JSON.stringify(projectBindings)).not.toContain('mlflow-build@');
});

test.each([
  ['Database', 'databases', { name: 'mlflow' }, 'database.name'],
  ['Database user', 'users', { name: 'mlflow', password: 'theirs-alone' }, 'database.user'],
])('a %s of our name in an adopted instance is left alone', async (kind, collection, body, key) => {
  const cloud = await startEnabled();
  await makeForeign(cloud, FOREIGN['SQL instance'] as Foreign);
  const instance = `https://sqladmin.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/instances/mlflow-pgsql`;
  expect((await cloud.simulator.call('POST', `${instance}/${collection}`, body)).status).toBe(200);
  await cloud.simulator.until(`${instance}/${collection}`, ({ items }) =>
    items?.some(({ name }: { name: string }) => name === 'mlflow'),
  );
  const asked = (await cloud.requests()).length;
  const { status, stdout } = await cloud.run('init', '--yes', '--json', '--instance', 'mlflow-pgsql');
  expect([status, JSON.parse(stdout).error]).toMatchObject([
    1,
    {
      code: 'NOT_OURS',
      message: expect.stringContaining(`${kind} mlflow exists in Cloud SQL instance`),
      hint: expect.stringContaining(key),
    },
  ]);
  expect((await cloud.requests()).slice(asked).filter((request) => !isRead(request))).toEqual([]);
});

test.each<[code: string, flags: string[], make: (project: string) => Array<[url: string, body: unknown]>]>([
  [
    'REPOSITORY_FORMAT',
    ['--repository', 'wheels'],
    (project) => [
      [
        `artifactregistry.googleapis.com/v1/projects/${project}/locations/${REGION}/repositories?repositoryId=wheels`,
        { format: 'PYTHON' },
      ],
    ],
  ],
  ['ACCOUNT_NOT_FOUND', ['--service-account', 'somebody@their-project.iam.gserviceaccount.com'], () => []],
  [
    'ACCOUNT_DISABLED',
    ['--build-service-account', 'retired'],
    (project) => [
      [`iam.googleapis.com/v1/projects/${project}/serviceAccounts`, { accountId: 'retired' }],
      [`iam.googleapis.com/v1/projects/${project}/serviceAccounts/retired@${project}.iam.gserviceaccount.com:disable`, {}],
    ],
  ],
])('%s: what cannot be adopted is said before anything is made', async (code, flags, make) => {
  const cloud = await startEnabled();
  for (const [url, body] of make(cloud.simulator.project.projectId)) {
    expect((await cloud.simulator.call('POST', `https://${url}`, body)).status).toBe(200);
  }
  if (code === 'REPOSITORY_FORMAT') {
    const made = `https://artifactregistry.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/locations/${REGION}/repositories/wheels`;
    await cloud.simulator.until(made, ({ format }) => format === 'PYTHON');
  }
  const asked = (await cloud.requests()).length;
  const { status, stdout } = await cloud.run('init', '--yes', '--json', ...flags);
  const { error } = JSON.parse(stdout);
  expect([status, error.code, error.hint.length > 10]).toEqual([1, code, true]);
  expect((await cloud.requests()).slice(asked).filter((request) => !isRead(request))).toEqual([]);
});

test('deploy leaves a Run service of our name alone', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const look = await makeForeign(cloud, FOREIGN['Run service'] as Foreign);
  const before = await look();
  const asked = (await cloud.requests()).length;
  const { status, stdout } = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 1, error: { code: 'NOT_OURS' } });
  expect((await cloud.requests()).slice(asked).filter((request) => !isRead(request))).toEqual([]);
  expect(await look()).toEqual(before);
});

test('what others added to what is ours stays when init mends it', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  const call = async (method: string, url: string, body?: unknown) => {
    const answer = await cloud.simulator.call(method, `https://${url}`, body);
    expect(answer.status, `${method} ${url} ${answer.bytes}`).toBe(200);
    return answer.body;
  };
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const theirs = { 'cost-centre': '42' };
  const rule = { action: { type: 'Delete' }, condition: { age: 400 } };
  const secret = `secretmanager.googleapis.com/v1/projects/${projectId}/secrets/mlflow_tracking_url`;
  const repository = `artifactregistry.googleapis.com/v1/projects/${projectId}/locations/${REGION}/repositories/mlflow`;
  const buckets = ['artifacts', 'build'].map((name) => `storage.googleapis.com/storage/v1/b/${projectId}-mlflow-${name}`);
  // Theirs is added, and ours taken away, so that there is something to mend everywhere.
  await call('PATCH', `${secret}?updateMask=labels`, { labels: theirs });
  await call('PATCH', `${repository}?updateMask=labels`, {
    labels: { ...theirs, 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' },
  });
  for (const bucket of buckets) {
    const { lifecycle } = await call('GET', bucket);
    await call('PATCH', bucket, {
      labels: { ...theirs, 'mlflow-gcp-deployment': 'mlflow', 'managed-by': 'mlflow-gcp' },
      lifecycle: { rule: [...(lifecycle?.rule ?? []), rule] },
      iamConfiguration: { publicAccessPrevention: 'inherited' },
    });
  }
  const condition = { title: 'office hours', expression: 'request.time.getHours("UTC") < 18' };
  const binding = { role: 'roles/storage.objectUser', members: ['user:ann@example.com'], condition };
  const policy = await call('GET', `${buckets[0]}/iam?optionsRequestedPolicyVersion=3`);
  await call('PUT', `${buckets[0]}/iam`, { ...policy, version: 3, bindings: [binding] });
  const project = `cloudresourcemanager.googleapis.com/v3/projects/${projectId}`;
  const options = { options: { requestedPolicyVersion: 3 } };
  const projectPolicy = await call('POST', `${project}:getIamPolicy`, options);
  const conditional = { ...binding, role: 'roles/cloudsql.client' };
  const others = projectPolicy.bindings.filter(({ role }: { role: string }) => role !== 'roles/cloudsql.client');
  await call('POST', `${project}:setIamPolicy`, { policy: { ...projectPolicy, version: 3, bindings: [...others, conditional] } });

  // Without its labels the secret is not ours any more.
  const refused = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(refused.stdout).error).toMatchObject({ code: 'NOT_OURS', message: expect.stringContaining('tracking_url') });
  await call('PATCH', `${secret}?updateMask=labels`, {
    labels: { ...theirs, 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' },
  });
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);

  expect((await call('GET', secret)).labels).toMatchObject(theirs);
  expect((await call('GET', repository)).labels).toMatchObject(theirs);
  for (const bucket of buckets) {
    const found = await call('GET', bucket);
    expect(found).toMatchObject({ labels: theirs, iamConfiguration: { publicAccessPrevention: 'enforced' } });
    expect(found.lifecycle.rule).toContainEqual(rule);
  }
  const server = `serviceAccount:mlflow-server@${projectId}.iam.gserviceaccount.com`;
  expect((await call('GET', `${buckets[0]}/iam?optionsRequestedPolicyVersion=3`)).bindings).toEqual(
    expect.arrayContaining([binding, { role: 'roles/storage.objectUser', members: [server] }]),
  );
  expect((await call('POST', `${project}:getIamPolicy`, options)).bindings).toEqual(
    expect.arrayContaining([conditional, { role: 'roles/cloudsql.client', members: [server] }]),
  );
});
