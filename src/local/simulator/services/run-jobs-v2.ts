import type { Call, Handler, JsonObject, Operation, Sim } from '../service.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { pageUnder } from './paging.ts';
import { badRequest, notFound } from './refusals.ts';
import { changeJob, startExecution, type WantedJob } from './run-jobs-change.ts';
import { cancelExecution } from './run-jobs-end.ts';
import {
  type ExecutionRecord,
  executionKey,
  findExecution,
  findJob,
  type JobRecord,
  jobKey,
  jobResource,
  listExecutions,
  listJobs,
  taskCountOf,
} from './run-jobs-records.ts';
import { showExecution, showJob, showTask, typedExecution, typedJob } from './run-jobs-show.ts';
import { findTask, listTasks } from './run-jobs-tasks.ts';
import { showOperation } from './run-v2-operations.ts';
import { placeOf } from './run-v2-place.ts';

const P = 'run.projects.locations.jobs';
const SETTABLE = ['annotations', 'binaryAuthorization', 'client', 'clientVersion', 'labels', 'launchStage', 'template'];

/** Jobs and their executions by the second API. https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs */
export const jobMethods: Record<string, Handler> = {
  [`${P}.create`]: (call, sim) => {
    const place = { ...placeOf(sim, call.params['parent']), id: String(call.params['jobId'] ?? '') };
    return showOperation(sim, changeJob(sim, place, undefined, wantedOf(call.body), call.principal).operation);
  },
  [`${P}.get`]: (call, sim) => showJob(sim, readJob(call, sim, 'name')),
  [`${P}.list`]: (call, sim) => {
    const { projectId, location } = placeOf(sim, call.params['parent']);
    const jobs = listJobs(sim, location === '-' ? `${projectId}/` : `${projectId}/${location}/`);
    return listed(
      call,
      'jobs',
      jobs.map((job) => showJob(sim, job)),
    );
  },
  [`${P}.patch`]: (call, sim) => {
    const job = readJob(call, sim, 'name');
    return showOperation(sim, changeJob(sim, job, job, wantedOf(call.body), call.principal).operation);
  },
  [`${P}.delete`]: (call, sim) => {
    const job = readJob(call, sim, 'name');
    return removal(call, sim, jobKey(job), typedJob(sim, job));
  },
  [`${P}.run`]: (call, sim) => {
    const job = readJob(call, sim, 'name');
    const template = overridden(job, (call.body['overrides'] ?? {}) as JsonObject);
    return showOperation(sim, startExecution(sim, job, template, call.principal).operation);
  },
  [`${P}.getIamPolicy`]: (call, sim) => ({
    ...getPolicy(sim, jobResource(readJob(call, sim, 'resource')), call.params['options.requestedPolicyVersion']),
  }),
  [`${P}.setIamPolicy`]: (call, sim) => ({ ...setPolicy(sim, jobResource(readJob(call, sim, 'resource')), call.body) }),
  [`${P}.testIamPermissions`]: (call, sim) => {
    readJob(call, sim, 'resource');
    return testPermissions(call.body);
  },
  [`${P}.executions.get`]: (call, sim) => showExecution(readExecution(call, sim)),
  [`${P}.executions.list`]: (call, sim) => {
    const { projectId, location } = placeOf(sim, call.params['parent']);
    const [, job = '-'] = /\/jobs\/([^/]+)$/.exec(String(call.params['parent'])) ?? [];
    const found = listExecutions(sim, job === '-' ? `${projectId}/${location}/` : `${projectId}/${location}/${job}/`);
    return listed(call, 'executions', found.map(showExecution));
  },
  [`${P}.executions.cancel`]: (call, sim) => {
    const execution = cancelExecution(sim, readExecution(call, sim));
    return showOperation(sim, done(call, sim, executionKey(execution), typedExecution(execution)));
  },
  [`${P}.executions.delete`]: (call, sim) => {
    const execution = readExecution(call, sim);
    return removal(call, sim, executionKey(execution), typedExecution(execution));
  },
  [`${P}.executions.tasks.get`]: (call, sim) => {
    const execution = readExecution(call, sim);
    const [, index = '-1'] = /-task(\d+)$/.exec(String(call.params['name'])) ?? [];
    if (Number(index) < 0 || Number(index) >= taskCountOf(execution)) throw missing(call.params['name']);
    return showTask(execution, findTask(sim, execution, Number(index)));
  },
  [`${P}.executions.tasks.list`]: (call, sim) => {
    const execution = readExecution(call, sim);
    return listed(
      call,
      'tasks',
      listTasks(sim, execution).map((task) => showTask(execution, task)),
    );
  },
};

function wantedOf(body: JsonObject): WantedJob {
  const spec: JsonObject = {};
  for (const field of SETTABLE) {
    const value = body[field];
    if (value !== undefined && value !== null) spec[field] = value;
  }
  return { spec, extras: { job: {}, template: {} } };
}

/**
 * The template of an execution with what its caller wants otherwise.
 * https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run#Overrides
 */
export function overridden(job: JobRecord, overrides: JsonObject): JsonObject {
  const template = structuredClone(job.spec['template']) as JsonObject;
  const task = template['template'] as JsonObject;
  if (overrides['taskCount']) template['taskCount'] = overrides['taskCount'];
  if (overrides['timeout']) task['timeout'] = overrides['timeout'];
  for (const { name, args, env, clearArgs } of (overrides['containerOverrides'] ?? []) as JsonObject[]) {
    const containers = task['containers'] as JsonObject[];
    const container = containers.find((one) => one['name'] === name) ?? (name ? undefined : containers[0]);
    if (!container) throw badRequest(`overrides.container_overrides: there is no container "${name}"`);
    if (clearArgs === true) delete container['args'];
    if (Array.isArray(args) && args.length > 0) container['args'] = args;
    for (const entry of (env ?? []) as JsonObject[]) {
      const kept = ((container['env'] ?? []) as JsonObject[]).filter((one) => one['name'] !== entry['name']);
      container['env'] = [...kept, entry];
    }
  }
  return template;
}

function readJob(call: Call, sim: Sim, param: string): JobRecord {
  const [, id = ''] = /\/jobs\/([^/:]+)/.exec(String(call.params[param])) ?? [];
  const job = findJob(sim, jobKey({ ...placeOf(sim, call.params[param]), id }));
  if (!job) throw missing(call.params[param]);
  return job;
}

function readExecution(call: Call, sim: Sim): ExecutionRecord {
  const name = String(call.params['name'] ?? call.params['parent']);
  const [, job = '', id = ''] = /\/jobs\/([^/]+)\/executions\/([^/:]+)/.exec(name) ?? [];
  const { projectId, location } = placeOf(sim, name);
  const execution = findExecution(sim, executionKey({ projectId, location, job, id }));
  if (!execution) throw missing(name);
  return execution;
}

function missing(name: unknown) {
  return notFound(
    `Resource '${String(name).split('/').at(-1)}' of kind '${/\/executions\//.test(String(name)) ? 'EXECUTION' : 'JOB'}' does not exist.`,
  );
}

function done(call: Call, sim: Sim, key: string, shown: JsonObject): Operation {
  return sim.operations.start({ api: 'run', kind: 'done', data: { key, shown }, principal: call.principal });
}

function removal(call: Call, sim: Sim, key: string, current: JsonObject): JsonObject {
  const shown = { ...current, deleteTime: sim.timestamp() };
  return showOperation(
    sim,
    sim.operations.start({ api: 'run', kind: 'jobs.delete', data: { key, shown }, principal: call.principal }),
  );
}

function listed(call: Call, field: string, values: JsonObject[]): JsonObject {
  const all = values.map((value, at) => ({ key: String(at).padStart(9, '0'), value }));
  return pageUnder(field, all, { size: call.params['pageSize'], token: call.params['pageToken'], usual: 100, most: 1000 });
}
