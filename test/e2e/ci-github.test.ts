import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CI, enforce, giveKeys, REPOSITORY, requests, runner, startWorld, WORKFLOW } from '../support/ci-world.ts';
import { isRead } from '../support/deployment.ts';

test('a workflow deploys without a key; one of another repository or branch is refused', { timeout: 120_000 }, async () => {
  const world = await startWorld();
  const { simulator, github } = world;
  const { folder, ci } = await world.made('init', ...CI, '--yes');
  expect(folder.written).toContain(`../../${WORKFLOW}`);
  expect(ci).toEqual({ repository: REPOSITORY, repositoryId: '4711', branch: 'main' });
  const begun = (await requests(simulator)).length;
  await world.made('init', '--yes');
  expect((await requests(simulator)).slice(begun).filter((request) => !isRead(request))).toEqual([]);
  await giveKeys(world);
  await enforce(simulator, true);

  const { run, clone } = await runner(world);
  for (const [wrong, workflow] of [
    ['another repository', { ...github.workflow, repository: 'evil/wine', repositoryId: '666' }],
    ['another repository of the same name', { ...github.workflow, repositoryId: '4712' }],
    ['another branch', { ...github.workflow, ref: 'refs/heads/feature' }],
  ] as const) {
    const own = github.workflow;
    github.workflow = workflow;
    const { status, stdout } = await run();
    github.workflow = own;
    expect({ wrong, status, message: JSON.parse(stdout).error.message }).toEqual({
      wrong,
      status: 3,
      message: expect.stringContaining('rejected by the attribute condition'),
    });
  }

  const before = (await requests(simulator)).length;
  const deployed = await run();
  expect(`${deployed.status} ${deployed.stdout}${deployed.stderr}`).toMatch(/^0 /);
  const { image } = JSON.parse(deployed.stdout);
  const hosts = (await requests(simulator)).slice(before).map(({ host, path: asked }) => `${host}${asked}`);
  expect(hosts).toContain('sts.googleapis.com/v1/token');
  expect(hosts.some((asked) => asked.endsWith(':generateAccessToken'))).toBe(true);
  expect(hosts.some((asked) => asked.startsWith('oauth2.'))).toBe(false);

  // What the clone's files say is what the folder's say: nothing is built twice.
  await enforce(simulator, false);
  const again = await world.made('deploy', '--with', 'api', '--no-check', '--yes');
  expect(again.image).toBe(image);
  expect(await readFile(path.join(clone, 'ml/server/.gitignore'), 'utf8')).toContain('gha-creds-*.json');
});
