import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/deployment.ts';

async function serving(cloud: Cloud): Promise<{ revision: string; image: string }> {
  const url = `https://us-central1-run.googleapis.com/v1/projects/${cloud.simulator.project.projectId}/locations/us-central1`;
  const { status } = (await cloud.simulator.call('GET', `${url}/services/mlflow`)).body;
  const { revisionName } = status.traffic.find(({ percent }: { percent?: number }) => percent === 100);
  const { spec } = (await cloud.simulator.call('GET', `${url}/revisions/${revisionName}`)).body;
  return { revision: revisionName, image: spec.containers[0].image };
}

async function deploy(cloud: Cloud, ...more: string[]) {
  const { stdout, status } = await cloud.run('deploy', '--no-check', '--json', ...more);
  return { status, ...JSON.parse(stdout) };
}

test('deploy --rollback returns to the revision before, and the next deploy leaves it again', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  expect((await deploy(cloud, '--rollback')).error).toMatchObject({ code: 'NOT_DEPLOYED' });
  const first = await deploy(cloud, '--with', 'api');
  expect((await deploy(cloud, '--rollback')).error).toMatchObject({ code: 'NO_REVISION_BEFORE' });
  const one = await serving(cloud);

  const file = path.join(cloud.folder, 'app/server.py');
  await writeFile(file, `${await readFile(file, 'utf8')}\n# another build\n`);
  const second = await deploy(cloud, '--with', 'api');
  expect(second.image).not.toBe(first.image);
  const two = await serving(cloud);
  expect(two.image).toBe(second.image);

  expect(await deploy(cloud, '--rollback', '--dry-run')).toMatchObject({ dryRun: true, from: two.revision, to: one.revision });
  expect(await serving(cloud)).toEqual(two);
  expect(await deploy(cloud, '--rollback')).toMatchObject({ ok: true, from: two.revision, to: one.revision });
  expect(await serving(cloud)).toEqual(one);
  expect((await cloud.run('secrets', 'rotate', '--yes', '--no-check', '--json')).stdout).toContain('ROLLED_BACK');
  expect((await deploy(cloud, '--rollback')).error).toMatchObject({ code: 'NO_REVISION_BEFORE' });

  await deploy(cloud, '--with', 'api');
  expect(await serving(cloud)).toEqual(two);
});

test('deploy --image deploys what was built before, and --rollback takes no other image', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  const first = await deploy(cloud, '--with', 'api');
  const file = path.join(cloud.folder, 'app/server.py');
  await writeFile(file, `${await readFile(file, 'utf8')}\n# another build\n`);
  await deploy(cloud, '--with', 'api');
  expect(await deploy(cloud, '--image', first.image)).toMatchObject({ ok: true, image: first.image, with: 'api' });
  expect((await serving(cloud)).image).toBe(first.image);
  for (const other of [
    ['--image', first.image],
    ['--with', 'api'],
  ])
    expect(await deploy(cloud, '--rollback', ...other)).toMatchObject({ status: 2, error: { code: 'INVALID_VALUE' } });
});

test('a revision whose secrets were rotated away is not rolled back to', async () => {
  const cloud = await startCloud();
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  await deploy(cloud, '--with', 'api');
  const before = await serving(cloud);
  expect((await cloud.run('secrets', 'rotate', '--yes', '--no-check', '--grace', '0', '--quiet')).status).toBe(0);
  const after = await serving(cloud);
  expect(after.revision).not.toBe(before.revision);
  const refused = await deploy(cloud, '--rollback');
  expect(refused.status).toBe(1);
  expect(refused.error).toMatchObject({
    code: 'ROLLBACK_SECRETS_DISABLED',
    message: expect.stringContaining(before.revision),
    hint: expect.stringContaining(`--image ${before.image}`),
  });
  expect(await serving(cloud)).toEqual(after);
});
