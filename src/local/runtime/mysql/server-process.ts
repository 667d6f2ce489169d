import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../errors.ts';
import {
  becomesReady as childBecomesReady,
  endBy,
  failureOfRun,
  lastWords,
  launch as launchProgram,
} from '../database-process.ts';
import type { Account } from '../sql/account.ts';
import { giveTo, ifMissing } from '../sql/cluster-files.ts';
import { answers, type MysqlAccess } from './client.ts';
import type { MysqlPrograms } from './programs.ts';
import type { ServerFiles } from './server-files.ts';

const ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TMPDIR: '/tmp' };
const READY_MS = 60_000;
const POLL_MS = 50;

/** Makes the data folder, unless it is there. It appears whole or not at all. */
export async function initialize(files: ServerFiles, programs: MysqlPrograms, account: Account | undefined): Promise<void> {
  if (existsSync(files.data)) return;
  const staging = join(files.folder, 'data.new');
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  await giveTo(staging, account);
  const common = [`--defaults-file=${files.optionFile}`, `--datadir=${staging}`];
  const args =
    programs.installer === undefined
      ? [...common, '--initialize-insecure']
      : [...common, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  const failure = await failureOfRun({ program: programs.installer ?? programs.server, args, account, env: ENVIRONMENT });
  if (failure !== undefined) throw mysqlFailed('MySQL could not make its data folder', failure);
  await rename(staging, files.data);
}

/** A started server, not yet ready. */
export function launch(files: ServerFiles, programs: MysqlPrograms, logFile: string, account: Account | undefined): ChildProcess {
  const args = [`--defaults-file=${files.optionFile}`, `--init-file=${files.initFile}`];
  return launchProgram({ program: programs.server, args, account, env: ENVIRONMENT }, logFile);
}

/** Resolves true when the server takes connections, false when it ended before it did. */
export function becomesReady(child: ChildProcess, access: MysqlAccess): Promise<boolean> {
  return childBecomesReady(child, { answers: () => answers(access), readyMs: READY_MS, pollMs: POLL_MS, end: endServer });
}

/** An orderly shutdown; killed, if that does not end it: its data survive that as well. */
export function endServer(child: ChildProcess): Promise<void> {
  return endBy(child, [
    ['SIGTERM', 20_000],
    ['SIGKILL', 5_000],
  ]);
}

/** The error for a server that did not come up, with the last lines of what it said. */
export async function notReady(logFile: string, connectionName: string): Promise<UserError> {
  const log = await readFile(logFile, 'utf8').catch(ifMissing(''));
  return mysqlFailed(`MySQL of ${connectionName} did not start (${logFile})`, log);
}

function mysqlFailed(what: string, output: string): UserError {
  return new UserError({
    code: 'LOCAL_MYSQL_FAILED',
    message: `${what}: ${lastWords(output)}`,
    hint: 'Check the free space and what the server says; mlflow-gcp local reset deletes the local target’s data and begins anew.',
  });
}
