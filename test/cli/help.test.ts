import { describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import type { CommandGroup, CommandSpec } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/list.ts';
import { runChild } from '../support/program.ts';
import { onTerminal } from '../support/pty.ts';

/** Every command as it is typed: `init`, `secrets list`. */
function everyCommand(): Array<{ words: string[]; spec: CommandSpec | CommandGroup }> {
  return commands.flatMap((spec) => [
    { words: [spec.name], spec },
    ...('commands' in spec ? spec.commands.map((below) => ({ words: [spec.name, below.name], spec: below })) : []),
  ]);
}

describe('--help', () => {
  it('of the program', async () => {
    const { status, stdout, stderr } = await runChild(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // The commands are looked at below, each by itself.
    expect(stdout.replace(/\nCommands:\n(?: .*\n)+/, '\nCommands: …\n')).toMatchInlineSnapshot(`
      "Usage: mlflow-gcp <command> [options]

      Sets up a private MLflow tracking server on Google Cloud, from an empty project
      to the first registered model; with --local, on a simulated Google Cloud on this
      machine.

      Examples:
        mlflow-gcp init --local            try all of it here, without an account
        mlflow-gcp init --project my-id    set it up on Google Cloud
        mlflow-gcp connect --format env    what a client needs

      Options:
        -V, --version      print the version
        --project <id>     Google Cloud project id
        --region <region>  region of everything that is made (default: us-central1)
        --name <name>      name of the deployment (default: mlflow)
        --dir <folder>     project folder (default: where mlflow-gcp.yaml is, else
                           here)
        --config <file>    mlflow-gcp.yaml to use (default: looked for in the folder
                           and above)
        --local            use the simulated Google Cloud on this machine
        -y, --yes          agree to everything that would be asked; take the defaults
        --no-input         never ask; fail when an answer is missing
        --dry-run          show what would be done and do nothing
        --json             print the result as one JSON document
        -q, --quiet        leave out progress and notes
        --verbose          show every request and the details of errors
        --no-color         no colours (also: NO_COLOR=1)
        -h, --help         print help

      Commands: …

      Every option can be set by a variable as well: --dry-run is
      MLFLOW_GCP_DRY_RUN=1. An option beats the variable, that beats mlflow-gcp.yaml,
      that beats the default.

      Exit status: 0 done, 1 failed, 2 wrong usage or an answer is missing, 3 not
      signed in or a permission is missing, 130 interrupted.
      "
    `);
    for (const { name, summary } of commands) expect(unwrapped(stdout)).toMatch(new RegExp(` ${name} ${escaped(summary)}`));
  });

  it('is what the program says without a command, and after the word help', async () => {
    const help = await runChild(['--help']);
    expect(await runChild([])).toEqual(help);
    expect((await runChild(['help', 'model'])).stdout).toBe((await runChild(['model', '--help'])).stdout);
  });

  it.each(everyCommand().map(({ words, spec }) => [words.join(' '), words, spec] as const))(
    'of %s',
    async (_name, words, spec) => {
      const { status, stdout, stderr } = await runChild([...words, '--help']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`Usage: mlflow-gcp ${words.join(' ')}`);
      expect(unwrapped(stdout)).toContain(`${spec.summary}.`);
      for (const example of spec.examples) expect(unwrapped(stdout)).toContain(example);
      expect(stdout).toContain('Global Options:');
      expect(stdout).toContain('--dry-run');
    },
  );

  it('keeps to 40 columns', async () => {
    const pty = onTerminal(['model', '--help'], { columns: 40 });
    expect(await pty.ended).toBe(0);
    const long = pty
      .text()
      .split(/\r?\n/)
      .filter((line) => line.length > 40);
    // A word that is longer than the line stays whole.
    for (const line of long) expect(line.trim().split(/ +/).length).toBeLessThanOrEqual(2);
  });
});

describe('--version', () => {
  it('prints the version alone', async () => {
    expect(await runChild(['--version'])).toEqual({ status: 0, stdout: `${packageFile.version}\n`, stderr: '' });
  });
});

/** The text as if it had been laid out on one endless line. */
function unwrapped(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
