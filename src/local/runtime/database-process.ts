import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from './sql/account.ts';

/** How a database server is run: as whom, and with what environment. */
export interface DatabaseProgram {
  program: string;
  args: string[];
  account: Account | undefined;
  env: Record<string, string>;
}

/** A signal, and for how many milliseconds its effect is waited for. */
export type StopSignal = readonly [signal: NodeJS.Signals, patienceMs: number];

/** Runs a program to its end. @returns what it said where it failed, else undefined */
export async function failureOfRun({ program, args, account, env }: DatabaseProgram): Promise<string | undefined> {
  const { execa } = await import('execa');
  const result = await execa(program, args, {
    ...identity(account),
    cwd: '/',
    env,
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
  });
  return result.failed ? result.all || result.shortMessage || '' : undefined;
}

/** A started server, not yet ready. Its output goes to a file of its own, so that it lives on unharmed when we are killed. */
export function launch({ program, args, account, env }: DatabaseProgram, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    // A group of its own: Ctrl-C in a terminal is not meant for it.
    return spawn(program, args, { ...identity(account), cwd: '/', env, stdio: ['ignore', log, log], detached: true });
  } finally {
    closeSync(log);
  }
}

function identity(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

/** Resolves true when the server answers, false when it ended before it did; after `readyMs` it is ended. */
export async function becomesReady(
  child: ChildProcess,
  options: { answers: () => Promise<boolean>; readyMs: number; pollMs: number; end: (child: ChildProcess) => Promise<void> },
): Promise<boolean> {
  const failure = { happened: false };
  child.once('error', () => {
    failure.happened = true;
  });
  const deadline = Date.now() + options.readyMs;
  while (!failure.happened && child.exitCode === null && child.signalCode === null) {
    if (await options.answers()) return true;
    if (Date.now() > deadline) {
      await options.end(child);
      return false;
    }
    await delay(options.pollMs);
  }
  return false;
}

/** Sends the signals one after the other until the server has ended. */
export async function endBy(child: ChildProcess, signals: readonly StopSignal[]): Promise<void> {
  for (const [signal, patienceMs] of signals) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await Promise.race([ended, delay(patienceMs, undefined, { ref: false })]);
  }
}

/** What a server said last, for a message. */
export function lastWords(output: string): string {
  return output.trim().split('\n').slice(-4).join('\n') || 'it said nothing';
}
