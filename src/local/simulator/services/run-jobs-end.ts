import { GoogleError, type JsonObject, type Operation, type OperationKind, type Sim } from '../service.ts';
import { deletePolicy } from './iam-policy.ts';
import { failedPrecondition } from './refusals.ts';
import { withConditions } from './run-conditions.ts';
import { runTasks } from './run-jobs-execute.ts';
import {
  type ExecutionRecord,
  findExecution,
  findJob,
  jobResource,
  removeExecution,
  removeJob,
  saveExecution,
  type TaskCounts,
  taskCountOf,
} from './run-jobs-records.ts';
import { typedExecution, typedJob } from './run-jobs-show.ts';
import { conditionsOf, listTasks } from './run-jobs-tasks.ts';
import { findNeeds, NotReady } from './run-needs.ts';

/** @throws GoogleError 400 when it has ended */
export function cancelExecution(sim: Sim, execution: ExecutionRecord): ExecutionRecord {
  if (execution.state !== 'running')
    throw failedPrecondition(`Execution '${execution.id}' has already completed and cannot be cancelled.`);
  return settle(sim, execution, 'cancelled', { reason: 'Cancelled', message: 'Execution was cancelled.' });
}

function settle(
  sim: Sim,
  execution: ExecutionRecord,
  state: ExecutionRecord['state'],
  facts: { reason?: string; message?: string } = {},
): ExecutionRecord {
  const time = sim.timestamp();
  const conditions = withConditions(execution.conditions, conditionsOf(state, facts), time);
  const counts = execution.counts && endCounts(execution);
  return saveExecution(sim, {
    ...execution,
    state,
    conditions,
    ...(counts ? { counts } : {}),
    completionTime: time,
    updateTime: time,
  });
}

/** What has not ended by itself is cancelled. */
function endCounts(execution: ExecutionRecord): TaskCounts {
  const { succeeded = 0, failed = 0, retried = 0 } = execution.counts ?? {};
  return { succeeded, failed, retried, cancelled: taskCountOf(execution) - succeeded - failed };
}

/** How operations on jobs end. */
export const jobOperations: Record<string, OperationKind> = {
  job: {
    usual: 'run.jobs',
    finish(operation, sim) {
      const job = findJob(sim, String(operation.data['key']));
      return job ? typedJob(sim, job) : {};
    },
  },
  execution: { usual: 'run.executions', finish: endExecution },
  'jobs.delete': {
    usual: 'run.delete',
    finish(operation, sim) {
      const key = String(operation.data['key']);
      const job = findJob(sim, key);
      const execution = findExecution(sim, key);
      if (job) {
        removeJob(sim, job);
        deletePolicy(sim, jobResource(job));
      }
      if (execution) removeExecution(sim, execution);
      return operation.data['shown'];
    },
  },
};

/** The image and the secrets of its tasks have to be there; then the runtime runs them, or time passes where nothing runs a job. */
async function endExecution(operation: Operation, sim: Sim, commit: () => void): Promise<JsonObject> {
  const key = String(operation.data['key']);
  const execution = findExecution(sim, key);
  if (!execution) return {};
  if (execution.state !== 'running') throw ended(execution);
  try {
    findNeeds(sim, execution, { template: (execution.template['template'] ?? {}) as JsonObject });
    if (sim.runtime) await runTasks({ sim, runtime: sim.runtime.jobs, execution, commit });
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    const now = findExecution(sim, key) ?? execution;
    throw ended(settle(sim, now, 'failed', { reason: error.reason, message: error.message }));
  }
  const now = findExecution(sim, key);
  if (!now) return {};
  if (now.state !== 'running') throw ended(now);
  const broken = listTasks(sim, now).find(({ state }) => state === 'failed');
  if (!broken) return typedExecution(settle(sim, now, 'succeeded', { message: 'Execution completed successfully.' }));
  const message = `Task ${now.id}-task${broken.index} failed with message: ${broken.message}`;
  throw ended(settle(sim, now, 'failed', { ...(broken.reason ? { reason: broken.reason } : {}), message }));
}

function ended({ state, conditions }: ExecutionRecord): GoogleError {
  const message = conditions[0]?.message ?? '';
  return state === 'cancelled'
    ? new GoogleError({ code: 499, status: 'CANCELLED', message })
    : new GoogleError({ code: 400, status: 'FAILED_PRECONDITION', message });
}
