import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { badRequest, notFound } from './refusals.ts';
import { regions } from './regions.ts';
import { changeJob, startExecution, type WantedJob } from './run-jobs-change.ts';
import { cancelExecution } from './run-jobs-end.ts';
import {
  type ExecutionRecord,
  executionKey,
  findJob,
  type JobRecord,
  jobKey,
  jobResource,
  listExecutions,
  listJobs,
  taskCountOf,
} from './run-jobs-records.ts';
import { typedExecution, typedJob } from './run-jobs-show.ts';
import { findTask, listTasks } from './run-jobs-tasks.ts';
import { showExecutionV1, showJobV1, showTaskV1 } from './run-jobs-v1-show.ts';
import { overridden } from './run-jobs-v2.ts';
import { readServiceAnnotations, readTemplateAnnotations } from './run-v1-annotations.ts';
import { listOf, placeOf } from './run-v1-place.ts';
import { filled, object, readTemplate, withoutOutput } from './run-v1-read.ts';

const N = 'run.namespaces';
const L = 'run.projects.locations.jobs';

/** Jobs and their executions by the first API, as gcloud asks for them. https://docs.cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs */
export const jobMethodsV1: Record<string, Handler> = {
  [`${N}.jobs.create`]: (call, sim) => write(call, sim, undefined),
  [`${N}.jobs.replaceJob`]: (call, sim) => write(call, sim, readJob(call, sim)),
  [`${N}.jobs.get`]: (call, sim) => showJobV1(sim, readJob(call, sim)),
  [`${N}.jobs.list`]: (call, sim) => {
    const { projectId, location } = placeOf(call, sim);
    const jobs = listJobs(sim, location === '' ? `${projectId}/` : `${projectId}/${location}/`);
    return listOf(
      call,
      'JobList',
      jobs.map((job) => showJobV1(sim, job)),
      'run.googleapis.com/v1',
    );
  },
  [`${N}.jobs.delete`]: (call, sim) => {
    const job = readJob(call, sim);
    return remove(call, sim, jobKey(job), typedJob(sim, job), { name: job.id, kind: 'jobs', uid: job.uid });
  },
  [`${N}.jobs.run`]: (call, sim) => {
    const job = readJob(call, sim);
    const sent = (call.body['overrides'] ?? {}) as JsonObject;
    const timeout = sent['timeoutSeconds'] ? { timeout: `${sent['timeoutSeconds']}s` } : {};
    const template = overridden(job, { ...sent, ...timeout });
    return showExecutionV1(startExecution(sim, job, template, call.principal).execution);
  },
  [`${N}.executions.get`]: (call, sim) => showExecutionV1(readExecution(call, sim)),
  [`${N}.executions.list`]: (call, sim) =>
    listOf(call, 'ExecutionList', executionsOf(call, sim).map(showExecutionV1), 'run.googleapis.com/v1'),
  [`${N}.executions.cancel`]: (call, sim) => showExecutionV1(cancelExecution(sim, readExecution(call, sim))),
  [`${N}.executions.delete`]: (call, sim) => {
    const execution = readExecution(call, sim);
    const facts = { name: execution.id, kind: 'executions', uid: execution.uid };
    return remove(call, sim, executionKey(execution), typedExecution(execution), facts);
  },
  [`${N}.tasks.list`]: (call, sim) => {
    const tasks = executionsOf(call, sim).flatMap((execution) =>
      listTasks(sim, execution).map((task) => showTaskV1(execution, task)),
    );
    return listOf(call, 'TaskList', tasks, 'run.googleapis.com/v1');
  },
  [`${N}.tasks.get`]: (call, sim) => {
    const [, id, index] = /\/tasks\/(.+)-task(\d+)$/.exec(String(call.params['name'])) ?? [];
    const execution = executionsOf(call, sim).find((one) => one.id === id);
    if (!execution || Number(index) >= taskCountOf(execution)) throw missing('TASK', String(call.params['name']));
    return showTaskV1(execution, findTask(sim, execution, Number(index)));
  },
  [`${L}.getIamPolicy`]: (call, sim) => ({
    ...getPolicy(sim, jobResource(readJob(call, sim)), call.params['options.requestedPolicyVersion']),
  }),
  [`${L}.setIamPolicy`]: (call, sim) => ({ ...setPolicy(sim, jobResource(readJob(call, sim)), call.body) }),
  [`${L}.testIamPermissions`]: (call, sim) => {
    readJob(call, sim);
    return testPermissions(call.body);
  },
};

function write(call: Call, sim: Sim, before: JobRecord | undefined): JsonObject {
  const metadata = object(call.body['metadata']);
  const place = { ...placeOf(call, sim), id: String(metadata['name'] ?? '') };
  if (place.id === '') throw badRequest('metadata.name: should not be empty');
  if (place.location === '') throw badRequest('A job is made at the host of its region: REGION-run.googleapis.com');
  if (before && before.id !== place.id)
    throw badRequest(`metadata.name: "${place.id}" does not match the job "${before.id}" of the request`);
  return showJobV1(sim, changeJob(sim, place, before, wantedOf(call.body), call.principal).job);
}

function wantedOf(body: JsonObject): WantedJob {
  const metadata = object(body['metadata']);
  const execution = object(object(body['spec'])['template']);
  const { parallelism, taskCount, template } = object(execution['spec']);
  const task = object(object(template)['spec']);
  const own = readServiceAnnotations(object(metadata['annotations']));
  const inner = readTemplateAnnotations(object(object(execution['metadata'])['annotations']));
  const { annotations, labels, ...read } = readTemplate(task, object(execution['metadata']), inner);
  return {
    spec: {
      ...own.fields,
      ...filled('annotations', own.annotations),
      ...filled('labels', withoutOutput(object(metadata['labels']))),
      template: {
        ...(annotations ? { annotations } : {}),
        ...(labels ? { labels } : {}),
        ...(parallelism ? { parallelism } : {}),
        ...(taskCount ? { taskCount } : {}),
        template: { ...read, ...(task['maxRetries'] === undefined ? {} : { maxRetries: task['maxRetries'] }) },
      },
    },
    extras: { job: own.extras, template: inner.extras },
  };
}

function readJob(call: Call, sim: Sim): JobRecord {
  const place = placeOf(call, sim);
  const job =
    place.location === '' ? listJobs(sim, `${place.projectId}/`).find(({ id }) => id === place.id) : findJob(sim, jobKey(place));
  if (!job) throw missing('JOB', place.id);
  return job;
}

function executionsOf(call: Call, sim: Sim): ExecutionRecord[] {
  const { projectId, location } = placeOf(call, sim);
  return (location === '' ? regions : [location]).flatMap((region) => listExecutions(sim, `${projectId}/${region}/`));
}

function readExecution(call: Call, sim: Sim): ExecutionRecord {
  const { id } = placeOf(call, sim);
  const execution = executionsOf(call, sim).find((one) => one.id === id);
  if (!execution) throw missing('EXECUTION', id);
  return execution;
}

function missing(kind: string, id: string) {
  return notFound(`Resource '${id}' of kind '${kind}' does not exist.`);
}

function remove(call: Call, sim: Sim, key: string, shown: JsonObject, facts: JsonObject): JsonObject {
  sim.operations.start({ api: 'run', kind: 'jobs.delete', data: { key, shown }, principal: call.principal });
  return { metadata: {}, status: 'Success', details: { group: 'run.googleapis.com', ...facts } };
}
