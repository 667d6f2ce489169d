import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { UsageError, UserError } from '../errors.ts';
import { realPlace, workTreeRoot } from './git.ts';
import { readGivenFile, whyUnreadable } from './given-file.ts';
import type { Environment } from './tool.ts';
import { removeHalfWritten, writeWhole } from './write-whole.ts';

/** What a key file says of its key; the private half stays where it is. */
export interface KeyFile {
  id: string;
  email: string;
  /** When it was written, in milliseconds since 1970. */
  writtenAt: number;
}

/**
 * Where a deployment's key is kept unless the user says otherwise: the user's config folder, which nobody commits. `MLFLOW_GCP_HOME`
 * and `XDG_CONFIG_HOME` decide where that is. https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function defaultKeyFile(env: Environment, { project, name }: { project: string; name: string }): string {
  const file = `${project.replaceAll(':', '_')}-${name}.json`;
  const own = env['MLFLOW_GCP_HOME'];
  if (own) return path.resolve(own, 'keys', file);
  const set = env['XDG_CONFIG_HOME'];
  const config = set && path.isAbsolute(set) ? set : path.join(env['HOME'] || homedir(), '.config');
  return path.join(config, 'mlflow-gcp', 'keys', file);
}

/**
 * Throws a {@link UsageError} KEY_FILE_IN_GIT for a place inside a git work tree, or inside the project folder, which is made for one: a key
 * would be committed sooner or later.
 */
export async function refuseWorkTree(file: string, projectFolder: string): Promise<void> {
  const [root, real, folder] = [await workTreeRoot(file), await realPlace(file), await realPlace(projectFolder)];
  const inFolder = real.startsWith(`${folder}${path.sep}`);
  if (root === undefined && !inFolder) return;
  throw new UsageError({
    code: 'KEY_FILE_IN_GIT',
    message: `The key would be written to ${file}, inside ${root === undefined ? 'the project folder' : `the git work tree ${root}`}: keys that are there get committed.`,
    hint: 'Name a file outside of it with --key-file, or go without a key: --credentials keyless',
  });
}

/** The key file, or undefined where there is none. Throws a {@link UserError} KEY_FILE_TAKEN for a file of another kind. */
export async function readKeyFile(file: string): Promise<KeyFile | undefined> {
  const text = await readGivenFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined;
    throw unreadable(file, cause);
  });
  if (text === undefined) return undefined;
  const key = keyIn(text);
  if (key === undefined) {
    throw new UserError({
      code: 'KEY_FILE_TAKEN',
      message: `${file} is there already, and it is no key of a service account; it was left alone.`,
      hint: 'Name another file with --key-file.',
    });
  }
  return { ...key, writtenAt: (await stat(file)).mtimeMs };
}

/** Writes a key, for its owner's eyes alone. Throws a {@link UserError} KEY_FILE_NOT_WRITABLE. */
export async function writeKeyFile(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    // Half of it is a private key too.
    await removeHalfWritten(file);
    await writeWhole(file, text, { secret: true });
    // A file of before may have been open to others.
    await chmod(file, 0o600);
  } catch (cause) {
    throw keyNotWritable(file, cause);
  }
}

export function keyNotWritable(file: string, cause: unknown): UserError {
  return new UserError({
    code: 'KEY_FILE_NOT_WRITABLE',
    message: `The key cannot be written to ${file} (${(cause as NodeJS.ErrnoException).code}).`,
    hint: 'Mend the permissions of that folder, or name another file with --key-file.',
    cause,
  });
}

export async function removeKeyFile(file: string): Promise<void> {
  await rm(file, { force: true });
}

function keyIn(text: string): { id: string; email: string } | undefined {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said !== 'object' || said === null) return undefined;
    const { type, private_key_id: id, client_email: email } = said as Record<string, unknown>;
    return type === 'service_account' && typeof id === 'string' && typeof email === 'string' ? { id, email } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function unreadable(file: string, cause: NodeJS.ErrnoException): UserError {
  return new UserError({
    code: 'KEY_FILE_UNREADABLE',
    message: `The key file ${file} cannot be read (${whyUnreadable(cause)}).`,
    hint: 'Mend its permissions, or name another file with --key-file.',
    cause,
  });
}
