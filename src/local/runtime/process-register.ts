import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';

/** What is on disk about a process that we started, so that it can be found when we were killed. */
interface Entry extends ProcessIdentity {
  /** What it is, for messages: `PostgreSQL of p:r:i`. */
  title: string;
  stopSignal: NodeJS.Signals;
}

export interface ProcessRegister {
  /** Notes a child that leads its own process group; forgotten by itself when the child ends. */
  add(child: ChildProcess, about: { title: string; stopSignal: NodeJS.Signals }): void;
  /** Ends what an earlier, killed run left behind. Returns the titles. */
  endStrays(): Promise<string[]>;
  /** Titles of what runs now. */
  running(): string[];
}

const GRACE_MS = 10_000;

/**
 * A folder with one small file for each process that we started. A killed parent leaves its children running; the next one finds them here.
 * A process is taken for ours only when number and start time agree.
 */
export function processRegister(folder: string): ProcessRegister {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    add(child, about) {
      if (child.pid === undefined) return;
      const identity = identifyProcess(child.pid);
      if (identity === undefined) return;
      const file = join(folder, `${child.pid}.json`);
      writeFileSync(file, JSON.stringify({ ...identity, ...about } satisfies Entry), { mode: 0o600 });
      child.once('exit', () => rmSync(file, { force: true }));
    },
    async endStrays() {
      const strays = entries(folder).filter(({ entry }) => entry !== undefined && isAlive(entry));
      await Promise.all(strays.map(({ entry }) => entry && endGroup(entry)));
      for (const { file } of entries(folder)) rmSync(file, { force: true });
      return strays.flatMap(({ entry }) => entry?.title ?? []);
    },
    running: () => runningProcesses(folder),
  };
}

/** Titles of the live processes noted in a register's folder; for a look from another process. */
export function runningProcesses(folder: string): string[] {
  return entries(folder)
    .flatMap(({ entry }) => (entry !== undefined && isAlive(entry) ? [entry.title] : []))
    .sort();
}

function entries(folder: string): Array<{ file: string; entry: Entry | undefined }> {
  return listFiles(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({ file: join(folder, name), entry: readEntry(join(folder, name)) }));
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entry;
  } catch {
    // Cut off by a kill while it was written, or gone since it was listed: it names nobody.
    return undefined;
  }
}

async function endGroup(entry: Entry): Promise<void> {
  signalGroup(entry.pid, entry.stopSignal);
  const deadline = Date.now() + GRACE_MS;
  while (isAlive(entry) && Date.now() < deadline) await delay(50);
  if (isAlive(entry)) signalGroup(entry.pid, 'SIGKILL');
}

/** Sends a signal to a process group by its leader's number; a group that has ended is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
