import { randomUUID } from 'node:crypto';
import type { JsonObject, Operation, Sim } from '../service.ts';
import { alreadyExists, invalidField } from './refusals.ts';
import { withConditions } from './run-conditions.ts';
import {
  type ExecutionRecord,
  executionKey,
  findJob,
  type JobRecord,
  jobKey,
  saveExecution,
  saveJob,
} from './run-jobs-records.ts';
import { conditionsOf } from './run-jobs-tasks.ts';
import { defaultAccount, operationUuid, type ServicePlace } from './run-records.ts';
import { checkAccount, checkServiceId } from './run-rules.ts';

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
