import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isRead, startCloud } from '../support/deployment.ts';
import { keys, onTerminal } from '../support/pty.ts';

test('a person answers the questions of init, sees the plan, agrees, and gets what was chosen', async () => {
  const cloud = await startCloud();
  const terminal = onTerminal(['init'], { env: cloud.env, cwd: cloud.folder });
  await terminal.shows('Google Cloud project id');
  terminal.type(`My Project${keys.enter}`);
  await terminal.shows('expected a project id');
  terminal.type('\u0015'); // Clears the line.
  terminal.type(`${cloud.simulator.project.projectId}${keys.enter}`);
  await terminal.shows('Region');
  terminal.type(keys.enter);
  await terminal.shows('Name of the deployment');
  terminal.type(`team-a${keys.enter}`);
  await terminal.shows('Profile');
  await terminal.shows(/demo, about \d+ USD a month/);
  await terminal.shows(/production, about \d+ USD a month/);
  terminal.type(keys.down);
  await terminal.shows('a small team');
  terminal.type(keys.enter);
  await terminal.shows('User name for MLflow clients');
  terminal.type(keys.enter);
  await terminal.shows('Make this?');
  expect(terminal.text()).toContain('team-a-pgsql');
  expect(terminal.text()).toContain('db-g1-small');
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
  terminal.type('y');
  terminal.type(keys.enter);
  await terminal.shows('Deploy the server now?');
  terminal.type('n');
  terminal.type(keys.enter);
  expect(await terminal.ended).toBe(0);
  expect(terminal.text()).toContain('Next: mlflow-gcp deploy');
  const config = await readFile(path.join(cloud.folder, 'mlflow-gcp.yaml'), 'utf8');
  expect(config).toContain('name: team-a');
  expect(config).toContain('tier: db-g1-small');
  expect(config).toContain('maxInstances: 3');
  // What the terminal breaks at its edge is one line of the program.
  const { projectId } = cloud.simulator.project;
  const again = `mlflow-gcp init --project ${projectId} --name team-a --tier db-g1-small --memory 2Gi --max-instances 3 --yes`;
  expect(terminal.text().replaceAll(/\r?\n/g, '')).toContain(again);
});

test('whoever wants to choose the machine by name is asked for it', async () => {
  const cloud = await startCloud();
  const args = [
    'init',
    '--project',
    cloud.simulator.project.projectId,
    '--region',
    'us-central1',
    '--name',
    'mlflow',
    '--username',
    'ada',
  ];
  const terminal = onTerminal([...args, '--dry-run'], { env: cloud.env, cwd: cloud.folder });
  await terminal.shows('Profile');
  terminal.type(keys.down + keys.down + keys.down);
  await terminal.shows('asks for the machine');
  terminal.type(keys.enter);
  await terminal.shows('Machine of the database');
  terminal.type(keys.down + keys.down);
  await terminal.shows('the smallest with an SLA');
  terminal.type(keys.enter);
  expect(await terminal.ended).toBe(0);
  expect(terminal.text()).toContain('db-custom-1-3840, zonal');
});

test('a no to the plan makes nothing and ends with 1; Ctrl-C at a question with 130', async () => {
  const cloud = await startCloud();
  const args = [
    'init',
    '--project',
    cloud.simulator.project.projectId,
    '--region',
    'us-central1',
    '--name',
    'mlflow',
    '--tier',
    'db-f1-micro',
    '--username',
    'ada',
  ];
  const declined = onTerminal(args, { env: cloud.env, cwd: cloud.folder, columns: 40 });
  await declined.shows('Make this?');
  declined.type('n');
  declined.type(keys.enter);
  expect(await declined.ended).toBe(1);
  expect(declined.text()).toContain('Nothing was done');
  const interrupted = onTerminal(['init'], { env: cloud.env, cwd: cloud.folder });
  await interrupted.shows('Google Cloud project id');
  interrupted.type(keys.ctrlC);
  expect(await interrupted.ended).toBe(130);
  expect(interrupted.text()).toMatch(/same command/);
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

test('Ctrl-C while things are made ends with 130, and the same command goes on', async () => {
  const cloud = await startCloud();
  await cloud.fault({ match: 'POST sqladmin', times: 1, delayMs: 3_000 });
  const args = ['init', '--yes', '--project', cloud.simulator.project.projectId];
  const terminal = onTerminal(args, { env: cloud.env, cwd: cloud.folder });
  await terminal.shows('Cloud SQL instance mlflow-pgsql');
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.text()).not.toMatch(/\bat .*\.js:\d+/);
  const next = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(next.stdout)).toMatchObject({ ok: true });
});
