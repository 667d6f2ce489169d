import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import { giveTo, ifMissing } from './cluster-files.ts';

export interface CopyOptions {
  /** Whose the copies are; undefined: ours. */
  account?: Account | undefined;
  /** Whether a file or folder is left out, by its path below the source. What is left out of a folder leaves the folder. */
  without?(path: string): boolean;
}

/**
 * Copies a folder of files, for their owner alone. A file that goes away meanwhile is left out: a running server removes some. On file
 * systems that can, nothing is copied until one of the two is changed.
 */
export async function copyTree(from: string, to: string, { account, without }: CopyOptions = {}): Promise<void> {
  const copyFolder = async (below: string): Promise<void> => {
    await mkdir(join(to, below), { mode: 0o700 });
    await giveTo(join(to, below), account);
    for (const entry of await readdir(join(from, below), { withFileTypes: true }).catch(ifMissing([]))) {
      const path = join(below, entry.name);
      if (without?.(path)) continue;
      if (entry.isDirectory()) await copyFolder(path);
      else if (entry.isFile()) await copyOne(path);
    }
  };
  const copyOne = async (path: string): Promise<void> => {
    const target = join(to, path);
    const copied = await copyFile(join(from, path), target, constants.COPYFILE_FICLONE).then(() => true, ifMissing(false));
    if (!copied) return;
    await chmod(target, 0o600);
    await giveTo(target, account);
  };
  await copyFolder('');
}
