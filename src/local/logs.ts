import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LocalHome } from './home.ts';

/** A log file as it is at this moment. */
export interface LogSource {
  /** What to call it: a revision's name, or `local` for the background process. */
  name: string;
  file: string;
  size: number;
  /** Tells the file from the one that took its name when it was put aside. */
  inode: number;
}
export interface LogLine {
  source: string;
  text: string;
}

/** The logs of the background process and of each service's latest revision; of one service alone when it is named. */
export function logSources(home: LocalHome, service?: string): LogSource[] {
  const services = join(home.logs, 'services');
  const folders = list(services).filter((name) => service === undefined || name.replace(/-[0-9a-f]{12}$/, '') === service);
  const revisions = folders.flatMap((folder) => {
    const logs = list(join(services, folder)).filter((name) => name.endsWith('.log'));
    const sources = logs.flatMap((name) => sourceOf(basename(name, '.log'), join(services, folder, name)));
    return sources.toSorted((a, b) => b.time - a.time).slice(0, 1);
  });
  return [...(service === undefined ? sourceOf('local', home.daemonLog) : []), ...revisions];
}

function sourceOf(name: string, file: string): Array<LogSource & { time: number }> {
  const facts = statSync(file, { throwIfNoEntry: false });
  return facts === undefined ? [] : [{ name, file, size: facts.size, inode: facts.ino, time: facts.mtimeMs }];
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function lastLines(source: LogSource, count: number): LogLine[] {
  const lines = readFileSync(source.file, 'utf8').split('\n').slice(0, -1);
  return (count === 0 ? [] : lines.slice(-count)).map((text) => ({ source: source.name, text }));
}

/** The lines that came since the file was looked at last; all of them when it is another file. */
export function newLines(before: LogSource, now: LogSource): LogLine[] {
  const from = before.inode === now.inode && before.size <= now.size ? before.size : 0;
  const bytes = Buffer.alloc(now.size - from);
  const descriptor = openSync(now.file, 'r');
  try {
    const read = readSync(descriptor, bytes, 0, bytes.length, from);
    const text = bytes.toString('utf8', 0, read);
    return text === ''
      ? []
      : text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => ({ source: now.name, text: line }));
  } finally {
    closeSync(descriptor);
  }
}
