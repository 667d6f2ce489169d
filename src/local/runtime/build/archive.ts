import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { BuildFailed } from '../../runtime-port.ts';

/** A source is some ten small files; far more than this is a mistake or a decompression bomb. */
const MAX_BYTES = 2 * 1024 ** 3;
const MAX_ENTRIES = 100_000;

/**
 * Unpacks a gzipped tar into the empty folder `target` and returns the SHA-256 (hex) of what it holds: names, whether executable, contents.
 * Times and owners count for nothing, nor does the order. Throws {@link BuildFailed} for an archive that is broken, too large, or reaches
 * out of the folder: by `..`, an absolute name, or a link.
 */
export async function unpackSource(source: Readable, target: string, signal: AbortSignal): Promise<string> {
  const found = new Map<string, string>();
  const links = new Map<string, string>();
  const archive = extract();
  const feeding = pipeline(source, createGunzip(), archive, { signal });
  // Its failure reaches the loop below as well; here it is only kept from going unheard.
  feeding.catch(() => undefined);
  let total = 0;
  try {
    for await (const entry of archive) {
      total += entry.header.size;
      if (total > MAX_BYTES || found.size >= MAX_ENTRIES)
        throw new BuildFailed('The source archive is too large to be built here.');
      const name = safeName(entry.header.name);
      if (entry.header.type === 'symlink') links.set(name, entry.header.linkname);
      const digest = await unpackEntry(entry, name, target);
      if (digest !== undefined) found.set(name, digest);
    }
    await feeding;
    await makeLinks(links, target);
  } catch (error) {
    if (error instanceof BuildFailed || signal.aborted) throw error;
    throw new BuildFailed(`The source is not a gzipped tar archive that can be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const all = createHash('sha256');
  for (const [name, digest] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) all.update(JSON.stringify([name, digest]));
  return all.digest('hex');
}

type Entry = AsyncIterable<unknown> & { header: Header; resume(): unknown };

/** Returns what stands for the entry in the digest of the whole; undefined for a folder. */
async function unpackEntry(entry: Entry, name: string, target: string): Promise<string | undefined> {
  const { header } = entry;
  const place = join(target, name);
  if (header.type === 'directory') {
    entry.resume();
    await mkdir(place, { recursive: true });
    return undefined;
  }
  if (header.type === 'symlink') {
    entry.resume();
    return `link ${header.linkname}`;
  }
  await mkdir(dirname(place), { recursive: true });
  if (header.type !== 'file' && header.type !== 'contiguous-file') {
    throw new BuildFailed(
      `The source archive holds ${name}, which is a ${header.type}: only files, folders and symbolic links can be built.`,
    );
  }
  return unpackFile(entry, place);
}

async function unpackFile(entry: Entry, place: string): Promise<string> {
  const executable = (entry.header.mode & 0o111) !== 0;
  const digest = createHash('sha256');
  const contents = async function* () {
    for await (const chunk of entry) {
      digest.update(chunk as Buffer);
      yield chunk;
    }
  };
  // wx: a name that comes twice is refused.
  await pipeline(contents, createWriteStream(place, { flags: 'wx', mode: executable ? 0o755 : 0o644 }));
  return `${executable ? 'program' : 'file'} ${digest.digest('hex')}`;
}

function safeName(name: string): string {
  const plain = posix.normalize(name).replace(/\/+$/, '');
  if (plain === '..' || plain.startsWith('../') || posix.isAbsolute(plain) || plain.includes('\0')) {
    throw new BuildFailed(`The source archive reaches out of its folder: ${name}`);
  }
  return plain;
}

/**
 * Links are made when all files are there, so that no file is written through one; then each has to lead, by whatever other links, to
 * something in the folder.
 */
async function makeLinks(links: Map<string, string>, target: string): Promise<void> {
  for (const [name, link] of links) {
    await mkdir(dirname(join(target, name)), { recursive: true });
    await symlink(link, join(target, name));
  }
  const root = await realpath(target);
  for (const [name, link] of links) {
    const destination = await realpath(join(target, name)).catch(() => undefined);
    if (destination === root || destination?.startsWith(root + sep)) continue;
    throw new BuildFailed(`The source archive holds a link that leads nowhere or out of its folder: ${name} → ${link}`);
  }
}
