import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../../errors.ts';
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
  const { execa } = await import('execa');
  const result = await execa(
    programs.installer ?? programs.server,
    programs.installer === undefined
      ? [...common, '--initialize-insecure']
      : [...common, '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'],
    { ...identity(account), cwd: '/', env: ENVIRONMENT, extendEnv: false, stdin: 'ignore', all: true, reject: false },
  );
  if (result.failed) throw mysqlFailed('MySQL could not make its data folder', result.all || result.shortMessage || '');
  await rename(staging, files.data);
}

/** A started server, not yet ready. Its output goes to a file of its own, so that it lives on unharmed when we are killed. */
export function launch(files: ServerFiles, programs: MysqlPrograms, logFile: string, account: Account | undefined): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(programs.server, [`--defaults-file=${files.optionFile}`, `--init-file=${files.initFile}`], {
      ...identity(account),
      cwd: '/',
      env: ENVIRONMENT,
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C in a terminal is not meant for it.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function identity(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

/** Resolves true when the server takes connections, false when it ended before it did. */
export async function becomesReady(child: ChildProcess, access: MysqlAccess): Promise<boolean> {
  const failure = { happened: false };
  child.once('error', () => {
    failure.happened = true;
  });
  const deadline = Date.now() + READY_MS;
  while (!failure.happened && child.exitCode === null && child.signalCode === null) {
    if (await answers(access)) return true;
    if (Date.now() > deadline) {
      await endServer(child);
      return false;
    }
    await delay(POLL_MS);
  }
  return false;
}

/** An orderly shutdown; killed, if that does not end it: its data survive that as well. */
export async function endServer(child: ChildProcess): Promise<void> {
  for (const [signal, patience] of [
    ['SIGTERM', 20_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await Promise.race([ended, delay(patience, undefined, { ref: false })]);
  }
}

/** The error for a server that did not come up, with the last lines of what it said. */
export async function notReady(logFile: string, connectionName: string): Promise<UserError> {
  const log = await readFile(logFile, 'utf8').catch(ifMissing(''));
  return mysqlFailed(`MySQL of ${connectionName} did not start (${logFile})`, log);
}

function mysqlFailed(what: string, output: string): UserError {
  const last = output.trim().split('\n').slice(-4).join('\n');
  return new UserError({
    code: 'LOCAL_MYSQL_FAILED',
    message: `${what}: ${last || 'it said nothing'}`,
    hint: 'Check the free space and what the server says; mlflow-gcp local reset deletes the local target’s data and begins anew.',
  });
}
