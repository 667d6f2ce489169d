import { randomUUID } from 'node:crypto';
import { GoogleError, type JsonObject, type Operation, type OperationKind, type Sim } from '../service.ts';
import { deletePolicy } from './iam-policy.ts';
import { alreadyExists, failedPrecondition, invalidField } from './refusals.ts';
import { type Condition, withConditions } from './run-conditions.ts';
import {
  type ExecutionRecord,
  executionKey,
  findExecution,
  findJob,
  type JobRecord,
  jobKey,
  jobResource,
  removeExecution,
  removeJob,
  saveExecution,
  saveJob,
} from './run-jobs-records.ts';
import { typedExecution, typedJob } from './run-jobs-show.ts';
import { defaultAccount, operationUuid, type ServicePlace } from './run-records.ts';
import { checkAccount, checkServiceId } from './run-rules.ts';
import { checkTask, NotReady } from './run-start.ts';

const API = 'run';

/** What a caller set. */
export interface WantedJob {
  spec: JsonObject;
  extras: JobRecord['extras'];
}
export interface JobChange {
  job: JobRecord;
  operation: Operation;
}

/**
 * Makes a job, or writes its new settings.
 * @param before undefined for a new one
 * @throws GoogleError 409 when it is there, 400 and 403 by the rules
 */
export function changeJob(
  sim: Sim,
  place: ServicePlace,
  before: JobRecord | undefined,
  wanted: WantedJob,
  principal: string,
): JobChange {
  if (!before) checkServiceId(place.id);
  if (!before && findJob(sim, jobKey(place))) throw alreadyExists(`Resource '${place.id}' already exists.`);
  const spec = withDefaults(wanted.spec, place.projectNumber);
  checkJob(sim, place, spec);
  const time = sim.timestamp();
  const { projectId, projectNumber, location, id } = place;
  const job: JobRecord = {
    ...(before ?? {
      projectId,
      projectNumber,
      location,
      id,
      uid: randomUUID(),
      createTime: time,
      creator: principal,
      executionCount: 0,
    }),
    generation: (before?.generation ?? 0) + 1,
    updateTime: time,
    lastModifier: principal,
    version: '',
    spec,
    extras: wanted.extras,
    operationId: '',
  };
  const operation = sim.operations.start({ api: API, kind: 'job', data: { key: jobKey(job) }, principal });
  return { job: saveJob(sim, { ...job, operationId: operationUuid(operation.id) }), operation };
}

/** https://docs.cloud.google.com/run/docs/reference/rest/v2/TaskTemplate */
function withDefaults(spec: JsonObject, projectNumber: string): JsonObject {
  const template = (spec['template'] ?? {}) as JsonObject;
  const task = (template['template'] ?? {}) as JsonObject;
  const containers = ((task['containers'] ?? []) as JsonObject[]).map((container) => {
    const limits = ((container['resources'] as JsonObject | undefined)?.['limits'] ?? {}) as JsonObject;
    return { ...container, resources: { limits: { cpu: limits['cpu'] ?? '1000m', memory: limits['memory'] ?? '512Mi' } } };
  });
  return {
    ...spec,
    launchStage: spec['launchStage'] ?? 'GA',
    template: {
      ...template,
      taskCount: Number(template['taskCount'] || 1),
      template: {
        ...task,
        containers,
        maxRetries: task['maxRetries'] ?? 3,
        timeout: task['timeout'] || '600s',
        serviceAccount: task['serviceAccount'] || defaultAccount(projectNumber),
        executionEnvironment: task['executionEnvironment'] ?? 'EXECUTION_ENVIRONMENT_GEN2',
      },
    },
  };
}

function checkJob(sim: Sim, place: ServicePlace, spec: JsonObject): void {
  const template = spec['template'] as JsonObject;
  const task = template['template'] as JsonObject;
  const containers = task['containers'] as JsonObject[];
  const refuse = (field: string, message: string) => invalidField(`template.${field}`, message);
  if (containers.length === 0)
    throw refuse('template.containers', 'spec.template.spec.template.spec.containers: should contain at least 1 container');
  if (containers.some(({ image }) => !image))
    throw refuse('template.containers.image', 'spec.template.spec.template.spec.containers[0].image: should not be empty');
  const count = Number(template['taskCount']);
  if (!(count >= 1 && count <= 10_000)) throw refuse('task_count', 'spec.template.spec.taskCount: should be between 1 and 10000');
  const retries = Number(task['maxRetries']);
  if (!(retries >= 0 && retries <= 10))
    throw refuse('template.max_retries', 'spec.template.spec.template.spec.maxRetries: should be between 0 and 10');
  checkAccount(sim, place, String(task['serviceAccount']));
}

/**
 * Runs a job once.
 * @param template the execution's own, with what was overridden
 */
export function startExecution(
  sim: Sim,
  job: JobRecord,
  template: JsonObject,
  principal: string,
): { execution: ExecutionRecord; operation: Operation } {
  const time = sim.timestamp();
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  const mark = [...sim.id(10)].map((digit, at) => letters[(Number.parseInt(digit, 16) + at * 3) % letters.length]).slice(0, 5);
  const execution: ExecutionRecord = {
    projectId: job.projectId,
    projectNumber: job.projectNumber,
    location: job.location,
    job: job.id,
    jobUid: job.uid,
    jobGeneration: job.generation,
    id: `${job.id}-${mark.join('')}`,
    uid: randomUUID(),
    createTime: time,
    updateTime: time,
    creator: principal,
    version: '',
    template,
    extras: job.extras.template,
    state: 'running',
    conditions: withConditions([], conditionsOf('running'), time),
  };
  const saved = saveExecution(sim, execution);
  saveJob(sim, { ...job, executionCount: job.executionCount + 1, latest: execution.id });
  const operation = sim.operations.start({ api: API, kind: 'execution', data: { key: executionKey(saved) }, principal });
  return { execution: saved, operation };
}

function conditionsOf(
  state: ExecutionRecord['state'],
  facts: { reason?: string; message?: string } = {},
): Array<Omit<Condition, 'lastTransitionTime'>> {
  const completed: Condition['status'] = state === 'running' ? 'Unknown' : state === 'succeeded' ? 'True' : 'False';
  return [
    { type: 'Completed', status: completed, ...facts },
    { type: 'ResourcesAvailable', status: 'True' },
    { type: 'Started', status: 'True' },
    { type: 'ContainerReady', status: 'True' },
  ];
}

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
  return saveExecution(sim, { ...execution, state, conditions, completionTime: time, updateTime: time });
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

/** The image and the secrets of its tasks have to be there; then time passes, as nothing runs a job here. */
function endExecution(operation: Operation, sim: Sim): JsonObject {
  const execution = findExecution(sim, String(operation.data['key']));
  if (!execution) return {};
  if (execution.state !== 'running') throw ended(execution);
  try {
    checkTask(sim, execution, (execution.template['template'] ?? {}) as JsonObject);
    if (sim.runtime) throw new NotReady('Internal', 'Jobs are simulated by their API alone: nothing on this machine runs them.');
    return typedExecution(settle(sim, execution, 'succeeded', { message: 'Execution completed successfully.' }));
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    throw ended(settle(sim, execution, 'failed', { reason: error.reason, message: error.message }));
  }
}

function ended({ state, conditions }: ExecutionRecord): GoogleError {
  const message = conditions[0]?.message ?? '';
  return state === 'cancelled'
    ? new GoogleError({ code: 499, status: 'CANCELLED', message })
    : new GoogleError({ code: 400, status: 'FAILED_PRECONDITION', message });
}
