import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isRead } from '../support/deployment.ts';
import { enforce, impersonating, keyIds, signedInBy, startOwn, writesOf } from '../support/own-home.ts';
import { runChild, temporaryFolder } from '../support/program.ts';

const PERSON = 'user@example.com';

describe('without a key', () => {
  test('whoever is named may stand in for the server’s account, and nobody else', async () => {
    const cloud = await startOwn();
    const { simulator, account, accountUrl } = cloud;
    await cloud.made('init', '--impersonator', 'Ada@Example.com');
    const { impersonation } = await cloud.made(
      'init',
      '--impersonator',
      `user:${PERSON}`,
      '--impersonator',
      'group:ml@example.com',
    );
    const members = ['user:ada@example.com', `user:${PERSON}`, 'group:ml@example.com'];
    expect(impersonation).toEqual({
      members,
      command: `gcloud auth application-default login --impersonate-service-account=${account}`,
    });
    expect(parse(await readFile(path.join(cloud.folder, 'mlflow-gcp.yaml'), 'utf8')).credentials).toEqual({
      kind: 'keyless',
      impersonators: members,
    });
    expect((await simulator.call('POST', `${accountUrl}:getIamPolicy`, {})).body.bindings).toEqual([
      { role: 'roles/iam.serviceAccountTokenCreator', members },
    ]);
    expect(await writesOf(cloud, () => cloud.made('init'))).toEqual([]);
    expect(await keyIds(cloud)).toEqual([]);

    await enforce(cloud);
    const env = await signedInBy(cloud, impersonating(account));
    const connect = () => runChild(['connect', '--no-check', '--json'], { env, cwd: cloud.folder });
    const allowed = await connect();
    expect(`${allowed.status} ${JSON.parse(allowed.stdout).username}`).toBe('0 mlflow');

    await simulator.control('POST', '/_simulator/permissions', { enforce: false });
    await simulator.call('POST', `${accountUrl}:setIamPolicy`, { policy: { bindings: [] } });
    await simulator.control('POST', '/_simulator/permissions', { enforce: true });
    const refused = await connect();
    const { error } = JSON.parse(refused.stdout);
    expect([refused.status, error.code, error.message]).toEqual([3, 'IMPERSONATION_DENIED', expect.stringContaining(account)]);
    expect(error.hint).toContain('--impersonator');
  });

  test.each([
    [['--impersonator', 'allUsers'], 'user:ADDRESS'],
    [['--impersonator', 'user:nobody'], 'user:ADDRESS'],
    [['--key-file', '/tmp/key.json'], '--credentials key'],
    [['--new-key'], '--credentials key'],
    [['--github-repo', 'octo-org/wine'], '--ci github'],
    [['--ci', 'github', '--github-repo', 'https://github.com/octo-org/wine.git'], 'here octo-org/wine'],
    [['--ci', 'github', '--github-repo', 'wine'], 'OWNER/NAME'],
    [['--ci', 'github', '--github-repo', 'octo-org/wine', '--github-branch', "a' || true || '"], 'name of a branch'],
  ])('%j is refused', async (args, told) => {
    const env = { CI: 'true', CLOUDSDK_AUTH_ACCESS_TOKEN: 'any' };
    const { status, stdout } = await runChild(['init', '--project', 'my-project', '--yes', '--json', ...args], { env });
    expect([status, JSON.parse(stdout).error.code]).toEqual([2, 'INVALID_VALUE']);
    expect(stdout).toContain(told);
  });
});

describe('with a key', () => {
  test('it is made once, for its owner’s eyes alone, works, and goes with the rest', { timeout: 60_000 }, async () => {
    const cloud = await startOwn();
    const first = await cloud.run('init', '--credentials', 'key', '--yes', '--verbose');
    expect(first.status).toBe(0);
    const key = JSON.parse(await readFile(cloud.keyFile, 'utf8'));
    expect([(await stat(cloud.keyFile)).mode & 0o777, (await stat(path.dirname(cloud.keyFile))).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect(await keyIds(cloud)).toEqual([key.private_key_id]);
    const secret = key.private_key.slice(100, 160);
    expect(`${first.stdout}${first.stderr}`).not.toContain(secret.trim());
    expect(first.stdout).toContain(`export GOOGLE_APPLICATION_CREDENTIALS=${cloud.keyFile}`);
    expect(await writesOf(cloud, () => cloud.made('init'))).toEqual([]);
    const listed = await cloud.run('status');
    expect(listed.stdout).toMatch(new RegExp(`Key of service account mlflow-server +ok +${key.private_key_id}`));

    await enforce(cloud);
    const env = await signedInBy(cloud, key);
    const connected = await runChild(['connect', '--no-check', '--json'], { env, cwd: cloud.folder });
    expect(`${connected.status} ${connected.stdout}`).toMatch(/^0 .*"username":"mlflow"/s);
    await cloud.simulator.control('POST', '/_simulator/permissions', { enforce: false });

    const renewed = await cloud.made('init', '--new-key');
    expect(renewed.resources.find(({ id }: { id: string }) => id === 'server-key').outcome).toBe('updated');
    const newer = JSON.parse(await readFile(cloud.keyFile, 'utf8'));
    expect(await keyIds(cloud)).toEqual([newer.private_key_id]);
    expect(newer.private_key_id).not.toBe(key.private_key_id);
    const old = await runChild(['connect', '--no-check', '--json'], { env, cwd: cloud.folder });
    expect([old.status, JSON.parse(old.stdout).error.code]).toEqual([3, 'SIGN_IN_EXPIRED']);

    // A file that is lost: told, and not made good behind one's back.
    await rm(cloud.keyFile);
    const lost = await cloud.run('init', '--yes');
    expect(lost.stderr).toContain(`${newer.private_key_id} was made before, and its file is not at`);
    expect(await keyIds(cloud)).toEqual([newer.private_key_id]);
    await cloud.made('init', '--new-key');
    expect(await keyIds(cloud)).toEqual([JSON.parse(await readFile(cloud.keyFile, 'utf8')).private_key_id]);

    await cloud.made('destroy');
    await expect(stat(cloud.keyFile)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await cloud.simulator.call('GET', cloud.accountUrl)).status).toBe(404);
  });

  test('a place where it would be committed, a file of something else and a policy against keys are told in time', async () => {
    const cloud = await startOwn();
    const tree = temporaryFolder();
    await mkdir(path.join(tree, '.git'));
    const link = path.join(temporaryFolder(), 'link');
    await symlink(tree, link);
    for (const file of [path.join(tree, 'keys', 'key.json'), path.join(link, 'key.json'), 'key.json']) {
      const { status, stdout } = await cloud.run('init', '--credentials', 'key', '--key-file', file, '--yes', '--json');
      expect([status, JSON.parse(stdout).error.code]).toEqual([2, 'KEY_FILE_IN_GIT']);
    }
    const taken = path.join(temporaryFolder(), 'mine.json');
    await writeFile(taken, '{"mine": true}');
    const other = await cloud.run('init', '--credentials', 'key', '--key-file', taken, '--yes', '--json');
    expect([other.status, JSON.parse(other.stdout).error.code]).toEqual([1, 'KEY_FILE_TAKEN']);
    const folder = await cloud.run('init', '--credentials', 'key', '--key-file', temporaryFolder(), '--yes', '--json');
    expect([folder.status, JSON.parse(folder.stdout).error.code]).toEqual([1, 'KEY_FILE_UNREADABLE']);
    expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);

    await cloud.simulator.control('POST', '/_simulator/orgpolicy', {
      constraint: 'iam.disableServiceAccountKeyCreation',
      enforce: true,
    });
    const { status, stdout } = await cloud.run('init', '--credentials', 'key', '--yes', '--json');
    const { error } = JSON.parse(stdout);
    expect([status, error.code]).toEqual([1, 'KEY_FORBIDDEN']);
    expect(error.message).toContain('constraints/iam.disableServiceAccountKeyCreation');
    expect(error.hint).toContain('--credentials keyless');
    await expect(stat(cloud.keyFile)).rejects.toMatchObject({ code: 'ENOENT' });

    // Told before a key is made that could not be kept.
    await cloud.simulator.control('POST', '/_simulator/orgpolicy', {
      constraint: 'iam.disableServiceAccountKeyCreation',
      enforce: false,
    });
    const below = path.join(taken, 'key.json');
    const nowhere = await cloud.run('init', '--credentials', 'key', '--key-file', below, '--yes', '--json');
    expect([nowhere.status, JSON.parse(nowhere.stdout).error.code]).toEqual([1, 'KEY_FILE_NOT_WRITABLE']);
    expect(await keyIds(cloud)).toEqual([]);
  });
});
