import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { onTestFinished } from 'vitest';
import { builtProgram, cleanEnvironment, type RunOptions, temporaryFolder, until } from './program.ts';

export const keys = { enter: '\r', ctrlC: '\u0003', down: '\u001b[B', up: '\u001b[A', escape: '\u001b', clearLine: '\u0015' };

export interface Terminal {
  /** Everything that was written to the terminal, control codes included. */
  raw(): string;
  /** The same without control codes. */
  text(): string;
  /** Waits until the terminal showed this. */
  shows(what: string | RegExp): Promise<void>;
  type(keys: string): void;
  /** Resolves with the exit status. */
  ended: Promise<number>;
}

/** Runs a program on a pseudo-terminal, as a person would see it. It is killed at the end of the test. */
export function onTerminal(args: string[], options: RunOptions & { columns?: number } = {}): Terminal {
  const pty = spawn(process.execPath, [options.program ?? builtProgram, ...args], {
    cols: options.columns ?? 80,
    rows: 30,
    cwd: options.cwd ?? temporaryFolder(),
    env: cleanEnvironment(options.env),
  });
  let raw = '';
  pty.onData((text) => {
    raw += text;
  });
  let running = true;
  const ended = new Promise<number>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      running = false;
      resolve(signal ? 128 + signal : exitCode);
    });
  });
  onTestFinished(() => {
    if (running) pty.kill('SIGKILL');
  });
  const text = () => stripVTControlCharacters(raw);
  return {
    raw: () => raw,
    text,
    shows: async (what) => {
      await until(`${what} in:\n${text()}`, () => (typeof what === 'string' ? text().includes(what) : what.test(text())));
    },
    type: (typed) => pty.write(typed),
    ended,
  };
}
