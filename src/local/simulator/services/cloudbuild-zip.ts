import { Readable } from 'node:stream';
import { createGzip, inflateRawSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** A source archive is small: more than this is a mistake or a decompression bomb. Bytes. */
const MAX_BYTES = 512 * 1024 * 1024;
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;

/** Why a zip archive cannot be read. */
export class ZipUnreadable extends Error {
  override readonly name = 'ZipUnreadable';
}

interface Entry {
  name: string;
  /** Unix permissions. */
  mode: number;
  content: Buffer;
}

export function isZip(start: Buffer): boolean {
  return start.length >= 4 && start.readUInt32LE(0) === 0x04034b50;
}

/**
 * The files of a zip archive as a gzipped tar, which is what builds read: `gcloud run deploy --source` uploads a zip.
 * @throws ZipUnreadable
 */
export function zipAsTar(zip: Buffer): Readable {
  const tar = pack();
  for (const { name, mode, content } of readZip(zip)) tar.entry({ name, mode, mtime: new Date(0) }, content);
  tar.finalize();
  return Readable.from(tar).pipe(createGzip());
}

/** By the central directory at the end. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT §4.3 */
function readZip(zip: Buffer): Entry[] {
  try {
    const end = findEnd(zip);
    const entries: Entry[] = [];
    let at = zip.readUInt32LE(end + 16);
    let bytes = 0;
    for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
      if (zip.readUInt32LE(at) !== ENTRY) throw new ZipUnreadable('its directory is damaged');
      const length = zip.readUInt16LE(at + 28);
      const name = zip.toString('utf8', at + 46, at + 46 + length);
      bytes += zip.readUInt32LE(at + 24);
      if (bytes > MAX_BYTES) throw new ZipUnreadable('it is too large');
      if (!name.endsWith('/'))
        entries.push({ name, mode: (zip.readUInt32LE(at + 38) >>> 16) & 0o777 || 0o644, content: contentAt(zip, at) });
      at += 46 + length + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    }
    return entries;
  } catch (error) {
    if (error instanceof ZipUnreadable) throw error;
    throw new ZipUnreadable(error instanceof Error ? error.message : String(error));
  }
}

function findEnd(zip: Buffer): number {
  const first = Math.max(0, zip.length - END_SIZE - MAX_COMMENT);
  for (let at = zip.length - END_SIZE; at >= first; at--) if (zip.readUInt32LE(at) === END) return at;
  throw new ZipUnreadable('its end is missing');
}

/** @param at where the file's entry in the directory is */
function contentAt(zip: Buffer, at: number): Buffer {
  const [method, packed, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
  const local = zip.readUInt32LE(at + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const bytes = zip.subarray(start, start + packed);
  if (method === 0) return bytes;
  if (method !== 8) throw new ZipUnreadable(`compression method ${method} is not known`);
  return inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
}
