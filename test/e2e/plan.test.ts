import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { isRead, startCloud } from '../support/deployment.ts';
import { runChild, temporaryFolder } from '../support/program.ts';
import { lockedFolder } from '../support/project-folder.ts';

test('a dry run writes the plan in each form, alone on stdout, and makes nothing', async () => {
  const cloud = await startCloud();
  const starts: Array<[string, RegExp]> = [
    ['json', /^\{\n {2}"project"/],
    ['gcloud', /^#!\/usr\/bin\/env bash\n/],
    ['terraform', /^# What MLflow deployment mlflow needs/],
    ['mermaid', /^flowchart LR\n/],
  ];
  for (const [format, start] of starts) {
    const { status, stdout } = await cloud.run('init', '--dry-run', '--plan-format', format);
    expect(status).toBe(0);
    expect(stdout).toMatch(start);
    const { document, ...rest } = JSON.parse((await cloud.run('init', '--dry-run', '--json', '--plan-format', format)).stdout);
    expect(document).toBe(stdout);
    expect(rest).toMatchObject({ ok: true, dryRun: true, planFormat: format, plan: { changes: true } });
  }
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

test('a form of the plan without a dry run is refused before anything is asked; so is one that is unknown', async () => {
  const cwd = temporaryFolder();
  const args = ['init', '--json', '--yes', '--project', 'my-project-1', '--plan-format'];
  const idle = await runChild([...args, 'terraform'], { cwd });
  expect(idle.status).toBe(2);
  expect(JSON.parse(idle.stdout).error).toMatchObject({
    code: 'PLAN_FORMAT_WITHOUT_DRY_RUN',
    hint: expect.stringContaining('--dry-run'),
  });
  const unknown = await runChild([...args, 'pulumi', '--dry-run'], { cwd });
  expect(unknown.status).toBe(2);
  expect(JSON.parse(unknown.stdout).error).toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('mermaid') });
});

test('a profile sets the sizes, a flag beats it, mlflow-gcp.yaml beats it too and says so', async () => {
  const cloud = await startCloud();
  const prices = async (profile: string): Promise<number> => {
    const { stdout } = await cloud.run('init', '--dry-run', '--json', '--profile', profile);
    const items = JSON.parse(stdout).plan.prices.items as Array<{ usd: number }>;
    return Math.round(items.reduce((sum, { usd }) => sum + usd, 0));
  };
  expect([await prices('demo'), await prices('team'), await prices('production')]).toEqual([9, 27, 122]);
  const made = await cloud.run('init', '--yes', '--quiet', '--profile', 'production', '--min-instances', '2');
  expect(made.status).toBe(0);
  const file = path.join(cloud.folder, 'mlflow-gcp.yaml');
  const config = parse(await readFile(file, 'utf8'));
  expect(config).toMatchObject({
    database: { tier: 'db-custom-1-3840', availability: 'REGIONAL' },
    service: { memory: '2Gi', minInstances: 2, maxInstances: 5 },
  });
  expect(config).not.toHaveProperty('profile');
  const again = await cloud.run('init', '--dry-run', '--profile', 'demo');
  expect(again.stdout).toContain('db-custom-1-3840, regional');
  expect(again.stderr).toMatch(/mlflow-gcp\.yaml wins over --profile demo: database\.tier: db-custom-1-3840/);
  // Only what the file says stands against the profile.
  await writeFile(file, 'database:\n  tier: db-g1-small\n');
  const mixed = await cloud.run('init', '--dry-run', '--name', 'other', '--profile', 'production');
  expect(mixed.stdout).toContain('db-g1-small, regional');
});

test('the command at the end repeats the same set-up from an empty folder, with nothing left to do', async () => {
  const cloud = await startCloud();
  const password = path.join(cloud.folder, "the 'password' file");
  await writeFile(password, 'correct-horse-battery');
  const sizes = ['--name', 'team-a', '--disk', '20', '--max-instances', '4', '--cpu', '500m'];
  const { stdout, status } = await cloud.run(
    'init',
    '--yes',
    '--json',
    ...sizes,
    '--username',
    "o'neil",
    '--password-file',
    password,
  );
  expect(status).toBe(0);
  const { repeat } = JSON.parse(stdout);
  const { projectId } = cloud.simulator.project;
  expect(repeat).toMatch(
    new RegExp(`^mlflow-gcp init --project ${projectId} --name team-a --disk 20 --cpu 500m --max-instances 4 .*--yes$`),
  );
  expect(repeat).not.toContain('battery');
  const before = (await cloud.requests()).length;
  const folder = await lockedFolder('team-a');
  // The shell takes the line apart; the program is then run without it, because the simulator lives in this process.
  const words = execFileSync('bash', ['-c', `mlflow-gcp() { printf '%s\\0' "$@"; }; ${repeat}`], { encoding: 'utf8' });
  const second = await runChild([...words.split('\0').slice(0, -1), '--json'], {
    env: { ...cloud.env, CI: 'true' },
    cwd: folder,
  });
  expect(second.stderr).toBe('');
  expect(JSON.parse(second.stdout)).toMatchObject({ ok: true, repeat });
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);
  const yaml = (dir: string) => readFile(path.join(dir, 'mlflow-gcp.yaml'), 'utf8');
  expect(await yaml(folder)).toBe(await yaml(cloud.folder));
});
