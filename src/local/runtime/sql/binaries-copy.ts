import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const OTHERS_ENTER = 0o001;

/** Whether every folder down to this one lets any user through. */
export async function isReachable(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & OTHERS_ENTER) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** A copy of a package that every user of this machine can read, at `target`; made once. Returns `target`. */
export async function sharedCopy(source: string, target: string): Promise<string> {
  if (existsSync(target)) return target;
  const staging = await stagingBeside(target);
  try {
    await cp(source, join(staging, 'package'), { recursive: true, verbatimSymlinks: true });
    await completePackage(join(staging, 'package'));
    await putInPlace(join(staging, 'package'), target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return target;
}

/** A new folder in which something is made that will be moved to `target` whole. */
export async function stagingBeside(target: string): Promise<string> {
  const staging = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  await mkdir(staging, { recursive: true, mode: 0o755 });
  return staging;
}

/** Moves a finished folder into place. When another process was first, theirs stays. */
export async function putInPlace(finished: string, target: string): Promise<void> {
  try {
    await rename(finished, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

interface Link {
  source: string;
  target: string;
}

/**
 * Makes an unpacked package usable: npm's archives hold no links, so the package lists those of its libraries in a file and makes them after
 * the installation, which many people switch off (`ignore-scripts`).
 */
export async function completePackage(folder: string): Promise<void> {
  await makeLinks(folder);
  await openForAll(folder);
}

/** As {@link completePackage}, for a package that is somebody else's to share: the links alone. */
export async function makeLinks(folder: string): Promise<void> {
  const links = JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const link of links) {
    const place = join(folder, link.target);
    if (await lstat(place).catch(() => undefined)) continue;
    await symlink(relative(dirname(link.target), link.source), place).catch(ifThere);
  }
}

// Another process was as fast.
function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

// Root's umask may be 077, and then the database's user could not read what root has put here.
async function openForAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) await openForAll(place);
    else if (entry.isFile()) await chmod(place, (await stat(place)).mode & 0o100 ? 0o755 : 0o644);
  }
}
