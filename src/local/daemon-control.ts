import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Deps } from '../deps.ts';
import { UserError } from '../errors.ts';
import { type DaemonRecord, daemonState, withdraw } from './daemon-record.ts';
import { type LocalHome, prepareHome } from './home.ts';
import { boundFile } from './runtime/log-files.ts';
import { isAlive } from './runtime/process-identity.ts';
import { processRegister } from './runtime/process-register.ts';
import { platformPackage } from './runtime/sql/platform.ts';

// Restoring starts databases and servers, and may have to fetch PostgreSQL.
const READY_MS = 300_000;
const STOP_MS = 60_000;
const POLL_MS = 50;
const LOG_BYTES = 5_000_000;

export type Launcher = Pick<Deps, 'env' | 'execPath' | 'entryPoint' | 'signal'>;

/**
 * Starts the background process and resolves when it serves. It lives on in a session of its own, whatever becomes of this terminal. When
 * another command starts it at the same time, both get the same one. Throws a {@link UserError} with its last words when it ends instead, and LOCAL_PLATFORM where it cannot run.
 */
export async function launchDaemon(home: LocalHome, deps: Launcher, options: { speed?: number } = {}): Promise<DaemonRecord> {
  // Now, while it can be told: later it would be the reason of an instance that failed.
  platformPackage();
  prepareHome(home);
  boundFile(home.daemonLog, LOG_BYTES);
  const log = openSync(home.daemonLog, 'a', 0o600);
  const logStart = fstatSync(log).size;
  const speed = options.speed === undefined ? [] : ['--speed', String(options.speed)];
  const child = spawn(deps.execPath, [deps.entryPoint, 'local', 'serve', ...speed], {
    cwd: home.folder,
    env: daemonEnvironment(deps.env, home),
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (status, signal) => {
    // 0: another one was first, and it will serve.
    if (status !== 0) failure ??= signal ?? `exit status ${status}`;
  });
  child.unref();
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const found = daemonState(home.daemonFile);
    if (found.state === 'running') return found.record;
    if (failure !== undefined || Date.now() > deadline) throw await didNotStart(home, logStart, failure);
    await delay(POLL_MS, undefined, { signal: deps.signal }).catch(() => deps.signal.throwIfAborted());
  }
}

/** The user's own environment, less what is meant for the command that was typed. */
function daemonEnvironment(env: Deps['env'], home: LocalHome): NodeJS.ProcessEnv {
  const kept = ['MLFLOW_GCP_CACHE', 'MLFLOW_GCP_PYTHON', 'MLFLOW_GCP_SPEED'];
  const others = Object.entries(env).filter(([name]) => !name.startsWith('MLFLOW_GCP_') || kept.includes(name));
  return { ...Object.fromEntries(others), MLFLOW_GCP_HOME: home.folder };
}

async function didNotStart(home: LocalHome, logStart: number, failure: string | undefined): Promise<UserError> {
  const log = (await readFile(home.daemonLog)).subarray(logStart).toString().trim();
  const words = log.split('\n').slice(-6).join('\n');
  return new UserError({
    code: 'LOCAL_START_FAILED',
    message: `The local target’s background process did not start (${failure ?? 'it was not ready in time'})${words === '' ? '.' : `:\n${words}`}`,
    hint: `See ${home.daemonLog}, then try again: mlflow-gcp local start`,
  });
}

/**
 * Stops the background process and everything that it runs; the data stays. Also ends what one that was killed has left running. Returns
 * what it found.
 */
export async function stopDaemon(home: LocalHome): Promise<'stopped' | 'was not running' | 'had died'> {
  const found = daemonState(home.daemonFile);
  if (found.state === 'stopped') return 'was not running';
  if (found.state === 'running') await endDaemon(found.record);
  await processRegister(home.processes).endStrays();
  withdraw(home.daemonFile);
  return found.state === 'running' ? 'stopped' : 'had died';
}

async function endDaemon(record: DaemonRecord): Promise<void> {
  for (const [signal, patience] of [
    ['SIGTERM', STOP_MS],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isAlive(record)) return;
    process.kill(record.pid, signal);
    const deadline = Date.now() + patience;
    while (isAlive(record) && Date.now() < deadline) await delay(POLL_MS);
  }
}
