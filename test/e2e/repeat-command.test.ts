import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { initOptions } from '../../src/commands/init.ts';
import { flagName } from '../../src/settings/names.ts';
import { isRead, startCloud } from '../support/deployment.ts';
import { runChild, temporaryFolder } from '../support/program.ts';

// Many steps, each a wait for a program that may share its cores with others.
vi.setConfig({ testTimeout: 180_000 });

/** Options that the repeated command has no need of. */
const NOT_REPEATED: Partial<Record<keyof typeof initOptions, string>> = {
  profile: 'the sizes that it stands for are named one by one',
  planFormat: 'it writes a plan and makes nothing',
  deploy: 'it is repeated where it was done, which takes a build: the journey shows it',
  newKey: 'it is done once, and would be done again',
};

/** Set-ups that together use every other option, with values that are not the defaults. */
const SET_UPS: Array<Partial<Record<keyof typeof initOptions, string | true>>> = [
  {
    tier: 'db-custom-1-3840',
    databaseVersion: 'POSTGRES_16',
    availability: 'REGIONAL',
    disk: '20',
    instance: 'my-instance',
    requireClientCert: true,
    bucket: 'my-own-artifacts-bucket',
    repository: 'my-images',
    serviceAccount: 'my-server',
    buildServiceAccount: 'my-builder',
    ingress: 'internal',
    invoker: 'all-users',
    memory: '2Gi',
    cpu: '2',
    minInstances: '1',
    maxInstances: '4',
    username: 'ada',
    passwordFile: 'password file',
    credentials: 'key',
    keyFile: '$HOME/server.json',
    skipChecks: true,
  },
  {
    database: 'mysql',
    clientCert: true,
    impersonator: 'user:ada@example.com',
    ci: 'github',
    githubRepo: 'octo-org/mlflow',
    githubBranch: 'release',
  },
];

test('every option that shapes the set-up is in one of the set-ups that are tried here', () => {
  const tried = new Set([...Object.keys(NOT_REPEATED), ...SET_UPS.flatMap((setUp) => Object.keys(setUp))]);
  expect(Object.keys(initOptions).filter((key) => !tried.has(key))).toEqual([]);
});

test.each([0, 1])('set-up %i is repeated by the command that init prints', async (index) => {
  const cloud = await startCloud();
  const home = temporaryFolder();
  // A key is kept nowhere but outside of the project folder.
  const setUp = Object.fromEntries(
    Object.entries(SET_UPS[index] ?? {}).map(([key, value]) => [key, value === true ? true : value.replace('$HOME', home)]),
  );
  const env = { ...cloud.env, CI: 'true', HOME: home, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId };
  const flags = Object.entries(setUp).flatMap(([key, value]) =>
    value === true ? [flagName(key)] : [`${flagName(key)}=${value}`],
  );
  await writeFile(path.join(cloud.folder, 'password file'), 'a-long-password\n', { mode: 0o600 });
  const first = await runChild(['init', ...flags, '--yes', '--json'], { env, cwd: cloud.folder });
  const { ok, repeat, error } = JSON.parse(first.stdout);
  expect({ ok, error }).toEqual({ ok: true });
  for (const [key, value] of Object.entries(setUp)) {
    const said = value === true ? '' : `[ =]['"]?${value}`;
    expect(repeat).toMatch(new RegExp(`${flagName(key)}${said}`));
  }
  expect(repeat).not.toContain('a-long-password');

  // In another folder, as a shell takes it: the same file, and nothing to make.
  const folder = temporaryFolder();
  await mkdir(path.join(folder, '.mlflow-gcp'));
  for (const file of ['uv.lock', '.mlflow-gcp/locked.json', 'password file'])
    await copyFile(path.join(cloud.folder, file), path.join(folder, file));
  const before = (await cloud.requests()).length;
  const again = await runChild([...wordsOf(repeat), '--json'], { env, cwd: folder });
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, repeat });
  const [one, other] = await Promise.all([cloud.folder, folder].map((at) => readFile(path.join(at, 'mlflow-gcp.yaml'), 'utf8')));
  expect(other).toBe(one);
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);
});

/** The words of the command behind the program's name; quotes as {@link shellWord} writes them. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].slice(1).map(([word]) => word.replaceAll("'", ''));
}
