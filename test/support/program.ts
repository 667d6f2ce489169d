import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ProgramParts } from '../../src/cli.ts';
import type { Deps } from '../../src/deps.ts';
import { runProgram } from '../../src/main.ts';

export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** The program as it is published; `npm test` builds it before. */
export const builtProgram = path.join(packageRoot, 'bin/mlflow-gcp.js');
/** The same program over the commands of `example-commands.ts`. */
export const exampleProgram = path.join(packageRoot, 'test/support/example-program.ts');

export interface Outcome {
  /** 128 + the signal's number if it was ended by a signal, as shells have it. */
  status: number;
  stdout: string;
  stderr: string;
}
export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  input?: string | Buffer;
  program?: string;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The environment of this machine without what would change how the program behaves. */
export function cleanEnvironment(more: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(MLFLOW_|GOOGLE_|CLOUDSDK_|CI$|NO_COLOR$|FORCE_COLOR$|TERM$|NODE_|VITEST|npm_)/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    TERM: 'xterm-256color',
    XDG_STATE_HOME: path.join(tmpdir(), 'mlflow-gcp-test-state'),
    ...more,
  };
}

/** Runs a program as a child process to its end. */
export async function runChild(args: string[], options: RunOptions = {}): Promise<Outcome> {
  const child = startChild(args, options);
  child.process.stdin?.end(options.input ?? '');
  return child.outcome;
}

/** Starts a program as a child process; `outcome` resolves when it ended. It is killed at the end of the test. */
export function startChild(args: string[], options: RunOptions = {}) {
  const child = spawn(process.execPath, [options.program ?? builtProgram, ...args], {
    cwd: options.cwd ?? temporaryFolder(),
    env: cleanEnvironment(options.env),
    stdio: 'pipe',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  const numbers: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ status: code ?? 128 + (numbers[signal as NodeJS.Signals] ?? 0), ...texts }));
  });
  return { process: child, texts, outcome };
}

/** Runs the program inside this process over streams in memory. */
export async function runInMemory(args: string[], parts: Partial<ProgramParts>, more: Partial<Deps> = {}): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  // Read all the while: a stream that nobody reads takes some kilobytes and then no more.
  const texts = [textOf(stdout), textOf(stderr)];
  const deps: Deps = {
    env: {},
    cwd: temporaryFolder(),
    packageRoot,
    execPath: process.execPath,
    entryPoint: builtProgram,
    stdin: new PassThrough(),
    stdout,
    stderr,
    signal: new AbortController().signal,
    now: () => new Date(),
    ...more,
  };
  const status = await runProgram(args, deps, parts);
  stdout.end();
  stderr.end();
  const [out = '', err = ''] = await Promise.all(texts);
  return { status, stdout: out, stderr: err };
}

/** Waits until `check` gives something other than undefined or false, at most `seconds`. */
export async function until<T>(what: string, check: () => T | undefined | false, seconds = 20): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
