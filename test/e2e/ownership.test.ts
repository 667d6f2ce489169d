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
  /** Where it is made and with what, and where it is read. */
  make(project: string): [url: string, body: unknown];
  at(project: string): string;
}

/** One thing of each kind that has one of our names and is somebody else's. */
const FOREIGN: Record<string, Foreign> = {
  'service account': {
    title: 'Service account mlflow-server',
    make: (project) => [
      `iam.googleapis.com/v1/projects/${project}/serviceAccounts`,
      { accountId: 'mlflow-server', serviceAccount: { description: 'Runs the old server' } },
    ],
    at: (project) => `iam.googleapis.com/v1/projects/${project}/serviceAccounts/mlflow-server@${project}.iam.gserviceaccount.com`,
  },
  'service account of another deployment': {
    title: 'Service account mlflow-build',
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
    make: (project) => [
      `artifactregistry.googleapis.com/v1/projects/${project}/locations/${REGION}/repositories?repositoryId=mlflow`,
      { format: 'DOCKER' },
    ],
    at: (project) => `artifactregistry.googleapis.com/v1/projects/${project}/locations/${REGION}/repositories/mlflow`,
  },
  'SQL instance': {
    title: 'Cloud SQL instance mlflow-pgsql',
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
  const refused = { code: 'NOT_OURS', message: expect.stringContaining(foreign.title), hint: expect.stringContaining('--name') };
  const made = await cloud.run('init', '--yes', '--json');
  expect({ status: made.status, ...JSON.parse(made.stdout) }).toMatchObject({ status: 1, ok: false, error: refused });
  expect((await cloud.requests()).slice(asked).filter((request) => !isRead(request))).toEqual([]);
  const gone = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflow', '--json');
  expect({ status: gone.status, ...JSON.parse(gone.stdout) }).toMatchObject({ status: 1, ok: false, error: refused });
  expect(await look()).toEqual(before);
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
