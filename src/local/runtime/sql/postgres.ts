import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../../errors.ts';
import {
  becomesReady as childBecomesReady,
  endBy,
  failureOfRun,
  lastWords,
  launch as launchProgram,
} from '../database-process.ts';
import type { Account } from './account.ts';
import { canConnect } from './admin.ts';
import type { Binaries } from './binaries.ts';
import { type ClusterFiles, giveTo, ifMissing } from './cluster-files.ts';
import { ADMIN } from './settings.ts';

const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' };
const READY_MS = 30_000;
const POLL_MS = 20;

/** Makes the data folder with initdb, unless it is there. It appears whole or not at all. */
export async function initialize(
  files: ClusterFiles,
  binaries: Binaries,
  password: string,
  account: Account | undefined,
): Promise<void> {
  if ((await readFile(join(files.data, 'PG_VERSION'), 'utf8').catch(ifMissing(''))) !== '') return;
  const staging = join(files.folder, 'data.new');
  const passwordFile = join(files.tls.folder, 'initial-password');
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  await giveTo(staging, account);
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' });
  await giveTo(passwordFile, account);
  // The rules of en_US by ICU: what Cloud SQL does by default, whatever locales this machine has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
  const access = [`--username=${ADMIN}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  try {
    const args = ['-D', staging, ...access, ...locale, '--no-sync', '--no-instructions'];
    const failure = await failureOfRun({ program: join(binaries.bin, 'initdb'), args, account, env: ENVIRONMENT });
    if (failure !== undefined) throw postgresFailed('initdb could not make the database cluster', failure);
    await rename(staging, files.data);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** A started server, not yet ready. */
export function launch(files: ClusterFiles, binaries: Binaries, logFile: string, account: Account | undefined): ChildProcess {
  const program = join(binaries.bin, 'postgres');
  return launchProgram({ program, args: ['-D', files.data], account, env: ENVIRONMENT }, logFile);
}

/** Resolves true when the server takes connections, false when it ended before it did. */
export function becomesReady(child: ChildProcess, socketFolder: string, port: number, password: string): Promise<boolean> {
  const answers = () => canConnect({ socketFolder, port, password });
  return childBecomesReady(child, { answers, readyMs: READY_MS, pollMs: POLL_MS, end: endPostgres });
}

/** Fast shutdown (https://www.postgresql.org/docs/current/server-shutdown.html); immediate, then killed, if that does not end it. */
export function endPostgres(child: ChildProcess): Promise<void> {
  return endBy(child, [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ]);
}

/** The error for a server that did not come up, with the last lines of what it said. */
export async function notReady(logFile: string, connectionName: string): Promise<UserError> {
  const log = await readFile(logFile, 'utf8').catch(ifMissing(''));
  return postgresFailed(`PostgreSQL of ${connectionName} did not start (${dirname(logFile)})`, log);
}

function postgresFailed(what: string, output: string): UserError {
  return new UserError({
    code: 'LOCAL_POSTGRES_FAILED',
    message: `${what}: ${lastWords(output)}`,
    hint: 'Check the free space and the log named above; mlflow-gcp local reset deletes the local target’s data and begins anew.',
  });
}
