import type { JsonObject, Sim } from '../service.ts';
import { type Condition, withConditions } from './run-conditions.ts';
import { type ExecutionRecord, type ExecutionState, executionKey, TASKS, taskCountOf } from './run-jobs-records.ts';

export type TaskState = 'pending' | ExecutionState;

/** One task of an execution. */
export interface TaskRecord {
  index: number;
  state: TaskState;
  /** How often it was begun again. */
  retried: number;
  startTime?: string;
  completionTime?: string;
  /** How its last attempt ended, where that failed. */
  exitCode?: number;
  termSignal?: number;
  reason?: string;
  message?: string;
}

function taskKey(execution: ExecutionRecord, index: number): string {
  return `${executionKey(execution)}/${String(index).padStart(5, '0')}`;
}

export function saveTask(sim: Sim, execution: ExecutionRecord, task: TaskRecord): TaskRecord {
  sim.store.put(TASKS, taskKey(execution, task.index), task);
  return task;
}

/** Tasks that were really begun have a record; where nothing runs them, they are as their execution is. */
export function findTask(sim: Sim, execution: ExecutionRecord, index: number): TaskRecord {
  const { state, counts, createTime, completionTime, conditions } = execution;
  const kept = sim.store.get<TaskRecord>(TASKS, taskKey(execution, index));
  if (kept) return state !== 'running' && !kept.completionTime ? { ...kept, ...ended(execution) } : kept;
  if (counts) return { index, state: state === 'running' ? 'pending' : 'cancelled', retried: 0 };
  const { reason, message } = conditions.find(({ type }) => type === 'Completed') ?? {};
  return {
    index,
    state,
    retried: 0,
    startTime: createTime,
    ...(completionTime ? { completionTime } : {}),
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(state === 'failed' ? { exitCode: 1 } : {}),
  };
}

/** Of one that was still running when its execution was cancelled. */
function ended({ completionTime }: ExecutionRecord): Pick<TaskRecord, 'state' | 'completionTime'> {
  return { state: 'cancelled', ...(completionTime ? { completionTime } : {}) };
}

export function listTasks(sim: Sim, execution: ExecutionRecord): TaskRecord[] {
  return Array.from({ length: taskCountOf(execution) }, (_, index) => findTask(sim, execution, index));
}

/** The conditions of an execution or of a task. */
export function conditionsOf(
  state: TaskState,
  facts: { reason?: string; message?: string } = {},
): Array<Omit<Condition, 'lastTransitionTime'>> {
  const open = state === 'running' || state === 'pending';
  const completed: Condition['status'] = open ? 'Unknown' : state === 'succeeded' ? 'True' : 'False';
  return [
    { type: 'Completed', status: completed, ...facts },
    { type: 'ResourcesAvailable', status: 'True' },
    { type: 'Started', status: state === 'pending' ? 'Unknown' : 'True' },
    { type: 'ContainerReady', status: 'True' },
  ];
}

export function taskConditions(execution: ExecutionRecord, task: TaskRecord): Condition[] {
  const { state, reason, message } = task;
  const facts = { ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
  return withConditions([], conditionsOf(state, facts), task.completionTime ?? task.startTime ?? execution.createTime);
}

/** How the last attempt of a task ended; undefined as long as none has. */
export function lastAttempt({ state, message, exitCode, termSignal }: TaskRecord): JsonObject | undefined {
  if (state === 'succeeded') return {};
  if (state !== 'failed') return undefined;
  return {
    status: { code: 9, message: message ?? '' },
    ...(exitCode ? { exitCode } : {}),
    ...(termSignal ? { termSignal } : {}),
  };
}
