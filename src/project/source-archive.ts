import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import dockerignoreModule from '@balena/dockerignore';
import { pack } from 'tar-stream';
import { UserError } from '../errors.ts';

// The package's types promise a default export, its code is one function.
const dockerignore = dockerignoreModule as unknown as typeof dockerignoreModule.default;

export interface SourceArchive {
  /** gzipped tar, as Cloud Build takes it. */
  bytes: Buffer;
  /** Hex SHA-256 over names, modes and contents: equal for equal sources, whatever their times and owners. */
  digest: string;
  files: string[];
}

/** Our own notes in the folder, never part of the image whatever `.dockerignore` says. */
const NEVER = ['.mlflow-gcp', '.git', '.venv'];

/** A project folder holds some ten small files; much more than this is a mistake that would be uploaded at each deployment. */
const MAX_BYTES = 200 * 1024 * 1024;

/**
 * Packs the project folder, `.dockerignore` respected, in an order and with times that make equal sources equal archives.
 * Throws a {@link UserError} when the folder has no Dockerfile or is larger than 200 MB.
 */
export async function packSources(folder: string): Promise<SourceArchive> {
  const files = await sourceFiles(folder);
  if (!files.includes('Dockerfile')) {
    throw new UserError({
      code: 'NO_DOCKERFILE',
      message: `${folder} has no Dockerfile, or .dockerignore leaves it out.`,
      hint: 'Render the project folder again with: mlflow-gcp init',
    });
  }
  const archive = pack();
  const digest = createHash('sha256');
  let total = 0;
  const bytes = buffer(archive.pipe(createGzip({ level: 6 })));
  for (const name of files) {
    const source = path.join(folder, name);
    const stats = await lstat(source);
    const mode = stats.mode & 0o111 ? 0o755 : 0o644;
    const link = stats.isSymbolicLink() ? await readlink(source) : undefined;
    // Before it is read: a data set that lies here by mistake need not go into memory.
    total += link === undefined ? stats.size : 0;
    if (total > MAX_BYTES) throw tooLarge(folder, name);
    const content = link === undefined ? await readFile(source) : Buffer.alloc(0);
    digest.update(JSON.stringify([name, mode, link ?? null, content.length])).update(content);
    const header = { name, mode, mtime: new Date(0), uid: 0, gid: 0 };
    if (link === undefined) archive.entry(header, content);
    else archive.entry({ ...header, type: 'symlink', linkname: link });
  }
  archive.finalize();
  return { bytes: await bytes, digest: digest.digest('hex'), files };
}

async function sourceFiles(folder: string): Promise<string[]> {
  const rules = await readFile(path.join(folder, '.dockerignore'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const filter = dockerignore().add(rules).createFilter();
  const found: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(path.join(folder, below), { withFileTypes: true })) {
      const place = path.posix.join(below, entry.name);
      if (NEVER.includes(place)) continue;
      if (entry.isDirectory()) await walk(place);
      else if ((entry.isFile() || entry.isSymbolicLink()) && filter(place)) found.push(place);
    }
  };
  await walk('');
  return found.sort();
}

function tooLarge(folder: string, name: string): UserError {
  return new UserError({
    code: 'SOURCE_TOO_LARGE',
    message: `The sources in ${folder} are larger than 200 MB (at ${name}).`,
    hint: 'Leave out what the image does not need: name it in .dockerignore, or keep the project folder apart with --dir.',
  });
}
