import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { shortName } from '../layout.ts';

const LARGEST_FILE = 10 * 1024 ** 2;
const LONGEST_LINE = 64 * 1024;
const TAIL_LINES = 50;

export type LineStream = 'stdout' | 'stderr';

/** What a container printed: the last lines in memory, and a file that is put aside once as `.1` when it is full, so that two are kept at most. */
export interface RevisionLog {
  /** Reads a stream of the process to its end, line by line; `onLine` is told of each as well. */
  follow(stream: Readable, onLine?: (line: string) => void): void;
  /** A line of our own, such as that the process has ended. */
  write(line: string): void;
  /** The last lines, oldest first. */
  tail(): string[];
  clearTail(): void;
  close(): void;
}

/** The folder of a service's or a job's logs: its short name for people, and a hash, as the same name may be there in another region. */
export function serviceLogFolder(logs: string, service: string): string {
  return join(logs, 'services', `${service.split('/').at(-1)}-${shortName(service)}`);
}

export function revisionLog(file: string, now: () => Date): RevisionLog {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let descriptor: number | undefined = openSync(file, 'a', 0o600);
  let size = fstatSync(descriptor).size;
  let last: string[] = [];

  const store = (line: string): void => {
    if (descriptor === undefined) return;
    try {
      if (size > LARGEST_FILE) {
        closeSync(descriptor);
        renameSync(file, `${file}.1`);
        descriptor = openSync(file, 'a', 0o600);
        size = 0;
      }
      size += writeSync(descriptor, `${now().toISOString()} ${line}\n`);
    } catch {
      // The disk is full, say: the server goes on, and its last lines are still in memory.
      return;
    }
  };
  const write = (line: string): void => {
    last = [...last.slice(1 - TAIL_LINES), line];
    store(line);
  };
  return {
    write,
    follow: (stream, onLine) =>
      followLines(stream, (line) => {
        write(line);
        onLine?.(line);
      }),
    tail: () => last,
    clearTail: () => {
      last = [];
    },
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function followLines(stream: Readable, write: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) write(line.trimEnd());
    if (rest.length > LONGEST_LINE) {
      write(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') write(rest);
  });
  // A broken pipe is the end of the process, which is seen elsewhere.
  stream.on('error', () => undefined);
}
