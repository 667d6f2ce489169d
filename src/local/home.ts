import { accessSync, chmodSync, constants, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { UsageError, UserError } from '../errors.ts';
import { type RuntimeFolders, runtimeFolders, shortName } from './runtime/layout.ts';
import { processRegister } from './runtime/process-register.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the local target of this user keeps everything. */
export interface LocalHome extends RuntimeFolders {
  folder: string;
  /** Holds the databases: the folder itself, or for root one that an unprivileged user can reach. */
  sqlHome: string;
  /** {@link DaemonRecord} */
  daemonFile: string;
  daemonLog: string;
  lockFile: string;
}

// PostgreSQL does not run as root, and what lies under /root is for root alone: its data goes to where system services keep theirs.
const ROOT_SQL_HOMES = '/var/lib/mlflow-gcp';
/** Names, in a folder of {@link ROOT_SQL_HOMES}, the home that it belongs to. */
const OWNER_FILE = 'home';
/** A new database takes 40 MB; what is full soon after the start is better refused before it. */
const NEEDED_BYTES = 200e6;

/** `MLFLOW_GCP_HOME`, else the user's data folder (https://specifications.freedesktop.org/basedir-spec/latest/). Makes nothing. Throws LOCAL_FOLDER_NOT_OWN. */
export function localHome(env: Environment, uid: number | undefined = process.getuid?.()): LocalHome {
  const folder = homeFolder(env);
  const sqlHome = uid === 0 ? join(ROOT_SQL_HOMES, shortName(folder)) : folder;
  return {
    ...runtimeFolders(folder, sqlHome),
    folder,
    sqlHome,
    daemonFile: join(folder, 'daemon.json'),
    daemonLog: join(folder, 'logs', 'daemon.log'),
    lockFile: join(folder, 'daemon.lock'),
  };
}

function homeFolder(env: Environment): string {
  const own = env['MLFLOW_GCP_HOME'];
  if (own) return ownFolder(resolve(own), env);
  const set = env['XDG_DATA_HOME'];
  const data = set && isAbsolute(set) ? set : join(env['HOME'] || homedir(), '.local', 'share');
  return join(data, 'mlflow-gcp');
}

/** `local reset` deletes folders called logs, sql and builds in it: where a person keeps things, those may be theirs. */
function ownFolder(folder: string, env: Environment): string {
  if (folder !== dirname(folder) && folder !== resolve(env['HOME'] || homedir())) return folder;
  throw new UsageError({
    code: 'LOCAL_FOLDER_NOT_OWN',
    message: `MLFLOW_GCP_HOME is ${folder}, which holds other things too.`,
    hint: `Name a folder that is for this program alone: MLFLOW_GCP_HOME=${join(folder, 'mlflow-gcp')}`,
  });
}

/** Folder for PostgreSQL's programs where npm has to fetch them, or where they have to be copied for another user to reach them. */
export function programsFolder(cache: string, uid: number | undefined = process.getuid?.()): string {
  return join(uid === 0 ? ROOT_SQL_HOMES : cache, 'postgresql');
}

/**
 * Makes the folders and proves that they can be written to. Throws a {@link UserError} that names the folder: LOCAL_FOLDER_NOT_WRITABLE
 * (no permission, a read-only file system, a file in the way) or LOCAL_DISK_FULL.
 */
export function prepareHome(home: LocalHome): void {
  for (const folder of new Set([home.folder, home.logs, home.sqlHome])) {
    try {
      mkdirSync(folder, { recursive: true, mode: folder === home.folder || folder === home.logs ? 0o700 : 0o711 });
      const probe = join(folder, `.writable-${process.pid}`);
      writeFileSync(probe, 'x'.repeat(4096));
      rmSync(probe);
      refuseFull(folder);
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      throw notWritable(folder, cause);
    }
  }
  if (home.sqlHome === home.folder) return;
  for (const folder of [ROOT_SQL_HOMES, home.sqlHome]) chmodSync(folder, 0o711);
  writeFileSync(join(home.sqlHome, OWNER_FILE), home.folder, { mode: 0o600 });
}

function notWritable(folder: string, cause: unknown): UserError {
  const code = reasonAbove(folder) ?? (cause as NodeJS.ErrnoException).code;
  const words: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EROFS: 'it is mounted read-only',
    EACCES: 'no permission',
    ENOTDIR: 'a file is in the way',
  };
  return new UserError({
    code: 'LOCAL_FOLDER_NOT_WRITABLE',
    message: `The local target cannot write to ${folder}: ${words[code ?? ''] ?? code}.`,
    hint: 'Free some space or mend the permissions of that folder, or name another one: MLFLOW_GCP_HOME=/path/to/folder',
    cause,
  });
}

/** Why the nearest folder that is there cannot be written to. Making several folders at once, Node says ENOENT whatever the reason. */
function reasonAbove(folder: string): string | undefined {
  let nearest = folder;
  while (!existsSync(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

function refuseFull(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new UserError({
    code: 'LOCAL_DISK_FULL',
    message: `The disk with ${folder} has ${Math.floor((bavail * bsize) / 1e6)} MB left; the local target needs ${NEEDED_BYTES / 1e6} MB to begin with.`,
    hint: 'Free some space, or name a folder on another disk: MLFLOW_GCP_HOME=/path/to/folder',
  });
}

/**
 * Deletes the databases of homes that are gone: only root's lie apart from their home. This is for homes in the system's folder for temporary
 * files, which are deleted by hand or at a boot; one that lay elsewhere may be on a disk that comes back.
 */
export async function sweepLostDatabases(home: LocalHome): Promise<void> {
  if (home.sqlHome === home.folder) return;
  for (const name of await readdir(ROOT_SQL_HOMES)) {
    const folder = join(ROOT_SQL_HOMES, name);
    const owner = await readFile(join(folder, OWNER_FILE), 'utf8').catch(() => undefined);
    if (owner?.startsWith(join(tmpdir(), '/')) && !(await stat(owner).catch(() => undefined)))
      await rm(folder, { recursive: true, force: true });
  }
}

/** Deletes everything of the local target, and nothing else that may lie in its folder. Ends what a killed process left running. */
export async function deleteHome(home: LocalHome): Promise<void> {
  await processRegister(home.processes).endStrays();
  const files = [home.daemonFile, home.doorsFile, ...['', '-wal', '-shm', '-journal'].map((end) => home.lockFile + end)];
  const folders = [
    join(home.folder, 'gcloud'),
    home.simulator,
    home.sql,
    home.builds,
    home.environments,
    home.revisions,
    home.logs,
    home.processes,
  ];
  for (const path of [...files, ...folders]) await rm(path, { recursive: true, force: true });
  if (home.sqlHome !== home.folder) await rm(home.sqlHome, { recursive: true, force: true });
  await rmdir(home.folder).catch(ifOthersAreThere);
}

function ifOthersAreThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'ENOENT') throw error;
}
