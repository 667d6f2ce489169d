import { describe, expect, it } from 'vitest';
import { InterruptedError, UserError } from '../../src/errors.ts';
import { sayDuration, sayUsual } from '../../src/ui/duration.ts';
import { toFailure } from '../../src/ui/failure.ts';
import { missingAnswers } from '../../src/ui/missing.ts';
import { decideModes, type UiFlags } from '../../src/ui/modes.ts';
import { explainSystemError } from '../../src/ui/node-errors.ts';
import { shellWord } from '../../src/ui/shell-word.ts';

const flags: UiFlags = { json: false, quiet: false, verbose: false, noColor: false, noInput: false, yes: false, dryRun: false };
function modes(given: Partial<UiFlags>, env: Record<string, string>, tty: { stdin: boolean; stdout: boolean; stderr: boolean }) {
  const stream = (isTTY: boolean) => ({ isTTY }) as never;
  return decideModes(
    { ...flags, ...given },
    { env, stdin: stream(tty.stdin), stdout: stream(tty.stdout), stderr: stream(tty.stderr) },
  );
}
const person = { stdin: true, stdout: true, stderr: true };

describe('the form', () => {
  it.each([
    [{}, {}, person, 'terminal', true],
    // The result goes into a file, a person still sees the progress and is asked.
    [{}, {}, { ...person, stdout: false }, 'terminal', true],
    [{}, {}, { ...person, stderr: false }, 'plain', false],
    [{}, {}, { ...person, stdin: false }, 'terminal', false],
    [{}, { CI: 'true' }, person, 'plain', false],
    [{}, { CI: 'false' }, person, 'terminal', true],
    [{}, { TERM: 'dumb' }, person, 'plain', false],
    [{ noInput: true }, {}, person, 'terminal', false],
    [{ json: true }, {}, person, 'json', false],
  ] as const)('with %j %j %j is %s', (given, env, tty, form, interactive) => {
    expect(modes(given, env as Record<string, string>, tty)).toMatchObject({ form, interactive });
  });

  it('colours each stream by itself', () => {
    expect(modes({}, {}, { ...person, stdout: false }).color).toEqual({ stdout: false, stderr: true });
    expect(modes({}, { NO_COLOR: '' }, person).color).toEqual({ stdout: true, stderr: true });
    expect(modes({}, { NO_COLOR: '1' }, person).color).toEqual({ stdout: false, stderr: false });
    expect(modes({}, { FORCE_COLOR: '0' }, person).color).toEqual({ stdout: false, stderr: false });
    expect(modes({}, { FORCE_COLOR: '1', CI: '1' }, { stdin: false, stdout: false, stderr: false }).color.stderr).toBe(true);
  });
});

describe('durations', () => {
  it.each([
    [0.04, '0.0 s'],
    [3, '3 s'],
    [3.21, '3.2 s'],
    [9.96, '10 s'],
    [59.6, '1 min'],
    [483, '8 min 3 s'],
    [3_720, '1 h 2 min'],
  ])('%d is said as %s', (seconds, said) => {
    expect(sayDuration(seconds)).toBe(said);
  });

  it('are rounded where they are only usual', () => {
    expect([sayUsual(0.2), sayUsual(30), sayUsual(480)]).toEqual(['usually 1 s', 'usually 30 s', 'usually 8 min']);
  });
});

describe('words for a shell', () => {
  it('are quoted where a shell would take them apart', () => {
    expect(['plain', 'a b', "it's", '$HOME', '', 'https://a.b/c?d'].map(shellWord)).toEqual([
      'plain',
      "'a b'",
      `'it'\\''s'`,
      "'$HOME'",
      "''",
      "'https://a.b/c?d'",
    ]);
  });

  it('make up the line that is proposed when an answer is missing', () => {
    const error = missingAnswers([{ flag: '--project', message: 'Project' }], ['mlflow-gcp', 'init', '--dir', 'my folder']);
    expect(error.hint).toContain("mlflow-gcp init --dir 'my folder' --project PROJECT");
    expect(error.exitStatus).toBe(2);
  });
});

describe('faults of the system', () => {
  const fault = (code: string, more: object = {}) => Object.assign(new Error('text that nobody looks at'), { code, ...more });

  it.each([
    [fault('ENOSPC', { path: '/x/y' }), 'DISK_FULL', '/x/y'],
    [fault('EACCES', { path: '/x/y' }), 'FILE_FORBIDDEN', '/x/y'],
    [fault('EROFS', { path: '/x/y' }), 'READ_ONLY', '/x/y'],
    [fault('ENOENT', { path: 'data.csv', syscall: 'open' }), 'FILE_MISSING', 'data.csv'],
    [fault('ENOENT', { path: 'python3', syscall: 'spawn python3' }), 'PROGRAM_MISSING', 'python3'],
    [fault('EACCES', { port: 80, syscall: 'listen' }), 'PORT_FORBIDDEN', '80'],
    [fault('EADDRINUSE', { port: 5000 }), 'PORT_IN_USE', '5000'],
    [fault('ECONNREFUSED', { address: '127.0.0.1', port: 9 }), 'CONNECTION_REFUSED', '127.0.0.1:9'],
    [fault('ENOTFOUND', { hostname: 'run.googleapis.com' }), 'HOST_NOT_FOUND', 'run.googleapis.com'],
    [fault('SELF_SIGNED_CERT_IN_CHAIN'), 'CERTIFICATE_UNTRUSTED', 'not trusted'],
    [new TypeError('fetch failed', { cause: fault('ETIMEDOUT', { address: '10.0.0.1' }) }), 'NETWORK_UNREACHABLE', '10.0.0.1'],
  ])('%s is %s', (error, code, named) => {
    const explained = explainSystemError(error);
    expect(explained).toMatchObject({ code, exitStatus: 1 });
    expect(explained?.message).toContain(named);
    expect(explained?.hint).not.toBe('');
  });

  it('are not guessed from anything else', () => {
    expect(explainSystemError(new Error('connect ECONNREFUSED 127.0.0.1:80'))).toBeUndefined();
    expect(explainSystemError(fault('constructor'))).toBeUndefined();
    expect(explainSystemError('ENOSPC')).toBeUndefined();
  });
});

describe('after Ctrl-C', () => {
  const aborted = AbortSignal.abort(new InterruptedError({ message: 'Interrupted.', hint: 'Again.' }));

  it('whatever breaks is the interruption', () => {
    const failure = toFailure(new Error('socket hang up'), aborted, ['mlflow-gcp', 'init']);
    expect(failure).toMatchObject({ status: 130, code: 'INTERRUPTED' });
    expect(failure.hint).toContain('mlflow-gcp init');
  });

  it('a command’s own words about it win', () => {
    const own = new InterruptedError({ message: 'Interrupted while the instance is made.', hint: 'See mlflow-gcp status.' });
    expect(toFailure(own, aborted, [])).toMatchObject({ status: 130, message: own.message, hint: own.hint });
  });

  it('and without it, an error is what it says', () => {
    const error = new UserError({ code: 'A', message: 'b', hint: 'c' }, 3);
    expect(toFailure(error, new AbortController().signal, [])).toMatchObject({ status: 3, code: 'A' });
  });
});
