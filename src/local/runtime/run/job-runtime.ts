import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type JobRuntime, RevisionFailed, type TaskAttempt, type TaskEnd } from '../../runtime-port.ts';
import { shortName } from '../layout.ts';
import { containerEnvironment, taskVariables } from './container-environment.ts';
import { checkCommand, endProcess, freshFolders, listenForMetadata, startProcess } from './container-process.ts';
import { revisionLog, serviceLogFolder } from './revision-log.ts';
import { digestOf, type RunOptions } from './run-runtime.ts';

export interface LocalJobRuntime extends JobRuntime {
  /** Ends every task: those that are running reject. */
  stopAll(): Promise<void>;
  /** Digests of the images that run. */
  images(): Set<string>;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The tasks of Cloud Run's jobs, each attempt a process on this machine with a log file of its task. */
export function jobRuntime(options: RunOptions): LocalJobRuntime {
  const running = new Map<Promise<TaskEnd>, string>();
  const stopping = new AbortController();
  return {
    async runTask(task) {
      const work = runAttempt(task, options, AbortSignal.any([task.signal, stopping.signal]));
      running.set(work, digestOf(task.image));
      return work.finally(() => running.delete(work));
    },
    async stopAll() {
      stopping.abort(new Error('The local target ends.'));
      await Promise.allSettled(running.keys());
    },
    images: () => new Set(running.values()),
  };
}

async function runAttempt(task: TaskAttempt, options: RunOptions, signal: AbortSignal): Promise<TaskEnd> {
  signal.throwIfAborted();
  const build = options.findBuild(digestOf(task.image));
  if (build === undefined) throw new RevisionFailed('ContainerMissing', `Image '${task.image}' not found.`, []);
  checkCommand(task, build);
  const name = `${task.execution}-task${task.index}`;
  const folder = join(options.folder, shortName(`${task.job}/${name}/${task.attempt}/${options.now().getTime()}`));
  const log = revisionLog(join(serviceLogFolder(options.logs, task.job), `${name}.log`), options.now);
  const metadata = await listenForMetadata(options.metadata({ resource: task.job, serviceAccount: task.serviceAccount }));
  try {
    const folders = await freshFolders(folder);
    const place = { ...options, ...build, ...folders, simulator: options.simulator(), metadataServer: metadata.address };
    const env = containerEnvironment(task, taskVariables(task), place);
    const { register } = options;
    const onLine = task.log;
    return await endOf(
      startProcess(task, { build, env, log, register, title: `Cloud Run ${name}`, onLine }),
      task.timeoutSeconds * 1000,
      signal,
    );
  } finally {
    metadata.close();
    log.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function endOf(running: ReturnType<typeof startProcess>, timeoutMs: number, signal: AbortSignal): Promise<TaskEnd> {
  const { child, ended } = running;
  const timeout = AbortSignal.timeout(Math.min(timeoutMs, LONGEST_TIMER_MS));
  const first = AbortSignal.any([ended, timeout, signal]);
  if (!first.aborted) await once(first, 'abort');
  if (!ended.aborted) {
    await endProcess(running);
    if (!ended.aborted) await once(ended, 'abort');
    signal.throwIfAborted();
    return 'timeout';
  }
  // Never started: as a shell says it of a program that is not there.
  if (child.pid === undefined) return { exitCode: 127 };
  return child.signalCode === null ? { exitCode: child.exitCode ?? 1 } : { termSignal: constants.signals[child.signalCode] };
}
