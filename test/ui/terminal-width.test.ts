import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const makeUi = path.resolve(import.meta.dirname, '../../src/ui/make-ui.ts');

test.each(['0', 'undefined', '80'])('a terminal that says it is %s columns wide shows each step', async (columns) => {
  // In a process of its own: what is tested is that the spinner does not run for ever.
  const script = `
    const { makeUi } = await import(${JSON.stringify(makeUi)});
    const { PassThrough } = await import('node:stream');
    const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: ${columns}, cursorTo() {}, clearLine() {}, moveCursor() {} });
    stderr.pipe(process.stdout);
    const modes = { form: 'terminal', interactive: false, quiet: false, verbose: false, color: { stdout: false, stderr: false } };
    const ui = await makeUi({ stderr, env: {} }, modes, []);
    await ui.step('Train', () => new Promise((resolve) => setTimeout(resolve, 300)));
    await ui.step('Log', async () => undefined);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 15_000,
    maxBuffer: 1e8,
  });
  expect(stdout).toContain('Train');
  expect(stdout).toMatch(/Log .*s\)/);
});
