import { type JobRuntime, RevisionFailed, type TaskAttempt, type TaskEnd } from '../../runtime-port.ts';
import type { JsonObject, Sim } from '../service.ts';
import { taskLog } from './run-jobs-log.ts';
import { type ExecutionRecord, executionKey, findExecution, saveExecution, taskCountOf } from './run-jobs-records.ts';
import { listTasks, saveTask, type TaskRecord, type TaskState } from './run-jobs-tasks.ts';
import { findNeeds, ingressContainer, NotReady, runnableImage } from './run-needs.ts';

const CANCEL_POLL_MS = 100;
/** Google runs all tasks at once where nothing else is said; this is one machine. */
const MOST_AT_ONCE = 8;

export interface Execute {
  sim: Sim;
  runtime: JobRuntime;
  execution: ExecutionRecord;
  /** Puts on disk how far it is: after a kill, tasks that have ended are not run again. */
  commit(): void;
}
interface Executing extends Execute {
  /** By their index, as they are now. */
  tasks: TaskRecord[];
}

/**
 * Runs the tasks of an execution to their ends, as many at once as it allows; a task that fails is tried again as often as its template says.
 * Returns early, without a word, when the execution is cancelled or gone.
 * https://docs.cloud.google.com/run/docs/create-jobs
 * @throws NotReady when nothing can be started
 */
export async function runTasks(execute: Execute): Promise<void> {
  const { sim, execution } = execute;
  const executing = { ...execute, tasks: listTasks(sim, { ...execution, counts: {} }) };
  const attempt = prepare(executing);
  const cancelled = new AbortController();
  const watch = setInterval(() => {
    if (findExecution(sim, executionKey(execution))?.state !== 'running') cancelled.abort(new Error('cancelled'));
  }, CANCEL_POLL_MS);
  const waiting = executing.tasks.filter(({ state }) => state === 'pending' || state === 'running');
  const atOnce = Math.min(Number(execution.template['parallelism'] || taskCountOf(execution)), MOST_AT_ONCE);
  const worker = async (): Promise<void> => {
    try {
      for (let task = waiting.shift(); task && !cancelled.signal.aborted; task = waiting.shift())
        await runTask(executing, task, { ...attempt, index: task.index, signal: cancelled.signal });
    } catch (error) {
      // One cannot be started: neither can the others.
      cancelled.abort(error);
      throw error;
    }
  };
  writeCounts(executing);
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, worker)).finally(() => clearInterval(watch));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

type Attempt = Omit<TaskAttempt, 'index' | 'attempt' | 'log' | 'signal'>;

function prepare({ sim, execution }: Executing): Attempt {
  const task = (execution.template['template'] ?? {}) as JsonObject;
  const container = ingressContainer({ template: task });
  const needs = findNeeds(sim, execution, { template: task });
  return {
    job: `projects/${execution.projectId}/locations/${execution.location}/jobs/${execution.job}`,
    execution: execution.id,
    count: taskCountOf(execution),
    image: runnableImage(needs, container),
    command: (container['command'] ?? []) as string[],
    args: (container['args'] ?? []) as string[],
    env: needs.env,
    cloudSqlInstances: needs.cloudSqlInstances,
    serviceAccount: String(task['serviceAccount']),
    timeoutSeconds: Number.parseFloat(String(task['timeout'])),
  };
}

async function runTask(
  executing: Executing,
  before: TaskRecord,
  facts: Attempt & Pick<TaskAttempt, 'index' | 'signal'>,
): Promise<void> {
  const { sim, execution } = executing;
  const { maxRetries } = (execution.template['template'] ?? {}) as JsonObject;
  let task: TaskRecord = { ...before, state: 'running', startTime: before.startTime ?? sim.timestamp() };
  while (task.state === 'running') {
    keep(executing, task);
    const end = await runAttempt(executing, { ...facts, attempt: task.retried });
    if (end === 'cancelled') return;
    const failure = failureOf(end, facts.timeoutSeconds);
    if (!failure) task = { ...task, state: 'succeeded', completionTime: sim.timestamp() };
    else if (task.retried < Number(maxRetries)) task = { ...task, retried: task.retried + 1 };
    else task = { ...task, ...failure, state: 'failed', completionTime: sim.timestamp() };
  }
  keep(executing, task);
}

async function runAttempt(
  { sim, runtime, execution, commit }: Executing,
  facts: Omit<TaskAttempt, 'log'>,
): Promise<TaskEnd | 'cancelled'> {
  const log = taskLog(sim, execution, facts, commit);
  try {
    const end = await runtime.runTask({ ...facts, log: log.line });
    if (typeof end === 'object' && 'exitCode' in end) log.system(`Container called exit(${end.exitCode}).`);
    return end;
  } catch (error) {
    if (facts.signal.aborted) return 'cancelled';
    if (error instanceof RevisionFailed) throw new NotReady(error.reason, error.message);
    throw error;
  } finally {
    log.end();
  }
}

function failureOf(
  end: TaskEnd,
  timeoutSeconds: number,
): Pick<TaskRecord, 'exitCode' | 'termSignal' | 'reason' | 'message'> | undefined {
  const reason = 'NonZeroExitCode';
  if (end === 'timeout')
    return { reason, message: `The configured timeout of ${timeoutSeconds} seconds was reached.`, termSignal: 15 };
  if ('termSignal' in end)
    return { reason, message: `The container was ended by signal ${end.termSignal}.`, termSignal: end.termSignal };
  return end.exitCode === 0 ? undefined : { reason, message: 'The container exited with an error.', exitCode: end.exitCode };
}

function keep(executing: Executing, task: TaskRecord): void {
  const { sim, execution, tasks } = executing;
  tasks[task.index] = task;
  // It may have been deleted while the task ran.
  if (!findExecution(sim, executionKey(execution))) return;
  saveTask(sim, execution, task);
  writeCounts(executing);
}

/** Brings an execution's counts in line with its tasks. */
function writeCounts({ sim, execution, tasks, commit }: Executing): void {
  const now = findExecution(sim, executionKey(execution));
  if (now?.state !== 'running') return;
  const many = (state: TaskState) => tasks.filter((task) => task.state === state).length;
  const counts = {
    running: many('running'),
    succeeded: many('succeeded'),
    failed: many('failed'),
    retried: tasks.reduce((sum, { retried }) => sum + retried, 0),
  };
  saveExecution(sim, { ...now, counts, updateTime: sim.timestamp() });
  commit();
}
