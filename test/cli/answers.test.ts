import { describe, expect, it } from 'vitest';
import { exampleProgram, runChild } from '../support/program.ts';
import { keys, onTerminal } from '../support/pty.ts';

const wizard = (args: string[], env: Record<string, string> = {}) => runChild(['ask', ...args], { program: exampleProgram, env });
const terminal = (args: string[], more: { env?: Record<string, string>; columns?: number } = {}) =>
  onTerminal(['ask', ...args], { program: exampleProgram, ...more });

describe('where nobody can be asked', () => {
  it('names every missing answer at once, with the command line to paste', async () => {
    const { status, stdout, stderr } = await wizard(['--region', 'europe-west1']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatchInlineSnapshot(`
      "Error (MISSING_ANSWER): 3 answers are missing, and nobody can be asked here:
        --project  Google Cloud project
        --tier     Machine of the database (small, large)
        --yes      Agree to the plan
      Next: Give them on the command line:
        mlflow-gcp ask --region europe-west1 --project PROJECT --tier small --yes
      "
    `);
    const { error } = JSON.parse((await wizard(['--json'])).stdout);
    expect(error.message).toContain('--project');
    expect(error.message).toContain('--tier');
  });

  it('goes through when all are given', async () => {
    const { status, stdout } = await wizard(['--project', 'my-project', '--tier', 'large', '--yes', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ ok: true, project: 'my-project', secure: false, tier: 'large', region: 'us-central1' });
  });

  it('needs no agreement to a plan that will not be carried out', async () => {
    const { status, stderr } = await wizard(['--project', 'my-project', '--dry-run']);
    expect(status).toBe(2);
    expect(stderr).toContain('--tier');
    expect(stderr).not.toContain('--yes');
  });

  it('checks a given answer as it would a typed one', async () => {
    const { status, stderr } = await wizard(['--project', 'my-project', '--tier', 'huge', '--yes']);
    expect(status).toBe(2);
    expect(stderr).toContain('--tier is "huge": expected one of small, large.');
  });

  it.each([
    [['--no-input'], {}],
    [['--json'], {}],
    [[], { CI: 'true' }],
    [[], { TERM: 'dumb' }],
    [[], { MLFLOW_GCP_NO_INPUT: '1' }],
  ])('is so on a terminal with %j %j', async (args, env) => {
    const pty = terminal(args, { env: env as Record<string, string> });
    expect(await pty.ended).toBe(2);
    expect(pty.text()).toContain('--project');
  });
});

describe('on a terminal', () => {
  it('asks what is not given, in order, and goes on with the answers', async () => {
    const pty = terminal([]);
    await pty.shows('Google Cloud project');
    pty.type(` my-project ${keys.enter}`);
    await pty.shows('The small one is enough for a team.');
    await pty.shows('Machine of the database');
    pty.type(`${keys.down}${keys.enter}`);
    await pty.shows('Region');
    pty.type(keys.enter);
    await pty.shows('Create all this?');
    pty.type(`y${keys.enter}`);
    expect(await pty.ended).toBe(0);
    expect(pty.text()).toContain('created in my-project large');
    expect(pty.text()).not.toContain('Domain');
  });

  it('asks no confirmation with --yes, and still what has no default', async () => {
    const pty = terminal(['--yes', '--project', 'my-project']);
    await pty.shows('Machine of the database');
    pty.type(keys.enter);
    expect(await pty.ended).toBe(0);
    expect(pty.text()).toContain('created in my-project small');
    expect(pty.text()).not.toContain('Create all this?');
    expect(pty.text()).not.toContain('Region');
  });

  it('takes no as the answer to a bare Enter, and ends with 1 and one line', async () => {
    const pty = terminal(['--project', 'my-project', '--tier', 'small', '--region', 'us-east1']);
    await pty.shows(/Region.*\n?/);
    pty.type(keys.enter);
    await pty.shows('Create all this?');
    pty.type(keys.enter);
    expect(await pty.ended).toBe(1);
    expect(pty.text()).toContain('Error (DECLINED)');
  });

  it('ends with 130 on Ctrl-C at a question, the cursor back and no stack trace', async () => {
    const pty = terminal([]);
    await pty.shows('Google Cloud project');
    pty.type(keys.ctrlC);
    expect(await pty.ended).toBe(130);
    expect(pty.text()).toContain('Error (INTERRUPTED): Interrupted at a question.');
    expect(pty.text()).not.toContain('    at ');
    expect(cursorIsShown(pty.raw())).toBe(true);
  });

  it('ends with 130 on Ctrl-C in a step, the cursor back', async () => {
    const pty = onTerminal(['work', '--wait', '60'], { program: exampleProgram });
    await pty.shows('Create the bucket');
    pty.type(keys.ctrlC);
    expect(await pty.ended).toBe(130);
    expect(pty.text()).toContain('Create the bucket: failed');
    expect(pty.text()).toContain('mlflow-gcp work --wait 60');
    expect(cursorIsShown(pty.raw())).toBe(true);
  });

  it('ends at once on a second Ctrl-C, the cursor back', async () => {
    const pty = onTerminal(['work', '--wait', '60', '--deaf'], { program: exampleProgram });
    await pty.shows('Create the bucket');
    pty.type(keys.ctrlC);
    await new Promise((resolve) => setTimeout(resolve, 300));
    pty.type(keys.ctrlC);
    expect(await pty.ended).toBe(130);
    expect(cursorIsShown(pty.raw())).toBe(true);
  });

  it('shows steps that run at once together, and leaves a line for each', async () => {
    const pty = onTerminal(['work', '--wait', '3'], { program: exampleProgram });
    await pty.shows(/Create the bucket \(\d s, usually 30 s\)/);
    expect(await pty.ended).toBe(0);
    expect(pty.text()).toMatch(/✔ Create the bucket: created \(3\.\d s\)/);
    expect(pty.text()).toMatch(/⠋ Create the instance.*\r?\n {2}Create the repository/);
    expect(pty.text()).toMatch(/✔ Create the instance \(3\.\d s\)/);
    expect(pty.text()).toMatch(/✔ Create the repository \(3\.\d s\)/);
  });

  it('keeps to 40 columns', async () => {
    const pty = onTerminal(['work', '--wait', '3'], { program: exampleProgram, columns: 40 });
    expect(await pty.ended).toBe(0);
    // Each drawing of the spinner starts with its frame.
    const lines = pty.text().split(/[\r\n]+|(?=[\u2801-\u28ff✔])/);
    const spinning = lines.filter((line) => /^(.| ) Create/.test(line));
    expect(spinning.some((line) => line.endsWith('…'))).toBe(true);
    for (const line of spinning) expect(line.length).toBeLessThanOrEqual(40);
  });

  it('writes no colours with NO_COLOR', async () => {
    const pty = onTerminal(['work'], { program: exampleProgram, env: { NO_COLOR: '1' } });
    expect(await pty.ended).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is looked for.
    expect(pty.raw()).not.toMatch(/\u001b\[[\d;]*m/);
  });
});

function cursorIsShown(raw: string): boolean {
  return raw.lastIndexOf('\u001b[?25h') >= raw.lastIndexOf('\u001b[?25l');
}
