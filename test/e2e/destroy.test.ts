import { expect, test } from 'vitest';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';
import { temporaryFolder } from '../support/program.ts';
import { lockedFolder } from '../support/project-folder.ts';

/** What the simulator holds of the kinds that cost money, by kind; names alone. */
async function holds(cloud: Cloud): Promise<Record<string, string[]>> {
  const { projectId } = cloud.simulator.project;
  const get = async (url: string) => (await cloud.simulator.call('GET', `https://${url}`)).body;
  const names = (list: Array<{ name: string }> | undefined) =>
    (list ?? []).map(({ name }) => name.split('/').at(-1) ?? '').sort();
  const inRegion = async (region: string) => ({
    services: names((await get(`run.googleapis.com/v2/projects/${projectId}/locations/${region}/services`)).services),
    repositories: names(
      (await get(`artifactregistry.googleapis.com/v1/projects/${projectId}/locations/${region}/repositories`)).repositories,
    ),
  });
  const [one, other] = [await inRegion('us-central1'), await inRegion('europe-west1')];
  return {
    instances: names((await get(`sqladmin.googleapis.com/v1/projects/${projectId}/instances`)).items),
    buckets: names((await get(`storage.googleapis.com/storage/v1/b?project=${projectId}`)).items),
    secrets: names((await get(`secretmanager.googleapis.com/v1/projects/${projectId}/secrets`)).secrets),
    services: [...one.services, ...other.services],
    repositories: [...one.repositories, ...other.repositories],
  };
}
const NOTHING = { instances: [], buckets: [], secrets: [], services: [], repositories: [] };

test('shows what goes and what stays, and at the end what is still there and what it costs', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const before = (await cloud.requests()).length;
  const dry = await cloud.run('destroy', '--dry-run');
  expect(dry.stdout).toMatch(/- +Artifact Registry repository mlflow +delete/);
  expect(dry.stdout).toMatch(/= +Cloud SQL instance mlflow-pgsql +keep/);
  expect(dry.stdout).toMatch(/Cloud Run service mlflow +not there/);
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);

  expect((await cloud.run('deploy', '--with', 'api', '--no-check', '--quiet')).status).toBe(0);
  const kept = await cloud.run('destroy', '--yes');
  expect(kept.status).toBe(0);
  expect(kept.stdout).toMatch(/Cloud SQL instance mlflow-pgsql +9\.\d\d +db-f1-micro, 10 GB/);
  expect(kept.stdout).toMatch(new RegExp(`Bucket ${projectId}-mlflow-artifacts +0\\.020 a GB`));
  expect(kept.stdout).toMatch(/Together +9\.\d\d/);
  expect(kept.stdout).toContain('mlflow-gcp destroy --delete-data');
  expect(await holds(cloud)).toEqual({
    ...NOTHING,
    instances: ['mlflow-pgsql'],
    buckets: [`${projectId}-mlflow-artifacts`],
    secrets: ['mlflow_database_url'],
  });

  // Once more there is nothing to do, and nobody is asked.
  const again = await cloud.run('destroy', '--json', '--no-input');
  expect(again.status).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    ok: true,
    left: expect.arrayContaining([expect.objectContaining({ id: 'sql-instance' })]),
  });
});

test('without the folder everything is found by its labels, in whatever region, and nothing is left but a last backup', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet', '--region', 'europe-west1')).status).toBe(0);
  expect((await cloud.run('deploy', '--with', 'api', '--no-check', '--quiet')).status).toBe(0);
  expect((await holds(cloud))['services']).toEqual(['mlflow']);
  const gone = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflow', '--json', '--dir', temporaryFolder());
  const answer = JSON.parse(gone.stdout);
  expect(answer).toMatchObject({ ok: true, unseen: [] });
  expect(answer.left.map(({ title }: { title: string }) => title)).toEqual([
    expect.stringMatching(/^Cloud SQL backup \S+ \(final\)$/),
  ]);
  expect(answer.left[0].cost).toMatch(/gone by itself on \d{4}-\d\d-\d\d/);
  expect(await holds(cloud)).toEqual(NOTHING);
  // Nor of what costs nothing: the simulator's own record of everything.
  const { body: state } = await cloud.simulator.control('GET', '/_simulator/state');
  const { projectId } = cloud.simulator.project;
  const accounts = await cloud.simulator.call('GET', `https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts`);
  expect((accounts.body.accounts ?? []).filter(({ email }: { email: string }) => email.startsWith('mlflow-'))).toEqual([]);
  for (const kind of ['run.services', 'run.revisions', 'storage.objects', 'storage.buckets', 'sqladmin.instances'])
    expect(Object.keys(state[kind] ?? {}), kind).toEqual([]);
});

test('leaves alone what is somebody else’s, and names other deployments where there is none of this name', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const repository = `https://artifactregistry.googleapis.com/v1/projects/${projectId}/locations/us-central1/repositories/mlflow`;
  await cloud.simulator.call('PATCH', `${repository}?updateMask=labels`, { labels: { team: 'other' } });
  const { stdout, stderr, status } = await cloud.run('destroy', '--yes', '--delete-data', '--confirm', 'mlflow');
  expect(status).toBe(0);
  expect(stderr).toMatch(/! +Artifact Registry repository mlflow +not ours: left alone/);
  expect(stdout).toMatch(/Cloud SQL backup \S+ \(final\)/);
  expect(await holds(cloud)).toEqual({ ...NOTHING, repositories: ['mlflow'] });

  expect((await cloud.run('init', '--yes', '--quiet', '--name', 'wine', '--dir', await lockedFolder('wine'))).status).toBe(0);
  const none = await cloud.run('destroy', '--yes', '--name', 'beer', '--dir', temporaryFolder());
  expect(none.status).toBe(0);
  expect(none.stdout).toContain('Nothing of deployment beer is to be deleted');
  expect(none.stdout).toContain('Other deployments in this project: wine in us-central1.');
});

test('says with status 1 what of the deployment it did not get hold of', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const labels = { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' };
  const url = `https://storage.googleapis.com/storage/v1/b?project=${projectId}`;
  expect((await cloud.simulator.call('POST', url, { name: `${projectId}-forgotten`, labels })).status).toBe(200);
  const { stdout, status } = await cloud.run('destroy', '--yes', '--json');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'DESTROY_INCOMPLETE', message: expect.stringContaining(`Bucket ${projectId}-forgotten`) },
  });
});
