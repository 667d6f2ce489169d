import { execFileSync } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { githubRemote, repositoryOfRemote, workTreeRoot } from '../../src/project/git.ts';
import { temporaryFolder } from '../support/program.ts';

test.each([
  ['git@github.com:octo-org/wine.git', 'octo-org/wine'],
  ['https://github.com/octo-org/wine', 'octo-org/wine'],
  ['https://github.com/octo-org/wine.git/', 'octo-org/wine'],
  ['https://user:token@github.com/octo-org/wine.js.git', 'octo-org/wine.js'],
  ['ssh://git@github.com/octo-org/wine.git', 'octo-org/wine'],
  ['ssh://git@ssh.github.com:443/octo-org/wine.git', 'octo-org/wine'],
  ['git@gitlab.com:octo-org/wine.git', undefined],
  ['https://github.com.evil.example/octo-org/wine', undefined],
  ['https://evil.example/github.com/octo-org/wine', undefined],
  ['git@github.com:octo-org/wine/more.git', undefined],
  ['../wine', undefined],
])('%s', (address, repository) => {
  expect(repositoryOfRemote(address)).toBe(repository);
});

test('a work tree is found from below, through links, and for what is not there yet', async () => {
  const root = temporaryFolder();
  await mkdir(path.join(root, 'a', '.git'), { recursive: true });
  await mkdir(path.join(root, 'b'));
  await symlink(path.join(root, 'a'), path.join(root, 'b', 'link'));
  const real = execFileSync('realpath', [root], { encoding: 'utf8' }).trim();
  expect(await workTreeRoot(path.join(root, 'a', 'not', 'there', 'yet'))).toBe(path.join(real, 'a'));
  expect(await workTreeRoot(path.join(root, 'b', 'link', 'new'))).toBe(path.join(real, 'a'));
  expect(await workTreeRoot(path.join(root, 'b', 'new'))).toBe(undefined);
});

test('the repository that a folder is pushed to, and the branch that a clone checks out', async () => {
  const root = temporaryFolder();
  const env = { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { env, stdio: 'ignore' });
  const { signal } = new AbortController();
  expect(await githubRemote(root, env, signal)).toBe(undefined);
  git('init');
  expect(await githubRemote(root, env, signal)).toBe(undefined);
  git('remote', 'add', 'origin', 'git@github.com:octo-org/wine.git');
  expect(await githubRemote(path.join(root, 'server'), env, signal)).toEqual({ repository: 'octo-org/wine', branch: undefined });
  git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
  expect(await githubRemote(root, env, signal)).toEqual({ repository: 'octo-org/wine', branch: 'trunk' });
  expect(await githubRemote(root, { PATH: '/nowhere' }, signal)).toBe(undefined);
});
