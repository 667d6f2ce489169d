import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Sim } from '../service.ts';
import { isZip, zipAsTar } from './cloudbuild-zip.ts';
import { type Content, readContent } from './storage-content.ts';

/** Unpacked bytes that a source may have at most. */
const MAX_BYTES = 4 * 1024 * 1024 * 1024;

/** The source as a gzipped tar; one that was uploaded as a zip is repacked. */
export async function sourceArchive(sim: Sim, content: Content): Promise<Readable> {
  const start = await buffer(readContent(sim, content, 0, 3));
  return isZip(start) ? zipAsTar(await buffer(readContent(sim, content))) : readContent(sim, content);
}

/** The source cannot be unpacked. */
export class SourceUnreadable extends Error {
  override readonly name = 'SourceUnreadable';
}

/**
 * Reads a gzipped tar: which files are in it, and a digest of names and contents that does not depend on times or order.
 * @throws SourceUnreadable where it is none
 */
export async function inspectSource(source: Readable): Promise<{ files: Set<string>; digest: `sha256:${string}` }> {
  const hashes = new Map<string, string>();
  let bytes = 0;
  const archive = extract();
  archive.on('entry', (header, stream, next) => {
    const hash = createHash('sha256');
    stream.on('data', (data: unknown) => {
      const chunk = data as Buffer;
      bytes += chunk.length;
      if (bytes > MAX_BYTES) archive.destroy(new Error('it is too large'));
      hash.update(chunk);
    });
    stream.on('end', () => {
      if (header.type === 'file') hashes.set(header.name.replace(/^(?:\.?\/)+/, ''), hash.digest('hex'));
      next();
    });
    stream.resume();
  });
  try {
    await pipeline(source, createGunzip(), archive);
  } catch (error) {
    throw new SourceUnreadable(error instanceof Error ? error.message : String(error));
  }
  const all = createHash('sha256');
  for (const name of [...hashes.keys()].sort()) all.update(`${name}\0${hashes.get(name)}\n`);
  return { files: new Set(hashes.keys()), digest: `sha256:${all.digest('hex')}` };
}
