import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { keyNotWritable } from './key-file.ts';

/** What a run is about to do with the keys of an account: kept beside the key file until it is done, so that a killed run can be made good. */
export interface KeyJournal {
  pid: number;
  /** Ids of the keys that the account had before. */
  before: string[];
  /** Ids of those that go once the new key is in its file. */
  drop: string[];
}

/** A call to Google takes a minute at the longest, and a run makes few of them. */
const LONGEST_MS = 5 * 60_000;
const WAIT_MS = 90_000;
const LOOK_MS = 100;

/** Where the journal of a key file is. */
export function journalFile(keyFile: string): string {
  return `${keyFile}.pending`;
}

/** The journal that a run left behind or is still writing, or undefined. One that was cut off counts as empty. */
export async function readJournal(keyFile: string): Promise<KeyJournal | undefined> {
  const text = await readFile(journalFile(keyFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as KeyJournal;
  } catch (error) {
    // Cut off before anything was asked of Google: there is nothing to make good.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Begins a journal; false where another run, dead or alive, has one. Throws a {@link UserError} KEY_FILE_NOT_WRITABLE. */
export async function beginJournal(keyFile: string, journal: KeyJournal): Promise<boolean> {
  const file = journalFile(keyFile);
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(JSON.stringify(journal));
    await handle.close();
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Of a folder that is a file it is said that it exists, too.
    if (code === 'EEXIST' && (await stat(file).catch(() => undefined)) !== undefined) return false;
    throw keyNotWritable(keyFile, error);
  }
}

export async function endJournal(keyFile: string): Promise<void> {
  await rm(journalFile(keyFile), { force: true }).catch((error: NodeJS.ErrnoException) => {
    // Below a file there is none.
    if (error.code !== 'ENOTDIR') throw error;
  });
}

/** Waits while a run that is alive is at it. Throws a {@link UserError} KEY_BUSY after `waitMs`. */
export async function awaitOtherRun(keyFile: string, signal: AbortSignal, waitMs: number = WAIT_MS): Promise<void> {
  for (const end = Date.now() + waitMs; await isUnderWay(keyFile); ) {
    if (Date.now() > end) {
      throw new UserError({
        code: 'KEY_BUSY',
        message: `Another run is making the key ${keyFile}.`,
        hint: `Wait until it has ended and run the command again. If there is none: rm ${journalFile(keyFile)}`,
      });
    }
    await delay(LOOK_MS, undefined, { signal });
  }
}

async function isUnderWay(keyFile: string): Promise<boolean> {
  const made = await stat(journalFile(keyFile)).catch(() => undefined);
  if (made === undefined || Date.now() - made.mtimeMs > LONGEST_MS) return false;
  const journal = await readJournal(keyFile);
  // Half written: its run is alive, or was killed in that very moment.
  if (journal === undefined) return Date.now() - made.mtimeMs < 2_000;
  return journal.pid !== process.pid && isAlive(journal.pid);
}

/** https://nodejs.org/api/process.html#processkillpid-signal */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
