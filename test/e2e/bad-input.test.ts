import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isRead, startCloud } from '../support/deployment.ts';
import { runChild, temporaryFolder } from '../support/program.ts';

/** None of these gets as far as a network call: there is nothing to answer one. */
const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', CLOUDSDK_AUTH_ACCESS_TOKEN: 'x' };

async function refusal(args: string[], options: { cwd?: string; env?: Record<string, string>; input?: string } = {}) {
  const { status, stdout, stderr } = await runChild([...args, '--json'], { ...options, env: { ...nowhere, ...options.env } });
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({ ok: false, error: { hint: expect.stringMatching(/\S/) } });
  return { status, code: document.error.code, message: document.error.message as string };
}

test.each([
  ['--project', 'My Project', 'project id'],
  ['--project', '123456789012', 'project number'],
  ['--region', 'us-central1-a', 'zone'],
  ['--region', 'eu', 'multi-region'],
  ['--name', 'Team_A', 'lower-case'],
  ['--name', 'my-google', 'google'],
  ['--bucket', 'goog-artifacts', 'bucket'],
  ['--bucket', 'A', 'bucket'],
  ['--instance', '1st', 'Cloud SQL instance'],
  ['--tier', 'db-custom-3-4096', 'even number'],
  ['--tier', 'db-custom-2-1024', 'at least 3840'],
  ['--tier', 'large', 'db-f1-micro'],
  ['--memory', '1 GB', '1Gi'],
  ['--username', 'a:b', 'colons'],
  ['--disk', '5', '10'],
  ['--max-instances', '0', '1'],
])('init %s %j is refused before anything is asked of Google', async (flag, value, expected) => {
  const outcome = await refusal(['init', '--yes', '--project', 'my-project-1', flag, value], { cwd: temporaryFolder() });
  expect(outcome).toMatchObject({ status: 2, code: 'INVALID_VALUE' });
  expect(outcome.message).toContain(flag);
  expect(outcome.message).toContain(expected);
});

test('a broken mlflow-gcp.yaml is refused by every command that reads it, with the line and what was expected', async () => {
  const cwd = temporaryFolder();
  await writeFile(path.join(cwd, 'mlflow-gcp.yaml'), 'project: my-project-1\ndatabase:\n  teir: db-f1-micro\n');
  for (const command of ['init', 'deploy', 'status', 'connect', 'model', 'destroy']) {
    const outcome = await refusal([command, '--yes'], { cwd });
    expect(outcome).toMatchObject({ status: 2, code: 'CONFIG_INVALID' });
    expect(outcome.message).toContain('mlflow-gcp.yaml:3:');
    expect(outcome.message).toContain('teir');
  }
});

test('a folder of something else is left alone', async () => {
  const cwd = temporaryFolder();
  await writeFile(path.join(cwd, 'pyproject.toml'), '[project]\nname = "mine"\n');
  expect(await refusal(['init', '--yes', '--project', 'my-project-1'], { cwd })).toMatchObject({
    status: 2,
    code: 'FOLDER_TAKEN',
  });
  expect(await readdir(cwd)).toEqual(['pyproject.toml']);
});

test('a file in place of the folder is told before anything is made', async () => {
  const file = path.join(temporaryFolder(), 'taken');
  await writeFile(file, '');
  const outcome = await refusal(['init', '--yes', '--project', 'my-project-1', '--dir', path.join(file, 'project')]);
  expect(outcome).toMatchObject({ status: 1, code: 'FOLDER_NOT_WRITABLE' });
  expect(outcome.message).toContain('Nothing was made');
});

/** A file system of our own for the length of the test; root may write anywhere else. */
function mounted(options: string): string | undefined {
  const folder = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

test.each([
  ['full', 'size=64k', 'the disk is full'],
  ['read-only', 'size=64k,ro', 'EROFS'],
])('a %s disk is told before anything is made (needs the right to mount one)', async (_what, options, expected) => {
  const folder = mounted(options);
  // Where nobody may mount, a folder without the right to write stands for both.
  const dir = folder ?? path.join(temporaryFolder(), 'closed');
  if (folder === undefined) await mkdir(dir, { mode: 0o555 });
  const outcome = await refusal(['init', '--yes', '--project', 'my-project-1', '--dir', dir]);
  expect(outcome).toMatchObject({ status: 1, code: 'FOLDER_NOT_WRITABLE' });
  expect(outcome.message).toContain(folder === undefined ? 'EACCES' : expected);
  expect(await readdir(dir)).toEqual([]);
});

test('a password that no header can carry, or a file that is not there, is refused', async () => {
  const cwd = temporaryFolder();
  const args = ['init', '--yes', '--project', 'my-project-1', '--password-file'];
  expect(await refusal([...args, '-'], { cwd, input: 'two\nlines' })).toMatchObject({ status: 2, code: 'INVALID_PASSWORD' });
  expect(await refusal([...args, '-'], { cwd, input: 'short\n' })).toMatchObject({ status: 2, code: 'INVALID_PASSWORD' });
  expect(await refusal([...args, 'nowhere'], { cwd })).toMatchObject({ status: 2, code: 'PASSWORD_FILE_UNREADABLE' });
});

test.each([
  ['CONFIG_UNREADABLE', ['status', '--config', '/dev/zero']],
  ['PASSWORD_FILE_UNREADABLE', ['init', '--yes', '--project', 'my-project-1', '--password-file', '/dev/zero']],
])('a file without an end is refused after its first mebibyte: %s', async (code, args) => {
  const outcome = await refusal(args, { cwd: temporaryFolder() });
  expect(outcome).toMatchObject({ code });
  expect(outcome.message).toContain('larger than 1 MiB');
});

test('no network, no project of that name, no billing: each says what to do', async () => {
  const cwd = temporaryFolder();
  await mkdir(path.join(cwd, 'a'));
  const offline = await refusal(['status', '--project', 'my-project-1'], { cwd });
  expect(offline.status).toBe(1);
  expect(offline.message).toContain('127.0.0.1:9');
  const cloud = await startCloud();
  const unknown = await cloud.run('init', '--yes', '--json', '--project', 'nobody-has-this-1');
  expect(unknown.status).toBe(3);
  expect(JSON.parse(unknown.stdout).error).toMatchObject({
    code: 'PROJECT_NOT_FOUND',
    hint: expect.stringContaining('gcloud projects'),
  });
  const { projectId } = cloud.simulator.project;
  await cloud.simulator.call('PUT', `https://cloudbilling.googleapis.com/v1/projects/${projectId}/billingInfo`, {
    billingAccountName: '',
  });
  const unpaid = await cloud.run('init', '--yes', '--json');
  expect(unpaid.status).toBe(1);
  expect(JSON.parse(unpaid.stdout).error).toMatchObject({
    code: 'BILLING_OFF',
    hint: expect.stringContaining('billing/linkedaccount'),
  });
  expect(
    (await cloud.requests()).filter((request) => !isRead(request) && request.host !== 'cloudbilling.googleapis.com'),
  ).toEqual([]);
});

test('without Python nothing is made, and it says what to install', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  // Neither uv nor Python: what the program itself runs on is named by its whole path.
  const { status, stdout } = await runChild(['init', '--yes', '--json', '--project', projectId], {
    env: { ...cloud.env, PATH: path.join(cloud.folder, 'nothing'), MLFLOW_GCP_HOME: temporaryFolder() },
  });
  expect(status).toBe(1);
  expect(JSON.parse(stdout).error).toMatchObject({ code: 'PYTHON_MISSING', hint: expect.stringMatching(/python/i) });
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});
