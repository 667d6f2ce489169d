import { stripVTControlCharacters } from 'node:util';
import { expect, test, vi } from 'vitest';
import { startCloud } from '../support/deployment.ts';
import { runChild, temporaryFolder } from '../support/program.ts';
import { keys, onTerminal } from '../support/pty.ts';
import { ALL_QUESTIONS, startWizard, walkTo } from '../support/wizard.ts';

// Many steps, each a wait for a program that may share its cores with others.
vi.setConfig({ testTimeout: 180_000 });

test('keeps to 40 columns from the first line to the plan, and breaks no word', async () => {
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { columns: 40, args: ['--dry-run'] });
  await walkTo(terminal, ALL_QUESTIONS.username.shows);
  terminal.type(keys.enter);
  expect(await terminal.ended).toBe(0);
  // What is drawn over and over begins anew where the cursor goes back to the first column; the spinner, with its frame.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these move the cursor.
  const drawn = terminal.raw().split(/[\r\n]+|\u001b\[\d*[GA]|(?=[\u2801-\u28ff])/);
  const lines = drawn.map((line) => stripVTControlCharacters(line)).filter((line) => line.trim() !== '');
  // Lines are broken between words; a word that is longer than a line, such as an email, stays one to copy.
  expect(lines.filter((line) => line.length > 40 && line.trim().includes(' '))).toEqual([]);
  expect(lines).toContain('Everything is made in this project and');
  expect(lines).toContain('database, sleeps while nobody asks');
});

test('draws questions and plan without colours with NO_COLOR and with --no-color', async () => {
  const cloud = await startCloud();
  const colourless = async (env: Record<string, string>, args: string[]): Promise<void> => {
    const terminal = await startWizard(cloud, { env, args: [...args, '--dry-run'] });
    await walkTo(terminal, ALL_QUESTIONS.username.shows);
    terminal.type(keys.enter);
    expect(await terminal.ended).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is looked for.
    expect(terminal.raw().match(/\u001b\[[\d;]*m/g)).toBeNull();
  };
  await Promise.all([colourless({ NO_COLOR: '1' }, []), colourless({}, ['--no-color'])]);
});

test('names all missing answers at once where there is no terminal, and asks Google nothing', async () => {
  const cloud = await startCloud();
  const { status, stdout, stderr } = await runChild(['init', '--region', 'europe-west1'], { env: cloud.env });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatchInlineSnapshot(`
    "Error (MISSING_ANSWER): 2 answers are missing, and nobody can be asked here:
      --project  Google Cloud project id
      --yes      Agree to the plan
    Next: Give them on the command line:
      mlflow-gcp init --region europe-west1 --project PROJECT --yes
    "
  `);
  expect(await cloud.requests()).toEqual([]);
});

test('does not ask on a terminal with CI=true, --no-input or TERM=dumb', async () => {
  const cloud = await startCloud();
  const silent = async (env: Record<string, string>, args: string[]): Promise<void> => {
    const terminal = onTerminal(['init', ...args], { env: { ...cloud.env, ...env }, cwd: temporaryFolder() });
    expect(await terminal.ended).toBe(2);
    expect(terminal.text()).toContain('Error (MISSING_ANSWER)');
    expect(terminal.text()).toContain('--project');
    expect(terminal.text()).not.toContain('Esc goes back');
  };
  await Promise.all([silent({ CI: 'true' }, []), silent({}, ['--no-input']), silent({ TERM: 'dumb' }, [])]);
  expect(await cloud.requests()).toEqual([]);
});
