import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { Deps } from '../deps.ts';

/** More than any file or pipe that somebody gives us holds: mlflow-gcp.yaml, a manifest, a key, a password. */
const MOST_BYTES = 1024 * 1024;

/**
 * The text of a file that somebody named, a pipe such as `<(pass show mlflow)` too. Rejects with the system's error, or with one of
 * code EFBIG after a mebibyte: a device such as /dev/zero has no end, and would fill the memory.
 */
export async function readGivenFile(file: string): Promise<string> {
  return readGivenStream(createReadStream(file));
}

/** The text of what a flag names: a file, or `-` for stdin. Rejects as {@link readGivenFile} does. */
export function readGiven({ stdin, cwd }: Pick<Deps, 'stdin' | 'cwd'>, name: string): Promise<string> {
  return name === '-' ? readGivenStream(stdin) : readGivenFile(path.resolve(cwd, name));
}

/** What comes by stdin, in the same bounds. */
export async function readGivenStream(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    bytes += part.length;
    if (bytes > MOST_BYTES) throw Object.assign(new Error('more than a mebibyte'), { code: 'EFBIG' });
    chunks.push(part);
  }
  // Without the mark that some editors of Windows put in front: it would be a part of the password that nobody sees.
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Why it could not be read, in the few words that stand in brackets: the system's code, as manuals list it. */
export function whyUnreadable(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'EFBIG' ? 'it is larger than 1 MiB' : String(code);
}
