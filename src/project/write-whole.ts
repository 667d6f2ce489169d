import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes the file, with the folders above it, so that it is there as a whole or as it was before: a run that is killed in the midst
 * of it leaves no half of a file, which the next run would take for the user's own. `secret`: readable by its owner alone.
 */
export async function writeWhole(
  file: string,
  text: string,
  options: { executable?: boolean; secret?: boolean } = {},
): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const beside = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(beside, text, { mode: options.secret === true ? 0o600 : 0o666 });
    if (options.executable === true) await chmod(beside, 0o755);
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Removes what {@link writeWhole} leaves beside the file when its run is killed in the midst of it. Rejects where there is no such folder. */
export async function removeHalfWritten(file: string): Promise<void> {
  const [folder, name] = [path.dirname(file), path.basename(file)];
  const left = (await readdir(folder)).filter(
    (one) => one.startsWith(`${name}.`) && /^[0-9a-f]{8}\.tmp$/.test(one.slice(name.length + 1)),
  );
  await Promise.all(left.map((one) => rm(path.join(folder, one), { force: true })));
}
