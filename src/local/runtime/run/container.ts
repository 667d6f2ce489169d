import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Revision, RevisionFailed } from '../../runtime-port.ts';
import type { Build } from '../build/build-runtime.ts';
import { freePort, LOOPBACK } from '../ports.ts';
import { type ProcessRegister, signalGroup } from '../process-register.ts';
import { containerEnvironment } from './container-environment.ts';
import { passStartupProbe } from './probe.ts';
import type { RevisionLog } from './revision-log.ts';

export interface ContainerOptions {
  build: Build;
  /** Folder for what the container writes: emptied at each start. */
  folder: string;
  log: RevisionLog;
  register: ProcessRegister;
  systemPath: string;
  simulator: { port: number; caFile: string };
  socketFolder(connectionName: string): string | undefined;
  /** What the metadata server answers to this revision. */
  metadata: RequestListener;
  /** Gives the start up. */
  signal: AbortSignal;
}

export interface Container {
  /** Where it listens now; undefined while it does not serve. */
  port(): number | undefined;
  stop(): Promise<void>;
}

/** Cloud Run's patience between SIGTERM and SIGKILL: https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown */
const STOP_MS = 10_000;
const RESTART_MS = [200, 1_000, 5_000, 15_000, 30_000];
const SHORT_LIFE_MS = 60_000;

interface Attempt {
  child: ChildProcess;
  port: number;
  /** Aborted when the process ended. */
  ended: AbortSignal;
  /** Why it is not ready; undefined when it is. */
  failure: string | undefined;
}

/**
 * Starts a revision's process and resolves when it passed its startup probe; from then on one that ends is started again. Throws
 * {@link RevisionFailed} with its last lines when it does not get ready.
 */
export async function startContainer(revision: Revision, options: ContainerOptions): Promise<Container> {
  if (revision.command.length === 0 && !existsSync(join(options.build.source, 'entry-point.sh'))) {
    throw new RevisionFailed('ContainerMissing', 'The image has no entry-point.sh, and the service names no command.', []);
  }
  const metadata = await listenForMetadata(options.metadata);
  const first = await attempt(revision, options, metadata.address);
  if (first.failure === undefined) return supervise(first, revision, options, metadata);
  await endProcess(first);
  metadata.close();
  options.log.close();
  await rm(options.folder, { recursive: true, force: true });
  throw new RevisionFailed(
    'HealthCheckContainerError',
    `The container failed to start and listen on PORT ${first.port}: ${first.failure}.`,
    options.log.tail(),
  );
}

async function attempt(revision: Revision, options: ContainerOptions, metadataServer: string): Promise<Attempt> {
  const [home, temporary] = [join(options.folder, 'home'), join(options.folder, 'tmp')];
  await rm(options.folder, { recursive: true, force: true });
  for (const folder of [home, temporary]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const env = containerEnvironment(revision, { ...options, ...options.build, port, home, temporary, metadataServer });
  const [program = 'bash', ...args] = revision.command.length > 0 ? revision.command : ['bash', './entry-point.sh'];
  options.log.clearTail();
  // A group of its own: Ctrl-C in a terminal is not meant for it, and what it starts ends with it.
  const child = spawn(program, [...args, ...revision.args], {
    cwd: options.build.source,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  options.register.add(child, { title: `Cloud Run ${revision.name}`, stopSignal: 'SIGTERM' });
  options.log.follow(child.stdout);
  options.log.follow(child.stderr);
  const ended = new AbortController();
  child.once('error', (error) => {
    options.log.write(`${program} could not be started: ${error.message}`);
    ended.abort();
  });
  child.once('close', (status, signal) => {
    options.log.write(`The container ended (${signal ?? `exit status ${status}`}).`);
    ended.abort();
  });
  const failure = await passStartupProbe(revision, port, AbortSignal.any([ended.signal, options.signal]));
  return { child, port, ended: ended.signal, failure: options.signal.aborted ? 'the service is being stopped' : failure };
}

interface Metadata {
  address: string;
  close(): void;
}

function listenForMetadata(listener: RequestListener): Promise<Metadata> {
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

function supervise(first: Attempt, revision: Revision, options: ContainerOptions, metadata: Metadata): Container {
  const state = { current: first, ready: true, restarting: Promise.resolve() };
  const stopping = new AbortController();

  const watch = () => {
    const since = Date.now();
    const onEnd = () => {
      state.ready = false;
      if (!stopping.signal.aborted) state.restarting = restart(Date.now() - since < SHORT_LIFE_MS ? 1 : 0);
    };
    if (state.current.ended.aborted) onEnd();
    else state.current.ended.addEventListener('abort', onEnd, { once: true });
  };
  const restart = async (failures: number): Promise<void> => {
    const wait = RESTART_MS[Math.min(failures, RESTART_MS.length) - 1] ?? 0;
    await delay(wait, undefined, { signal: stopping.signal }).catch(() => undefined);
    if (stopping.signal.aborted) return;
    options.log.write('The container is started again.');
    state.current = await attempt(revision, options, metadata.address);
    if (state.current.failure === undefined) {
      state.ready = true;
      return watch();
    }
    await endProcess(state.current);
    return restart(failures + 1);
  };

  watch();
  return {
    port: () => (state.ready && !stopping.signal.aborted ? state.current.port : undefined),
    async stop() {
      stopping.abort();
      // One that is just being started again may be far from ready: it need not get there.
      await endProcess(state.current);
      await state.restarting;
      await endProcess(state.current);
      metadata.close();
      options.log.close();
      await rm(options.folder, { recursive: true, force: true });
    },
  };
}

/** SIGTERM, ten seconds, SIGKILL: to the process and all that it started. */
async function endProcess({ child, ended }: Attempt): Promise<void> {
  if (child.pid === undefined) return;
  if (!ended.aborted) {
    signalGroup(child.pid, 'SIGTERM');
    await Promise.race([once(ended, 'abort'), delay(STOP_MS, undefined, { ref: false })]);
  }
  signalGroup(child.pid, 'SIGKILL');
}
