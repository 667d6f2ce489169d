import { rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Revision, RevisionFailed } from '../../runtime-port.ts';
import type { Build } from '../build/build-runtime.ts';
import { freePort } from '../ports.ts';
import type { ProcessRegister } from '../process-register.ts';
import { containerEnvironment, serviceVariables } from './container-environment.ts';
import {
  type ContainerProcess,
  checkCommand,
  endProcess,
  freshFolders,
  listenForMetadata,
  type MetadataDoor,
  startProcess,
} from './container-process.ts';
import { passStartupProbe } from './probe.ts';
import type { LineStream, RevisionLog } from './revision-log.ts';

export interface ContainerOptions {
  build: Build;
  /** Folder for what the container writes: emptied at each start. */
  folder: string;
  log: RevisionLog;
  register: ProcessRegister;
  systemPath: string;
  simulator: { port: number; caFile: string };
  socketPath(connectionName: string): string | undefined;
  /** What the metadata server answers to this revision. */
  metadata: RequestListener;
  /** Told of each line that it writes. */
  onLine(text: string, stream: LineStream): void;
  /** Gives the start up. */
  signal: AbortSignal;
}

export interface Container {
  /** Where it listens now; undefined while it does not serve. */
  port(): number | undefined;
  stop(): Promise<void>;
}

const RESTART_MS = [200, 1_000, 5_000, 15_000, 30_000];
const SHORT_LIFE_MS = 60_000;

interface Attempt extends ContainerProcess {
  port: number;
  /** Why it is not ready; undefined when it is. */
  failure: string | undefined;
}

/**
 * Starts a revision's process and resolves when it passed its startup probe; from then on one that ends is started again. Throws
 * {@link RevisionFailed} with its last lines when it does not get ready.
 */
export async function startContainer(revision: Revision, options: ContainerOptions): Promise<Container> {
  checkCommand(revision, options.build);
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
  const folders = await freshFolders(options.folder);
  const port = await freePort();
  const place = { ...options, ...options.build, ...folders, metadataServer };
  const env = containerEnvironment(revision, serviceVariables(revision, port), place);
  options.log.clearTail();
  const { child, ended } = startProcess(revision, { ...options, env, title: `Cloud Run ${revision.name}` });
  const failure = await passStartupProbe(revision, port, AbortSignal.any([ended, options.signal]));
  return { child, port, ended, failure: options.signal.aborted ? 'the service is being stopped' : failure };
}

function supervise(first: Attempt, revision: Revision, options: ContainerOptions, metadata: MetadataDoor): Container {
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
