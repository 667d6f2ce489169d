import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cleanEnvironment, exampleProgram, runChild, startChild, temporaryFolder, until } from '../support/program.ts';

const example = (args: string[], env: Record<string, string> = {}) => runChild(args, { program: exampleProgram, env });

describe('exit status and the two streams', () => {
  it('prints the result on stdout and everything else on stderr', async () => {
    const { status, stdout, stderr } = await example(['work']);
    expect(status).toBe(0);
    expect(stdout).toBe('all made\n');
    expect(stderr.replaceAll(/\d+\.\d s/g, 'N s')).toMatchInlineSnapshot(`
      "a note
      Warning: a warning
      start  Create the bucket (usually 30 s)
      done   Create the bucket: created (N s)
      start  Create the instance
      start  Create the repository
      done   Create the instance (N s)
      done   Create the repository (N s)
      "
    `);
  });

  it('prints one document with --json, and warnings alone on stderr', async () => {
    const { stdout, stderr } = await example(['work', '--json']);
    expect(stdout).toBe('{"ok":true,"made":3}\n');
    expect(stderr).toBe('Warning: a warning\n');
  });

  it('leaves out progress and notes with --quiet, not the result or warnings', async () => {
    const { stdout, stderr } = await example(['work', '--quiet']);
    expect(stdout).toBe('all made\n');
    expect(stderr).toBe('Warning: a warning\n');
    expect((await example(['work'], { MLFLOW_GCP_QUIET: 'true' })).stderr).toBe('Warning: a warning\n');
  });

  it('shows details with --verbose', async () => {
    expect((await example(['work', '--verbose'])).stderr).toContain('a detail\n');
  });

  it('ends with 1 and one message when something failed', async () => {
    const { status, stdout, stderr } = await example(['fail']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatchInlineSnapshot(`
      "Error (QUOTA_EXCEEDED): No quota is left.
      Next: Ask for more.
      More: https://example.com/quota
      "
    `);
    expect(JSON.parse((await example(['fail', '--json'])).stdout)).toEqual({
      ok: false,
      error: { code: 'QUOTA_EXCEEDED', message: 'No quota is left.', hint: 'Ask for more.', docs: 'https://example.com/quota' },
    });
  });

  it('prints the result and the failure of a check that found something', async () => {
    const people = await example(['check']);
    expect(people).toMatchObject({ status: 1, stdout: 'billing: fail\n' });
    expect(people.stderr).toContain('CHECK_FAILED');
    const { status, stdout } = await example(['check', '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, checks: [{ name: 'billing' }], error: { code: 'CHECK_FAILED' } });
  });

  it.each(['bug', 'type', 'stray'])('calls a fault of the program one, without a stack (%s)', async (how) => {
    const { status, stdout, stderr } = await example(['fail', '--how', how]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^Error \(INTERNAL\): The program has a fault: .+\nNext: Run it again with --verbose/);
    expect(stderr).not.toContain('    at ');
    expect((await example(['fail', '--how', how, '--verbose'])).stderr).toContain('    at ');
  });

  it('explains what the system says of a connection, however deep the cause', async () => {
    const { status, stdout } = await example(['fail', '--how', 'refused', '--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'CONNECTION_REFUSED', message: 'Nothing answers at 10.0.0.9:443.' });
  });

  it.each([
    [['shwo'], 'UNKNOWN_COMMAND', 'Did you mean show?'],
    [['show', '--teir', 'small'], 'UNKNOWN_OPTION', 'Did you mean --tier?'],
    [['show', '--tier'], 'OPTION_MISSING_ARGUMENT', '--help'],
    [['group'], 'MISSING_COMMAND', 'One of: one.'],
    [['group', 'two'], 'UNKNOWN_COMMAND', '--help'],
    [['group', 'one', 'extra'], 'EXCESS_ARGUMENTS', '--help'],
  ])('%j is wrong usage', async (args, code, hint) => {
    const { status, stdout } = await example([...args, '--json']);
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe(code);
    expect(error.hint).toContain(hint);
    const people = await example(args);
    expect(people).toMatchObject({ status: 2, stdout: '' });
    expect(people.stderr).toContain(code);
  });

  it('ends quietly when the reader of stdout goes away', async () => {
    const child = startChild(['stream'], { program: exampleProgram });
    await until('a first line', () => child.texts.stdout.includes('line 1'));
    child.process.stdout.destroy();
    expect(await child.outcome).toMatchObject({ status: 0, stderr: '' });
  });

  it('says so when stdout cannot be written to', async () => {
    const child = spawn(process.execPath, [exampleProgram, 'show', '--json'], {
      cwd: temporaryFolder(),
      env: cleanEnvironment(),
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr += text;
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect(status).toBe(1);
    expect(stderr).toContain('DISK_FULL');
  });
});

describe('colours', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const codes = /\u001b\[/;

  it('are off away from a terminal, on with FORCE_COLOR, and off again with NO_COLOR and --no-color', async () => {
    expect((await example(['fail'])).stderr).not.toMatch(codes);
    expect((await example(['fail'], { FORCE_COLOR: '1' })).stderr).toMatch(codes);
    expect((await example(['fail'], { FORCE_COLOR: '1', NO_COLOR: '1' })).stderr).not.toMatch(codes);
    expect((await example(['fail', '--no-color'], { FORCE_COLOR: '1' })).stderr).not.toMatch(codes);
    expect((await example(['fail'], { FORCE_COLOR: '1', MLFLOW_GCP_NO_COLOR: '1' })).stderr).not.toMatch(codes);
  });
});

describe('Ctrl-C and SIGTERM', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('%s in a step ends with 130 and says how to go on', async (signal) => {
    const child = startChild(['work', '--wait', '60', '--project', "it's"], { program: exampleProgram, env: {} });
    // A project id that Google refuses must not get as far as the step.
    expect((await child.outcome).status).toBe(2);
    const valid = startChild(['work', '--wait', '60', '--project', 'my-project'], { program: exampleProgram });
    await until('the step', () => valid.texts.stderr.includes('start  Create the bucket'));
    valid.process.kill(signal);
    const { status, stderr, stdout } = await valid.outcome;
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
    expect(stderr).toContain('failed Create the bucket');
    expect(stderr).toContain('Error (INTERRUPTED): Interrupted.');
    expect(stderr).toContain('\n  mlflow-gcp work --wait 60 --project my-project\n');
    expect(stderr).not.toContain('    at ');
  });

  it('a second one ends a program that does not listen at once', async () => {
    const child = startChild(['work', '--wait', '60', '--deaf'], { program: exampleProgram });
    await until('the step', () => child.texts.stderr.includes('start  Create the bucket'));
    child.process.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = Date.now();
    child.process.kill('SIGINT');
    expect((await child.outcome).status).toBe(130);
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  it('one is enough for a program that does not listen, after a grace', async () => {
    const child = startChild(['work', '--wait', '60', '--deaf', '--json'], { program: exampleProgram });
    await until('the warning', () => child.texts.stderr.includes('a warning'));
    child.process.kill('SIGINT');
    const { status, stdout } = await child.outcome;
    expect(status).toBe(130);
    expect(JSON.parse(stdout).error.code).toBe('INTERRUPTED');
  });

  it('does not take a fault in a foreground command for its end', async () => {
    const { status, stderr } = await example(['stream', '--break']);
    expect(status).toBe(1);
    expect(stderr).toContain('INTERNAL');
  });

  it('ends a foreground command by its own word', async () => {
    const child = startChild(['stream'], { program: exampleProgram });
    await until('a first line', () => child.texts.stdout.includes('line 1'));
    child.process.kill('SIGTERM');
    expect((await child.outcome).status).toBe(0);
  });
});
