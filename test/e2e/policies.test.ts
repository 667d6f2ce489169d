import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';

/** A project in an organisation whose policies can be looked up. */
async function startRestricted(...policies: object[]): Promise<Cloud> {
  const cloud = await startCloud();
  const { simulator } = cloud;
  const parent = `https://serviceusage.googleapis.com/v1/projects/${simulator.project.projectNumber}/services`;
  const serviceIds = ['orgpolicy', 'iam'].map((name) => `${name}.googleapis.com`);
  await simulator.call('POST', `${parent}:batchEnable`, { serviceIds });
  await simulator.until(`${parent}/iam.googleapis.com`, ({ state }) => state === 'ENABLED');
  for (const policy of policies) {
    const answer = await simulator.control('POST', '/_simulator/orgpolicy', policy);
    expect([answer.status, answer.body.error]).toEqual([200, undefined]);
  }
  return cloud;
}

const writes = async (cloud: Cloud, after: number) => (await cloud.requests()).slice(after).filter((request) => !isRead(request));

test('init says which policies are in the way, where and what to do, and makes nothing', async () => {
  const cloud = await startRestricted(
    { constraint: 'iam.disableServiceAccountCreation', enforce: true },
    { constraint: 'gcp.resourceLocations', allowedValues: ['in:eu-locations'] },
    { constraint: 'sql.restrictPublicIp', enforce: true },
    { constraint: 'run.allowedIngress', allowedValues: ['internal'] },
    { constraint: 'run.managed.requireInvokerIam', enforce: true },
    { constraint: 'gcp.restrictServiceUsage', deniedValues: ['cloudbuild.googleapis.com'] },
    { constraint: 'gcp.restrictNonCmekServices', deniedValues: ['is:artifactregistry.googleapis.com'] },
    {
      constraint: 'iam.managed.allowedPolicyMembers',
      enforce: true,
      parameters: { allowedMemberSubjects: ['user:a@example.com'] },
    },
  );
  const asked = (await cloud.requests()).length;
  const { status, stdout } = await cloud.run('init', '--yes', '--json');
  const { error } = JSON.parse(stdout);
  expect([status, error.code]).toEqual([1, 'ORG_POLICY']);
  const ways: Record<string, [forbidden: string, way?: string]> = {
    'iam.disableServiceAccountCreation': [
      'new service accounts (Service account mlflow-server, Service account mlflow-build)',
      '--service-account ID and --build-service-account ID',
    ],
    'gcp.resourceLocations': ['region us-central1 (', '--region europe-west1. It allows in:eu-locations.'],
    'sql.restrictPublicIp': ['public addresses for databases (Cloud SQL instance mlflow-pgsql)', '--instance NAME'],
    'run.allowedIngress': ['ingress all (Cloud Run service mlflow)', '--ingress internal'],
    'run.managed.requireInvokerIam': ['services without the IAM invoker check (Cloud Run service mlflow)'],
    'gcp.restrictServiceUsage': ['cloudbuild.googleapis.com (Google Cloud services)'],
    'gcp.restrictNonCmekServices': [
      'what is not encrypted with a key of your own (Artifact Registry repository mlflow)',
      '--repository NAME',
    ],
    'iam.managed.allowedPolicyMembers': ['roles for mlflow-server@'],
  };
  for (const [constraint, [forbidden, way]] of Object.entries(ways)) {
    expect(error.message).toContain(`constraints/${constraint} forbids ${forbidden}`);
    expect(error.hint).toContain(`gcloud org-policies reset ${constraint} --project=${cloud.simulator.project.projectId}`);
    if (way !== undefined) expect(error.hint).toContain(way);
  }
  const planned = await cloud.run('init', '--yes', '--dry-run');
  expect(planned.status).toBe(0);
  expect(planned.stderr).toContain('constraints/sql.restrictPublicIp');
  expect(planned.stdout).toContain('Cloud SQL instance mlflow-pgsql');
  expect(await writes(cloud, asked)).toEqual([]);
  // Whoever knows better goes on, and Google says no.
  const forced = await cloud.run('init', '--yes', '--skip-checks', '--json');
  expect([forced.status, JSON.parse(forced.stdout).error.code]).toEqual([1, 'ORG_POLICY']);
  expect(JSON.parse(forced.stdout).error.message).toMatch(/^A policy of your organisation forbids this: constraints\//);
});

test('the ways round lead to a deployment, and policies that it keeps anyway are no trouble', async () => {
  const cloud = await startRestricted(
    { constraint: 'iam.disableServiceAccountCreation', enforce: true },
    { constraint: 'iam.disableServiceAccountKeyCreation', enforce: true },
    { constraint: 'iam.allowedPolicyMemberDomains', allowedValues: ['example.com'] },
    { constraint: 'gcp.resourceLocations', allowedValues: ['in:eu-locations'] },
    { constraint: 'storage.publicAccessPrevention', enforce: true },
    { constraint: 'storage.uniformBucketLevelAccess', enforce: true },
    { constraint: 'sql.restrictAuthorizedNetworks', enforce: true },
    { constraint: 'run.allowedIngress', allowedValues: ['internal-and-cloud-load-balancing'] },
  );
  const { simulator, folder } = cloud;
  const { projectId } = simulator.project;
  const accounts = `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts`;
  await simulator.control('POST', '/_simulator/orgpolicy', { constraint: 'iam.disableServiceAccountCreation', enforce: false });
  for (const accountId of ['shared-server', 'shared-build']) {
    await simulator.call('POST', accounts, { accountId, serviceAccount: { description: 'Made by the platform team' } });
    await simulator.until(`${accounts}/${accountId}@${projectId}.iam.gserviceaccount.com`, ({ email }) => email !== undefined);
  }
  await simulator.control('POST', '/_simulator/orgpolicy', { constraint: 'iam.disableServiceAccountCreation', enforce: true });
  const ways = [
    '--region',
    'europe-west1',
    '--service-account',
    'shared-server',
    '--ingress',
    'internal-and-cloud-load-balancing',
  ];
  const email = `shared-build@${projectId}.iam.gserviceaccount.com`;
  const made = await cloud.run('init', '--yes', '--json', ...ways, '--build-service-account', email);
  expect(`${made.status} ${made.stdout.slice(0, 800)}`).toMatch(/^0 /);
  const secret = `https://secretmanager.googleapis.com/v1/projects/${projectId}/secrets/mlflow_database_url`;
  expect((await simulator.call('GET', secret)).body.replication).toEqual({
    userManaged: { replicas: [{ location: 'europe-west1' }] },
  });
  const again = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(again.stdout).resources.map(({ outcome }: { outcome: string }) => outcome)).toEqual(
    JSON.parse(made.stdout).resources.map(() => 'unchanged'),
  );
  const deployed = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(`${deployed.status} ${deployed.stdout.slice(0, 800)}`).toMatch(/^0 /);
  const manifest = parse(await readFile(path.join(folder, 'deploy/production/service.yaml'), 'utf8'));
  expect(manifest.spec.template.spec.serviceAccountName).toBe(`shared-server@${projectId}.iam.gserviceaccount.com`);
  const gone = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflow', '--json');
  const kept = JSON.parse(gone.stdout).resources.filter(({ outcome }: { outcome: string }) => outcome === 'kept');
  expect(kept.map(({ id }: { id: string }) => id)).toEqual(['services', 'server-account', 'build-account']);
  expect((await simulator.call('GET', `${accounts}/${email}`)).body.description).toBe('Made by the platform team');
});

test('deploy opens a service to all by IAM where its check has to stay on, and holds service.yaml against the policies first', async () => {
  const cloud = await startRestricted({ constraint: 'run.managed.requireInvokerIam', enforce: true });
  const { simulator, folder } = cloud;
  const { projectId } = simulator.project;
  const made = await cloud.run('init', '--yes', '--json', '--invoker', 'all-users', '--deploy');
  // Nobody answers at the simulated address: that is where it ends.
  expect(JSON.parse(made.stdout).error?.code).not.toBe('ORG_POLICY');
  const service = `https://run.googleapis.com/v2/projects/${projectId}/locations/us-central1/services/mlflow`;
  expect((await simulator.call('GET', `${service}:getIamPolicy`)).body.bindings).toEqual([
    { role: 'roles/run.invoker', members: ['allUsers'] },
  ]);
  await simulator.control('POST', '/_simulator/orgpolicy', {
    constraint: 'run.allowedBinaryAuthorizationPolicies',
    allowedValues: ['default'],
  });
  const asked = (await cloud.requests()).length;
  const refused = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  const { error } = JSON.parse(refused.stdout);
  expect([refused.status, error.code]).toEqual([1, 'ORG_POLICY']);
  expect(error.message).toContain(
    'constraints/run.allowedBinaryAuthorizationPolicies forbids services without Binary Authorization',
  );
  expect(error.hint).toContain("Set the annotation run.googleapis.com/binary-authorization to 'default'");
  expect(await writes(cloud, asked)).toEqual([]);
  const file = path.join(folder, 'deploy/production/service.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace('  annotations:\n', "  annotations:\n    run.googleapis.com/binary-authorization: 'default'\n"),
  );
  const deployed = await cloud.run('deploy', '--with', 'api', '--no-check', '--json');
  expect(`${deployed.status} ${deployed.stdout.slice(0, 800)}`).toMatch(/^0 /);
  expect((await simulator.call('GET', service)).body.binaryAuthorization).toEqual({ useDefault: true });
});

test('policies that cannot be looked up are no reason to stop', async () => {
  const cloud = await startRestricted({ constraint: 'sql.restrictPublicIp', enforce: true });
  // A firewall that lets nobody through to it.
  await cloud.fault({ match: 'GET orgpolicy.googleapis.com/', times: 99, reset: true });
  const { status, stdout, stderr } = await cloud.run('init', '--yes', '--dry-run');
  expect(status).toBe(0);
  expect(stderr).not.toContain('polic');
  expect(stdout).toContain('Cloud SQL instance mlflow-pgsql');
  const constraints = (await cloud.requests())
    .filter(({ host }) => host === 'orgpolicy.googleapis.com')
    .map((request) => request.path);
  expect(new Set(constraints).size).toBe(1);
});
