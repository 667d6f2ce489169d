import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ContainerSpec, RevisionFailed } from '../../runtime-port.ts';
import type { Build } from '../build/build-runtime.ts';
import { LOOPBACK } from '../ports.ts';
import { type ProcessRegister, signalGroup } from '../process-register.ts';
import type { LineStream, RevisionLog } from './revision-log.ts';

/** Cloud Run's patience between SIGTERM and SIGKILL: https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown */
const STOP_MS = 10_000;

export interface ContainerProcess {
  child: ChildProcess;
  /** Aborted when the process ended. */
  ended: AbortSignal;
}

/** How a container's process is started. */
export interface ProcessPlace {
  build: Build;
  env: Record<string, string>;
  log: RevisionLog;
  register: ProcessRegister;
  /** For messages: `Cloud Run mlflow-00001-abc`. */
  title: string;
  /** Told of each line as well. */
  onLine?(line: string, stream: LineStream): void;
}

/** @throws RevisionFailed for a container without anything to run */
export function checkCommand({ command }: ContainerSpec, build: Build): void {
  if (command.length > 0 || existsSync(join(build.source, 'entry-point.sh'))) return;
  throw new RevisionFailed('ContainerMissing', 'The image has no entry-point.sh, and its template names no command.', []);
}

/** Starts a container's process in a group of its own: Ctrl-C in a terminal is not meant for it, and what it starts ends with it. */
export function startProcess(container: ContainerSpec, place: ProcessPlace): ContainerProcess {
  const { log, onLine } = place;
  const [program = 'bash', ...args] = container.command.length > 0 ? container.command : ['bash', './entry-point.sh'];
  const child = spawn(program, [...args, ...container.args], {
    cwd: place.build.source,
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  place.register.add(child, { title: place.title, stopSignal: 'SIGTERM' });
  log.follow(child.stdout, onLine && ((line) => onLine(line, 'stdout')));
  log.follow(child.stderr, onLine && ((line) => onLine(line, 'stderr')));
  const ended = new AbortController();
  child.once('error', (error) => {
    log.write(`${program} could not be started: ${error.message}`);
    ended.abort();
  });
  // A container ends with its first process: what that has left behind would hold its output open.
  child.once('exit', () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'));
  child.once('close', (status, signal) => {
    log.write(`The container ended (${signal ?? `exit status ${status}`}).`);
    ended.abort();
  });
  return { child, ended: ended.signal };
}

/** SIGTERM, ten seconds, SIGKILL: to the process and all that it started. */
export async function endProcess({ child, ended }: ContainerProcess): Promise<void> {
  if (child.pid === undefined) return;
  if (!ended.aborted) {
    signalGroup(child.pid, 'SIGTERM');
    await Promise.race([once(ended, 'abort'), delay(STOP_MS, undefined, { ref: false })]);
  }
  signalGroup(child.pid, 'SIGKILL');
}

/** A container's own folders, empty. */
export async function freshFolders(folder: string): Promise<{ home: string; temporary: string }> {
  const [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  await rm(folder, { recursive: true, force: true });
  for (const path of [home, temporary]) await mkdir(path, { recursive: true, mode: 0o700 });
  return { home, temporary };
}

/** A container's metadata server. */
export interface MetadataDoor {
  /** `127.0.0.1:N` */
  address: string;
  close(): void;
}

export function listenForMetadata(listener: RequestListener): Promise<MetadataDoor> {
  const server = createServer(listener);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const close = () => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ address: `${LOOPBACK}:${port}`, close });
    });
  });
}
