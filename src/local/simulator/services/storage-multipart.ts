import type { Readable } from 'node:stream';
import { invalid } from './storage-errors.ts';

export interface Part {
  headers: Record<string, string>;
  content: AsyncIterable<Buffer>;
}

const MAX_HEAD = 64 * 1024;

/** @throws GoogleError 400 where the header names no boundary */
export function boundaryOf(contentType: string | undefined): string {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '') ?? [];
  const boundary = quoted ?? plain?.replace(/^'(.+)'$/, '$1');
  if (!boundary) throw invalid('Missing boundary in Content-Type header.');
  return boundary;
}

/**
 * Takes a `multipart/*` body apart as it comes in (RFC 2046). Each part's content must be read before the next part is asked for;
 * no more than a chunk and a boundary is held in memory.
 * @throws GoogleError 400 where the body ends before its last boundary
 */
export async function* readParts(body: Readable, boundary: string): AsyncGenerator<Part> {
  const reader = new Reader(body[Symbol.asyncIterator]() as AsyncIterator<Buffer>);
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const lineDelimiter = Buffer.from(`\n--${boundary}`);
  await reader.skipPast(opening);
  for (;;) {
    const tail = await reader.line();
    if (tail.startsWith('--')) return;
    const headers = await readHeaders(reader);
    const state = { ended: false };
    yield { headers, content: contentOf(reader, delimiter, lineDelimiter, state) };
    if (!state.ended) for await (const _rest of contentOf(reader, delimiter, lineDelimiter, state));
  }
}

async function readHeaders(reader: Reader): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (;;) {
    const line = await reader.line();
    if (line === '') return headers;
    const at = line.indexOf(':');
    if (at > 0) headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
}

async function* contentOf(
  reader: Reader,
  delimiter: Buffer,
  lineDelimiter: Buffer,
  state: { ended: boolean },
): AsyncGenerator<Buffer> {
  for (;;) {
    const at = reader.held.indexOf(lineDelimiter);
    if (at >= 0) {
      const end = at > 0 && reader.held[at - 1] === 13 ? at - 1 : at;
      if (end > 0) yield reader.held.subarray(0, end);
      reader.held = reader.held.subarray(at + lineDelimiter.length);
      state.ended = true;
      return;
    }
    const safe = reader.held.length - delimiter.length;
    if (safe > 0) {
      yield reader.held.subarray(0, safe);
      reader.held = reader.held.subarray(safe);
    }
    await reader.more();
  }
}

class Reader {
  held: Buffer = Buffer.alloc(0);
  private readonly source: AsyncIterator<Buffer>;

  constructor(source: AsyncIterator<Buffer>) {
    this.source = source;
  }

  async more(): Promise<void> {
    const { done, value } = await this.source.next();
    if (done) throw invalid('Missing end boundary in multipart body.');
    this.held = this.held.length === 0 ? value : Buffer.concat([this.held, value]);
  }

  async skipPast(mark: Buffer): Promise<void> {
    let at = this.held.indexOf(mark);
    while (at < 0) {
      if (this.held.length > MAX_HEAD) throw invalid('Malformed multipart body.');
      await this.more();
      at = this.held.indexOf(mark);
    }
    this.held = this.held.subarray(at + mark.length);
  }

  async line(): Promise<string> {
    let at = this.held.indexOf(10);
    while (at < 0) {
      if (this.held.length > MAX_HEAD) throw invalid('Malformed multipart body.');
      if (this.held.length >= 2 && this.held.subarray(0, 2).toString() === '--') return '--';
      await this.more();
      at = this.held.indexOf(10);
    }
    const line = this.held.subarray(0, at).toString().replace(/\r$/, '');
    this.held = this.held.subarray(at + 1);
    return line;
  }
}
