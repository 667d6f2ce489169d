import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { isRead, startCloud } from '../support/deployment.ts';
import { keys } from '../support/pty.ts';
import { ALL_QUESTIONS as ask, startWizard, walkTo } from '../support/wizard.ts';

// Many steps, each a wait for a program that may share its cores with others.
vi.setConfig({ testTimeout: 180_000 });

test('a person answers the questions of init, sees the plan, agrees, and gets what was chosen', async () => {
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { locked: true });
  await terminal.shows('Signed in as user@example.com (the token in CLOUDSDK_AUTH_ACCESS_TOKEN)');
  await terminal.shows('Esc goes back to the question before');
  await terminal.asks(ask.project.shows);
  terminal.type('My Project');
  await terminal.asks('expected a project id');
  terminal.type(keys.clearLine);
  await terminal.asks(ask.project.shows);
  terminal.type(keys.enter);
  await terminal.asks(ask.name.shows);
  terminal.type(`team-a${keys.enter}`);
  await terminal.asks(ask.region.shows);
  terminal.type('belgium');
  await terminal.asks('❯ europe-west1 (Belgium)');
  terminal.type(keys.enter);
  await terminal.asks('Profile');
  await terminal.asks(/demo, about \d+ USD a month/);
  await terminal.asks(/production, about \d+ USD a month/);
  terminal.type(keys.down);
  await terminal.asks('a small team');
  terminal.type(keys.enter);
  await terminal.asks(ask.username.shows);
  terminal.type(keys.enter);
  await terminal.asks('Make this?');
  expect(terminal.text()).toContain('team-a-pgsql');
  expect(terminal.text()).toContain('db-g1-small');
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
  terminal.type('y');
  terminal.type(keys.enter);
  await terminal.asks('Deploy the server now?');
  terminal.type('n');
  terminal.type(keys.enter);
  expect(await terminal.ended).toBe(0);
  expect(terminal.text()).toContain('Next: mlflow-gcp deploy');
  const config = await readFile(path.join(terminal.folder, 'mlflow-gcp.yaml'), 'utf8');
  expect(config).toContain('name: team-a');
  expect(config).toContain('region: europe-west1');
  expect(config).toContain('tier: db-g1-small');
  expect(config).toContain('maxInstances: 3');
  // What the terminal breaks at its edge is one line of the program.
  const { projectId } = cloud.simulator.project;
  const again = `mlflow-gcp init --project ${projectId} --region europe-west1 --name team-a --tier db-g1-small --memory 2Gi --max-instances 3 --yes`;
  expect(terminal.text().replaceAll(/\r?\n/g, '')).toContain(again);
});

test('whoever goes back twice finds the answers of before, and what is changed counts', async () => {
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { locked: true });
  await walkTo(terminal, ask.profile.shows);
  terminal.type(keys.escape);
  await terminal.asks(ask.region.shows);
  terminal.type(keys.escape);
  // What was answered is the default now.
  await terminal.asks('Name of the deployment (team-a)');
  terminal.type(`team-b${keys.enter}`);
  await walkTo(terminal, 'Make this?', Object.values(ask).slice(2));
  expect(terminal.text()).toContain('team-b-pgsql');
  // From the plan as well: everything that was said stands as default, and another answer makes another plan.
  terminal.type(keys.escape);
  await terminal.asks('User name for MLflow clients (ada)');
  terminal.type(keys.escape);
  await terminal.asks('kept running (0)');
  terminal.type(`2${keys.enter}`);
  await terminal.asks('User name for MLflow clients (ada)');
  terminal.type(keys.enter);
  await terminal.asks('2 idle instance(s)');
  await terminal.asks('Make this?');
  expect(terminal.text()).toContain('db-custom-1-3840');
  terminal.type(`n${keys.enter}`);
  expect(await terminal.ended).toBe(1);
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

test('a no to the plan makes nothing and ends with 1', async () => {
  const cloud = await startCloud();
  const { projectId } = cloud.simulator.project;
  const args = ['--project', projectId, '--region', 'us-central1', '--name', 'mlflow', '--tier', 'db-f1-micro'];
  const declined = await startWizard(cloud, { args: [...args, '--username', 'ada'], columns: 40, locked: true });
  await declined.shows('Make this?');
  declined.type('n');
  declined.type(keys.enter);
  expect(await declined.ended).toBe(1);
  expect(declined.text()).toContain('Nothing was done');
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

test('Ctrl-C while things are made ends with 130, and the same command goes on', async () => {
  const cloud = await startCloud();
  await cloud.fault({ match: 'POST sqladmin', times: 1, delayMs: 3_000 });
  const terminal = await startWizard(cloud, { args: ['--yes', '--project', cloud.simulator.project.projectId], locked: true });
  await terminal.shows('Cloud SQL instance mlflow-pgsql');
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.text()).not.toMatch(/\bat .*\.js:\d+/);
  const next = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(next.stdout)).toMatchObject({ ok: true });
});
