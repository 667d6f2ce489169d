import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, type ReadStream, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Sim } from '../service.ts';
import { Crc32c } from './storage-crc32c.ts';
import { invalid } from './storage-errors.ts';

/** The bytes of one generation of an object, and their checksums as Google shows them (base64). */
export interface Content {
  /** Name inside the content folder, of our own making. */
  file: string;
  /** Bytes. */
  size: number;
  /** Composite objects have none. */
  md5Hash?: string;
  crc32c: string;
  /** Of composite objects. */
  componentCount?: number;
}

/** How long a file outlives its record: longer than it takes until the record's end is on disk. What a kill leaves is swept at the next start. */
const LINGER_MS = 5_000;

export function contentPath(sim: Sim, file: string): string {
  return join(sim.store.folder('storage-content'), file);
}

export function newContentFile(sim: Sim): string {
  return sim.id(32);
}

/** Writes a stream to a new file, checksums on the way; memory stays bounded. What was written is removed when the stream breaks. */
export async function storeContent(sim: Sim, source: AsyncIterable<Buffer> | Readable | Buffer): Promise<Content> {
  const file = newContentFile(sim);
  const meter = new Meter();
  try {
    await pipeline(Buffer.isBuffer(source) ? Readable.from([source]) : source, meter, createWriteStream(contentPath(sim, file)));
  } catch (error) {
    rmSync(contentPath(sim, file), { force: true });
    throw error;
  }
  return { file, ...meter.sums() };
}

/** Checksums of a file that is there already, such as that of a finished resumable upload. */
export async function measureContent(sim: Sim, file: string): Promise<Content> {
  const meter = new Meter();
  meter.resume();
  await pipeline(createReadStream(contentPath(sim, file), { highWaterMark: 1 << 20 }), meter);
  return { file, ...meter.sums() };
}

/**
 * @param start first byte
 * @param end last byte, included
 */
export function readContent(sim: Sim, content: Content, start = 0, end = content.size - 1): ReadStream | Readable {
  if (content.size === 0 || end < start) return Readable.from([]);
  return createReadStream(contentPath(sim, content.file), { start, end, highWaterMark: 256 * 1024 });
}

/** Bytes written so far; 0 where nothing was. */
export function contentSize(sim: Sim, file: string): number {
  return statSync(contentPath(sim, file), { throwIfNoEntry: false })?.size ?? 0;
}

/** Removes a file that no record names any more, when that is surely on disk. */
export function discardContent(sim: Sim, file: string): void {
  const path = contentPath(sim, file);
  setTimeout(() => rmSync(path, { force: true }), LINGER_MS).unref();
}

/** Removes what no record names. To be called before the first request. */
export function sweepContent(sim: Sim, used: Set<string>): void {
  for (const file of readdirSync(sim.store.folder('storage-content'))) {
    if (!used.has(file)) rmSync(contentPath(sim, file), { force: true });
  }
}

/**
 * Holds content against the checksums that the client sent.
 * @throws GoogleError 400
 */
export function checkSums(content: Content, expected: { md5Hash?: string | undefined; crc32c?: string | undefined }): void {
  if (expected.md5Hash && expected.md5Hash !== content.md5Hash) {
    throw invalid(`Provided MD5 hash "${expected.md5Hash}" doesn't match calculated MD5 hash "${content.md5Hash}".`);
  }
  if (expected.crc32c && expected.crc32c !== content.crc32c) {
    throw invalid(`Provided CRC32C "${expected.crc32c}" doesn't match calculated CRC32C "${content.crc32c}".`);
  }
}

/** Reads `x-goog-hash: crc32c=…,md5=…`. */
export function hashHeader(value: string | string[] | undefined): { md5Hash?: string; crc32c?: string } {
  const found: { md5Hash?: string; crc32c?: string } = {};
  for (const part of [value ?? []].flat().join(',').split(',')) {
    const [, name, sum] = /^\s*(crc32c|md5)=(\S+)\s*$/.exec(part) ?? [];
    if (name === 'md5' && sum) found.md5Hash = sum;
    if (name === 'crc32c' && sum) found.crc32c = sum;
  }
  return found;
}

/** Passes bytes through and keeps their number and checksums. */
class Meter extends Transform {
  private readonly md5: Hash = createHash('md5');
  private readonly crc = new Crc32c();
  private size = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.md5.update(chunk);
    this.crc.update(chunk);
    this.size += chunk.length;
    done(null, chunk);
  }

  sums(): { size: number; md5Hash: string; crc32c: string } {
    return { size: this.size, md5Hash: this.md5.digest('base64'), crc32c: this.crc.base64() };
  }
}
