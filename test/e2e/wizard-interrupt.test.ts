import { readdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { isRead, startCloud } from '../support/deployment.ts';
import { keys } from '../support/pty.ts';
import { ALL_QUESTIONS, type Stop, startWizard, walkTo } from '../support/wizard.ts';

// Many steps, each a wait for a program that may share its cores with others.
vi.setConfig({ testTimeout: 180_000 });

/** What the answers before each question are as flags. */
const SO_FAR: Record<string, string> = {
  name: '--project mlflow-local',
  region: '--project mlflow-local --name team-a',
  profile: '--project mlflow-local --name team-a --region us-central1',
  // No flag says that each size is chosen by itself.
  database: '--project mlflow-local --name team-a --region us-central1',
  tier: '--region us-central1 --database postgres',
  availability: '--database postgres --tier db-custom-1-3840',
  minInstances: '--tier db-custom-1-3840 --availability ZONAL',
  username: '--availability ZONAL --min-instances 0',
};

test('Ctrl-C at each question ends with 130, makes nothing, and tells how to go on', async () => {
  const cloud = await startCloud();
  const interrupted = async ([question, { shows }]: [string, Stop]): Promise<void> => {
    const terminal = await startWizard(cloud);
    await walkTo(terminal, shows);
    terminal.type(keys.ctrlC);
    expect(await terminal.ended, question).toBe(130);
    const told = terminal.text().replaceAll(/\r?\n/g, '');
    expect(told, question).toContain('Error (INTERRUPTED): Interrupted at a question. Nothing was made.');
    expect(told, question).toContain('Run the same command again to start over');
    if (question in SO_FAR) expect(told, question).toMatch(new RegExp(`mlflow-gcp init .*${SO_FAR[question]}`));
    expect(told, question).not.toMatch(/\bat .*\.js:\d+/);
    expect(cursorIsShown(terminal.raw()), question).toBe(true);
    expect(await readdir(terminal.folder), question).toEqual([]);
  };
  // Two at a time: each is a program of its own.
  const questions = Object.entries(ALL_QUESTIONS);
  for (let at = 0; at < questions.length; at += 2) await Promise.all(questions.slice(at, at + 2).map(interrupted));
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

test('Ctrl-C at the plan makes nothing, and at the last question leaves what was made', async () => {
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { locked: true });
  await walkTo(terminal, 'Make this?');
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
  const told = terminal.text().replaceAll(/\r?\n/g, '');
  expect(told).toContain('Interrupted at the plan. Nothing was made.');
  expect(told).toMatch(/mlflow-gcp init --project \S+ --name team-a --tier db-custom-1-3840 --username ada --yes$/);
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
  // Nothing is there but the project, of which the simulator takes note when it is first looked at.
  const { body: state } = await cloud.simulator.control('GET', '/_simulator/state');
  expect(Object.keys(state).sort()).toEqual(['cloudresourcemanager.projects', 'iam.policies', 'kernel.project']);

  const again = await startWizard(cloud, { locked: true });
  await walkTo(again, 'Make this?');
  again.type(`y${keys.enter}`);
  await again.asks('Deploy the server now?');
  again.type(keys.ctrlC);
  expect(await again.ended).toBe(130);
  expect(again.text()).toContain('Interrupted before the server was deployed. Everything is made.');
  expect(again.text()).toContain('Next: mlflow-gcp deploy');
  expect(await readdir(again.folder)).toContain('mlflow-gcp.yaml');
});

test('Ctrl-C while the program looks at a project ends with 130 and makes nothing', async () => {
  const cloud = await startCloud();
  await cloud.fault({ match: 'GET cloudbilling', times: 9, delayMs: 60_000 });
  const terminal = await startWizard(cloud);
  await terminal.asks(ALL_QUESTIONS.project.shows);
  terminal.type(keys.enter);
  await terminal.asks('Look at project mlflow-local');
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
});

function cursorIsShown(raw: string): boolean {
  return raw.lastIndexOf('\u001b[?25h') >= raw.lastIndexOf('\u001b[?25l');
}
