import { expect, it } from 'vitest';
import { exampleProgram } from '../support/program.ts';
import { keys, onTerminal } from '../support/pty.ts';

const wizard = (args: string[] = []) => onTerminal(['ask', ...args], { program: exampleProgram });

it('says at the first question how to go back and how to leave, once', async () => {
  const pty = wizard();
  await pty.asks('Google Cloud project');
  pty.type(`my-project${keys.enter}`);
  await pty.asks('Machine of the database');
  expect(pty.text().match(/Esc goes back to the question before, Ctrl-C leaves/g)).toHaveLength(1);
  pty.type(keys.ctrlC);
  expect(await pty.ended).toBe(130);
});

it('goes back over questions that were given or not asked, and keeps what was answered as default', async () => {
  const pty = wizard();
  await pty.asks('Google Cloud project');
  pty.type(`my-project${keys.enter}`);
  await pty.asks('Machine of the database');
  pty.type(`${keys.down}${keys.enter}`);
  await pty.asks('Region (us-central1)');
  pty.type(`europe-west1${keys.escape}`);
  // What was typed and not entered is no answer; what was entered is where the cursor stands.
  await pty.asks(/Machine of the database[^❯]*❯ large/);
  pty.type(keys.escape);
  await pty.asks('Google Cloud project (my-project)');
  pty.type(`other-project${keys.enter}`);
  await pty.asks(/Machine of the database[^❯]*❯ large/);
  pty.type(keys.enter);
  await pty.asks('Region (us-central1)');
  pty.type(keys.enter);
  await pty.asks('Create all this?');
  pty.type(`y${keys.enter}`);
  expect(await pty.ended).toBe(0);
  expect(pty.text()).toContain('created in other-project large');
});

it('leaves on Ctrl-C with the answers so far, what was gone back on left out', async () => {
  const pty = wizard(['--region', 'europe-west1']);
  await pty.asks('Google Cloud project');
  pty.type(`-odd project-${keys.enter}`);
  await pty.asks('Machine of the database');
  pty.type(keys.enter);
  await pty.asks('Region');
  pty.type(keys.escape);
  await pty.asks('Machine of the database');
  pty.type(keys.ctrlC);
  expect(await pty.ended).toBe(130);
  const told = pty.text().replaceAll(/\r?\n/g, '');
  expect(told).toContain('Interrupted at a question. Nothing was made.');
  // A value that looks like a flag is kept with its own, and quoted for a shell.
  expect(told).toMatch(/mlflow-gcp ask --region europe-west1 '--project=-odd project-'$/);
});

it('has no way back from the first question', async () => {
  const pty = wizard(['--yes', '--tier', 'small']);
  await pty.asks('Google Cloud project');
  pty.type(keys.escape);
  // The key is told from an arrow by what follows; an arrow does nothing here.
  pty.type(`${keys.down}my-project${keys.enter}`);
  expect(await pty.ended).toBe(0);
  expect(pty.text()).toContain('created in my-project small');
});
