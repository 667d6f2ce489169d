import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../../errors.ts';
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
    await runInitdb(
      join(binaries.bin, 'initdb'),
      ['-D', staging, ...access, ...locale, '--no-sync', '--no-instructions'],
      account,
    );
    await rename(staging, files.data);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function runInitdb(program: string, args: string[], account: Account | undefined): Promise<void> {
  const { execa } = await import('execa');
  const result = await execa(program, args, {
    ...identity(account),
    cwd: '/',
    env: ENVIRONMENT,
    extendEnv: false,
    stdin: 'ignore',
    all: true,
    reject: false,
  });
  if (result.failed) throw postgresFailed('initdb could not make the database cluster', result.all || result.shortMessage || '');
}

/** A started server, not yet ready. Its output goes to a file of its own, so that it lives on unharmed when we are killed. */
export function launch(files: ClusterFiles, binaries: Binaries, logFile: string, account: Account | undefined): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(join(binaries.bin, 'postgres'), ['-D', files.data], {
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
export async function becomesReady(child: ChildProcess, socketFolder: string, port: number, password: string): Promise<boolean> {
  const failure = { happened: false };
  child.once('error', () => {
    failure.happened = true;
  });
  const deadline = Date.now() + READY_MS;
  while (!failure.happened && child.exitCode === null && child.signalCode === null) {
    if (await canConnect({ socketFolder, port, password })) return true;
    if (Date.now() > deadline) {
      await endPostgres(child);
      return false;
    }
    await delay(POLL_MS);
  }
  return false;
}

/** Fast shutdown (https://www.postgresql.org/docs/current/server-shutdown.html); immediate, then killed, if that does not end it. */
export async function endPostgres(child: ChildProcess): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
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
  return postgresFailed(`PostgreSQL of ${connectionName} did not start (${dirname(logFile)})`, log);
}

function postgresFailed(what: string, output: string): UserError {
  const last = output.trim().split('\n').slice(-4).join('\n');
  return new UserError({
    code: 'LOCAL_POSTGRES_FAILED',
    message: `${what}: ${last || 'it said nothing'}`,
    hint: 'Check the free space and the log named above; mlflow-gcp local reset deletes the local target’s data and begins anew.',
  });
}
