import type { JsonObject, Operation, Sim } from '../service.ts';
import { showV2 } from './run-conditions.ts';
import {
  type ExecutionRecord,
  findExecution,
  findJob,
  type JobRecord,
  jobKey,
  jobName,
  taskCountOf,
} from './run-jobs-records.ts';
import { lastAttempt, type TaskRecord, taskConditions } from './run-jobs-tasks.ts';
import { etagOf } from './run-v2-show.ts';

const TYPE = 'type.googleapis.com/google.cloud.run.v2';
const STATUS = {
  running: 'EXECUTION_RUNNING',
  succeeded: 'EXECUTION_SUCCEEDED',
  failed: 'EXECUTION_FAILED',
  cancelled: 'EXECUTION_CANCELLED',
};

/** The job as the second API shows it. */
export function showJob(sim: Sim, job: JobRecord): JsonObject {
  const latest = job.latest === undefined ? undefined : findExecution(sim, `${jobKey(job)}/${job.latest}`);
  return {
    name: jobName(job),
    uid: job.uid,
    generation: String(job.generation),
    ...job.spec,
    createTime: job.createTime,
    updateTime: job.updateTime,
    creator: job.creator,
    lastModifier: job.lastModifier,
    observedGeneration: String(job.generation),
    terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED', lastTransitionTime: job.updateTime },
    ...(job.executionCount > 0 ? { executionCount: job.executionCount } : {}),
    ...(latest ? { latestCreatedExecution: referenceTo(latest) } : {}),
    etag: etagOf(job),
  };
}

function referenceTo({ id, createTime, completionTime, state }: ExecutionRecord): JsonObject {
  return { name: id, createTime, ...(completionTime ? { completionTime } : {}), completionStatus: STATUS[state] };
}

/** How many tasks are in which state, under the names that both APIs have; those of which there are none are left out. */
export function countsOf(execution: ExecutionRecord): JsonObject {
  const counts: Record<string, number> = execution.counts ?? { [execution.state]: taskCountOf(execution) };
  const some = Object.entries(counts).filter(([, many]) => many > 0);
  return Object.fromEntries(some.map(([state, many]) => [`${state}Count`, many]));
}

export function executionName({ projectId, location, job, id }: ExecutionRecord): string {
  return `projects/${projectId}/locations/${location}/jobs/${job}/executions/${id}`;
}

export function labelsOf({ job, jobUid, jobGeneration, template }: ExecutionRecord): JsonObject {
  return {
    ...((template['labels'] ?? {}) as JsonObject),
    'run.googleapis.com/job': job,
    'run.googleapis.com/jobUid': jobUid,
    'run.googleapis.com/jobGeneration': String(jobGeneration),
  };
}

/** The execution as the second API shows it. */
export function showExecution(execution: ExecutionRecord): JsonObject {
  const { template } = execution;
  return {
    name: executionName(execution),
    uid: execution.uid,
    creator: execution.creator,
    generation: '1',
    labels: labelsOf(execution),
    ...(template['annotations'] ? { annotations: template['annotations'] } : {}),
    createTime: execution.createTime,
    startTime: execution.createTime,
    ...(execution.completionTime ? { completionTime: execution.completionTime } : {}),
    updateTime: execution.updateTime,
    job: execution.job,
    parallelism: template['parallelism'] ?? taskCountOf(execution),
    taskCount: taskCountOf(execution),
    template: template['template'] ?? {},
    ...(execution.state === 'running' ? { reconciling: true } : {}),
    conditions: execution.conditions.map(showV2),
    observedGeneration: '1',
    ...countsOf(execution),
    logUri: executionLog(execution),
    etag: etagOf(execution),
  };
}

/** Where the console shows an execution's log. */
export function executionLog({ projectId, job, id }: ExecutionRecord): string {
  const filter = `resource.type%3D%22cloud_run_job%22%0Aresource.labels.job_name%3D%22${job}%22%0Alabels.%22run.googleapis.com/execution_name%22%3D%22${id}%22`;
  return `https://console.cloud.google.com/logs/viewer?project=${projectId}&advancedFilter=${filter}`;
}

/** A task of an execution as the second API shows it. */
export function showTask(execution: ExecutionRecord, task: TaskRecord): JsonObject {
  const { index, retried, startTime, completionTime } = task;
  const attempt = lastAttempt(task);
  return {
    name: `${executionName(execution)}/tasks/${execution.id}-task${index}`,
    uid: taskUid(execution, index),
    generation: '1',
    labels: { ...labelsOf(execution), 'run.googleapis.com/execution': execution.id },
    createTime: execution.createTime,
    scheduledTime: execution.createTime,
    ...(startTime ? { startTime } : {}),
    ...(completionTime ? { completionTime } : {}),
    updateTime: completionTime ?? startTime ?? execution.createTime,
    job: execution.job,
    execution: execution.id,
    ...((execution.template['template'] ?? {}) as JsonObject),
    ...(index > 0 ? { index } : {}),
    ...(retried > 0 ? { retried } : {}),
    conditions: taskConditions(execution, task).map(showV2),
    observedGeneration: '1',
    ...(attempt ? { lastAttemptResult: attempt } : {}),
    logUri: executionLog(execution),
    etag: etagOf(execution),
  };
}

export function taskUid({ uid }: ExecutionRecord, index: number): string {
  return uid.replace(/.{8}$/, String(index).padStart(8, '0'));
}

/** What an operation on a job or an execution is about, with its type; undefined for operations on services. */
export function shownOfJobs(sim: Sim, { kind, data, response }: Operation): JsonObject | undefined {
  if (kind !== 'job' && kind !== 'execution' && kind !== 'jobs.delete') return undefined;
  if (data['shown']) return data['shown'] as JsonObject;
  const job = kind === 'job' ? findJob(sim, String(data['key'])) : undefined;
  const execution = kind === 'execution' ? findExecution(sim, String(data['key'])) : undefined;
  if (job) return typedJob(sim, job);
  if (execution) return typedExecution(execution);
  return (response ?? {}) as JsonObject;
}

export function typedJob(sim: Sim, job: JobRecord): JsonObject {
  return { '@type': `${TYPE}.Job`, ...showJob(sim, job) };
}

export function typedExecution(execution: ExecutionRecord): JsonObject {
  return { '@type': `${TYPE}.Execution`, ...showExecution(execution) };
}
