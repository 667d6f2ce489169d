import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';
import { temporaryFolder } from '../support/program.ts';
import { keys, onTerminal } from '../support/pty.ts';
import { ALL_QUESTIONS as ask, startWizard } from '../support/wizard.ts';

// Many steps, each a wait for a program that may share its cores with others.
vi.setConfig({ testTimeout: 180_000 });

/** A home folder as gcloud leaves it: its own account, and Application Default Credentials where they were made. */
async function gcloudHome(account: string, options: { adc: boolean; project?: string }): Promise<string> {
  const home = temporaryFolder();
  const folder = path.join(home, '.config/gcloud');
  await mkdir(path.join(folder, 'configurations'), { recursive: true });
  await writeFile(path.join(folder, 'active_config'), 'work');
  const project = options.project === undefined ? '' : `project = ${options.project}\n`;
  const properties = `[core]\naccount = ${account}\n${project}\n[compute]\nregion = europe-north1\n`;
  await writeFile(path.join(folder, 'configurations/config_work'), properties);
  const credentials = { type: 'authorized_user', client_id: 'id', client_secret: 'secret', refresh_token: 'token' };
  if (options.adc) await writeFile(path.join(folder, 'application_default_credentials.json'), JSON.stringify(credentials));
  return home;
}

/** A folder with programs of these names, which do nothing. */
async function programs(...names: string[]): Promise<string> {
  const folder = temporaryFolder();
  for (const name of names) {
    await writeFile(path.join(folder, name), '#!/bin/sh\nexit 0\n');
    await chmod(path.join(folder, name), 0o755);
  }
  return folder;
}

async function makeProject(cloud: Cloud, projectId: string, displayName: string): Promise<void> {
  const url = 'https://cloudresourcemanager.googleapis.com/v3/projects';
  await cloud.simulator.call('POST', url, { projectId, displayName });
  await cloud.simulator.until(`${url}/${projectId}`, ({ state }) => state === 'ACTIVE');
}

const linkBilling = (cloud: Cloud, projectId: string) =>
  cloud.simulator.call('PUT', `https://cloudbilling.googleapis.com/v1/projects/${projectId}/billingInfo`, {
    billingAccountName: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C',
  });

test('says who is signed in and warns where skaffold would be somebody else, with the command that mends it', async () => {
  const cloud = await startCloud();
  const home = await gcloudHome('bob@example.com', { adc: true, project: cloud.simulator.project.projectId });
  const path = `${await programs('gcloud', 'skaffold')}:/usr/bin:/bin`;
  const env = { CLOUDSDK_AUTH_ACCESS_TOKEN: '', HOME: home, PATH: path };
  const terminal = await startWizard(cloud, { env, columns: 200 });
  await terminal.shows('Signed in as user@example.com (Application Default Credentials of gcloud)');
  await terminal.shows(
    'skaffold would deploy as bob@example.com (gcloud’s account), and this program works as user@example.com.',
  );
  await terminal.shows('gcloud auth login user@example.com, or deploy without skaffold: mlflow-gcp deploy --with api');
  await terminal.asks(ask.project.shows);
  terminal.type(keys.enter);
  await terminal.asks(ask.name.shows);
  terminal.type(keys.enter);
  // What gcloud is set to is the guess.
  await terminal.asks('❯ europe-north1 (Finland)');
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
});

test('who is not signed in is told so with status 3 before any question, also where gcloud itself is', async () => {
  const cloud = await startCloud();
  const nobody = { CLOUDSDK_AUTH_ACCESS_TOKEN: '', METADATA_SERVER_DETECTION: 'none' };
  const stranger = await startWizard(cloud, { env: nobody });
  expect(await stranger.ended).toBe(3);
  expect(stranger.text()).toContain('Error (NOT_SIGNED_IN)');
  expect(stranger.text()).toContain('Next: gcloud auth application-default login');
  expect(stranger.text()).not.toContain('Google Cloud project id');
  const home = await gcloudHome('bob@example.com', { adc: false });
  const half = await startWizard(cloud, { env: { ...nobody, HOME: home }, columns: 200 });
  expect(await half.ended).toBe(3);
  expect(half.text()).toContain('gcloud itself is signed in as bob@example.com');
  expect(await cloud.requests()).toEqual([]);
  // A token that Google does not know any more.
  await cloud.fault({ match: 'POST oauth2.googleapis.com/tokeninfo', times: 9, status: 400 });
  const late = await startWizard(cloud);
  expect(await late.ended).toBe(3);
  expect(late.text()).toContain('Error (NOT_SIGNED_IN)');
  expect(late.text().replaceAll(/\r?\n/g, '')).toContain('export CLOUDSDK_AUTH_ACCESS_TOKEN=');
});

test('without a network it says so before any question', async () => {
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { env: { HTTPS_PROXY: 'http://127.0.0.1:9' } });
  expect(await terminal.ended).toBe(1);
  expect(terminal.text()).toContain('Error (CONNECTION_REFUSED): Nothing answers at 127.0.0.1:9.');
  expect(terminal.text()).not.toContain('Google Cloud project id');
});

test('projects are searched by typing; one that is not there or has no billing is told of before the next question', async () => {
  const cloud = await startCloud();
  await makeProject(cloud, 'vineyard-1234', 'Red and White');
  await makeProject(cloud, 'orchard-5678', 'Apples');
  const terminal = await startWizard(cloud);
  await terminal.asks(/❯ orchard-5678 \(Apples\)/);
  await terminal.asks('vineyard-1234 (Red and White)');
  terminal.type('nowhere-at-all');
  await terminal.asks('❯ nowhere-at-all (not in the list)');
  terminal.type(keys.enter);
  await terminal.asks('Project nowhere-at-all does not exist, or you may not see it.');
  // The same question again, with the answer of before on top.
  await terminal.asks(/❯ nowhere-at-all/);
  terminal.type('red and');
  await terminal.asks(/❯ vineyard-1234/);
  terminal.type(keys.enter);
  await terminal.asks('has no active billing account');
  await terminal.asks('linkedaccount?project=vineyard-1234');
  await terminal.asks('gcloud billing projects link vineyard-1234');
  await terminal.asks(/❯ vineyard-1234/);
  expect(terminal.text()).not.toContain('Name of the deployment');
  // Mended meanwhile, Enter looks again.
  await linkBilling(cloud, 'vineyard-1234');
  terminal.type(keys.enter);
  await terminal.asks(ask.name.shows);
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(
    (await cloud.requests()).filter(({ host, ...request }) => !/billing|manager/.test(host) && !isRead({ host, ...request })),
  ).toEqual([]);
});

test('a project that was given and cannot be used ends init before its questions', async () => {
  const cloud = await startCloud();
  await makeProject(cloud, 'orchard-5678', 'Apples');
  const terminal = await startWizard(cloud, { args: ['--project', 'orchard-5678'] });
  expect(await terminal.ended).toBe(1);
  expect(terminal.text()).toContain('Error (BILLING_OFF)');
  expect(terminal.text()).not.toContain('Name of the deployment');
});

test('where projects cannot be listed the id is typed', async () => {
  const cloud = await startCloud();
  await cloud.fault({ match: 'GET cloudresourcemanager.googleapis.com/v3/projects:search', times: 9, status: 403 });
  const terminal = await startWizard(cloud);
  await terminal.shows('Your projects cannot be listed (');
  await terminal.asks('Google Cloud project id');
  terminal.type(`${cloud.simulator.project.projectId}${keys.enter}`);
  await terminal.asks(ask.name.shows);
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
});

test('a deployment that stands is found by its labels, and gone on with as it is', async () => {
  const cloud = await startCloud();
  const sizes = ['--tier', 'db-g1-small', '--database-version', 'POSTGRES_16'];
  const made = await cloud.run('init', '--yes', '--name', 'team-a', '--region', 'europe-west1', '--username', 'ada', ...sizes);
  expect(made.status).toBe(0);
  // Of this name there is one, but not here.
  const wrong = await startWizard(cloud, { args: ['--region', 'us-central1'], columns: 200 });
  await wrong.asks(ask.project.shows);
  wrong.type(keys.enter);
  await wrong.asks('Name of the deployment (team-a)');
  wrong.type(keys.enter);
  await wrong.asks('Deployment team-a stands in europe-west1 and cannot be moved; us-central1 is asked for.');
  await wrong.asks('Name of the deployment (team-a)');
  wrong.type(keys.ctrlC);
  expect(await wrong.ended).toBe(130);

  const before = (await cloud.requests()).length;
  const terminal = await startWizard(cloud, { locked: true, columns: 200 });
  await terminal.asks(ask.project.shows);
  terminal.type(keys.enter);
  await terminal.asks('there is already: team-a (europe-west1)');
  await terminal.asks('Name of the deployment (team-a)');
  terminal.type(keys.enter);
  await terminal.asks(
    'A deployment team-a stands in europe-west1 already (POSTGRES_16 on db-g1-small, zonal; no server is deployed)',
  );
  await terminal.asks(/Profile[^❯]*❯ as it is, about 27 USD a month/);
  terminal.type(keys.enter);
  // Nothing is left to ask, and nothing to make.
  await terminal.asks('Deploy the server now?');
  expect(terminal.text()).not.toContain('Make this?');
  expect(terminal.text()).not.toContain('User name');
  terminal.type(`n${keys.enter}`);
  expect(await terminal.ended).toBe(0);
  const config = await readFile(path.join(terminal.folder, 'mlflow-gcp.yaml'), 'utf8');
  expect(config).toContain('region: europe-west1');
  expect(config).toContain('tier: db-g1-small');
  expect(config).toContain('version: POSTGRES_16');
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);

  // The file that is there now says all of it: nothing is told and asked a second time.
  const home = { HOME: temporaryFolder(), METADATA_SERVER_DETECTION: 'none' };
  const known = onTerminal(['init'], { env: { ...cloud.env, ...home }, cwd: terminal.folder, columns: 200 });
  await known.shows('Signed in as');
  await known.shows('Deploy the server now?');
  expect(known.text()).not.toMatch(/stands in|Esc goes back|Profile/);
  known.type(keys.ctrlC);
  expect(await known.ended).toBe(130);
});

test('where nobody is asked and no file describes it, a deployment that stands keeps its sizes too', async () => {
  const cloud = await startCloud();
  const made = await cloud.run('init', '--yes', '--tier', 'db-g1-small', '--database-version', 'POSTGRES_16', '--disk', '20');
  expect(made.status).toBe(0);
  await rm(path.join(cloud.folder, 'mlflow-gcp.yaml'));
  const before = (await cloud.requests()).length;
  const again = await cloud.run('init', '--yes', '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, repeat: expect.stringContaining('--tier db-g1-small') });
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);
  expect(await readFile(path.join(cloud.folder, 'mlflow-gcp.yaml'), 'utf8')).toContain('diskGb: 20');
  // What a flag says changes it.
  await rm(path.join(cloud.folder, 'mlflow-gcp.yaml'));
  const plan = await cloud.run('init', '--dry-run', '--profile', 'demo');
  expect(plan.stdout).toContain('tier: db-g1-small → db-f1-micro');
});
