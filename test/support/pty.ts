import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';
import { onTestFinished } from 'vitest';
import { builtProgram, cleanEnvironment, type RunOptions, temporaryFolder, until } from './program.ts';

export const keys = { enter: '\r', ctrlC: '\u0003', down: '\u001b[B', up: '\u001b[A', escape: '\u001b', clearLine: '\u0015' };

/** For a program that shares two cores with many others. */
const PATIENCE_SECONDS = 45;

export interface Terminal {
  /** Everything that was written to the terminal, control codes included. */
  raw(): string;
  /** The same without control codes. */
  text(): string;
  /** Waits until the terminal showed this. */
  shows(what: string | RegExp): Promise<void>;
  /** Waits until the terminal shows this since keys were last typed: for what has stood there before. */
  asks(what: string | RegExp): Promise<void>;
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
  const text = (from = 0) => stripVTControlCharacters(raw.slice(from));
  let typedAt = 0;
  const wait = async (what: string | RegExp, from: () => number) => {
    const found = () => (typeof what === 'string' ? text(from()).includes(what) : what.test(text(from())));
    try {
      // A program that has ended shows nothing more.
      await until(`${what}`, () => found() || (!running && 'ended'), PATIENCE_SECONDS);
      if (!found()) throw new Error(`the program ended without showing ${what}`);
    } catch (error) {
      throw new Error(`${(error as Error).message} in:\n${text()}`);
    }
  };
  return {
    raw: () => raw,
    text: () => text(),
    shows: (what) => wait(what, () => 0),
    asks: (what) => wait(what, () => typedAt),
    type: (typed) => {
      typedAt = raw.length;
      pty.write(typed);
    },
    ended,
  };
}
