import type { JsonObject, Sim } from '../service.ts';
import { showV1 } from './run-conditions.ts';
import { type ExecutionRecord, findExecution, type JobRecord, jobKey, taskCountOf } from './run-jobs-records.ts';
import { countsOf, executionLog, labelsOf, taskUid } from './run-jobs-show.ts';
import { lastAttempt, type TaskRecord, taskConditions } from './run-jobs-tasks.ts';
import { writeServiceAnnotations, writeTemplateAnnotations } from './run-v1-annotations.ts';
import { type Home, resourceVersion, writeSpec } from './run-v1-show.ts';

const API_VERSION = 'run.googleapis.com/v1';
const COMPLETION = {
  running: 'EXECUTION_RUNNING',
  succeeded: 'EXECUTION_SUCCEEDED',
  failed: 'EXECUTION_FAILED',
  cancelled: 'EXECUTION_CANCELLED',
};

/** What gcloud lists as a task's state. */
const STATES = { pending: 'Pending', running: 'Running', succeeded: 'Succeeded', failed: 'Failed', cancelled: 'Cancelled' };

/** The job in Knative's form. */
export function showJobV1(sim: Sim, job: JobRecord): JsonObject {
  const latest = job.latest === undefined ? undefined : findExecution(sim, `${jobKey(job)}/${job.latest}`);
  const template = job.spec['template'] as JsonObject;
  const annotations = templateAnnotations(template, job.extras.template);
  return {
    apiVersion: API_VERSION,
    kind: 'Job',
    metadata: {
      name: job.id,
      namespace: job.projectNumber,
      selfLink: `/apis/${API_VERSION}/namespaces/${job.projectNumber}/jobs/${job.id}`,
      uid: job.uid,
      resourceVersion: resourceVersion(job),
      generation: job.generation,
      creationTimestamp: job.createTime,
      labels: {
        ...((job.spec['labels'] ?? {}) as JsonObject),
        'cloud.googleapis.com/location': job.location,
        'run.googleapis.com/lastUpdatedTime': job.updateTime,
      },
      annotations: {
        ...((job.spec['annotations'] ?? {}) as JsonObject),
        ...job.extras.job,
        ...writeJobAnnotations(job.spec),
        'run.googleapis.com/creator': job.creator,
        'run.googleapis.com/lastModifier': job.lastModifier,
        'run.googleapis.com/operation-id': job.operationId,
      },
    },
    spec: {
      template: {
        metadata: {
          ...(template['labels'] ? { labels: template['labels'] } : {}),
          ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
        },
        spec: executionSpec(template, job.extras.template, job),
      },
    },
    status: {
      observedGeneration: job.generation,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: job.updateTime }],
      ...(job.executionCount > 0 ? { executionCount: job.executionCount } : {}),
      ...(latest
        ? {
            latestCreatedExecution: {
              name: latest.id,
              creationTimestamp: latest.createTime,
              ...(latest.completionTime ? { completionTimestamp: latest.completionTime } : {}),
              completionStatus: COMPLETION[latest.state],
            },
          }
        : {}),
    },
  };
}

/** A job has no ingress, nor what else only services have. */
function writeJobAnnotations(spec: JsonObject): Record<string, string> {
  const all = Object.entries(writeServiceAnnotations(spec));
  return Object.fromEntries(all.filter(([name]) => /\/(client-name|client-version|launch-stage|description)$/.test(name)));
}

function templateAnnotations(template: JsonObject, extras: Record<string, string>): JsonObject {
  const own = writeTemplateAnnotations((template['template'] ?? {}) as JsonObject);
  const kept = Object.entries(own).filter(([name]) => !/cpu-throttling|startup-cpu-boost/.test(name));
  return { ...((template['annotations'] ?? {}) as JsonObject), ...extras, ...Object.fromEntries(kept) };
}

function executionSpec(template: JsonObject, extras: Record<string, string>, home: Home): JsonObject {
  return {
    ...(template['parallelism'] ? { parallelism: template['parallelism'] } : {}),
    taskCount: template['taskCount'] ?? 1,
    template: { spec: taskSpec(template, extras, home) },
  };
}

function taskSpec(template: JsonObject, extras: Record<string, string>, home: Home): JsonObject {
  const task = (template['template'] ?? {}) as JsonObject;
  const { containerConcurrency: _ofServices, timeoutSeconds, ...spec } = writeSpec(task, extras, home);
  return { ...spec, maxRetries: task['maxRetries'] ?? 3, timeoutSeconds: String(timeoutSeconds) };
}

/** The execution in Knative's form. */
export function showExecutionV1(execution: ExecutionRecord): JsonObject {
  const { id, job, projectNumber, template, extras, completionTime } = execution;
  return {
    apiVersion: API_VERSION,
    kind: 'Execution',
    metadata: {
      ...ownMetadata(execution, 'executions', id),
      labels: { ...labelsOf(execution), 'cloud.googleapis.com/location': execution.location },
      annotations: { ...templateAnnotations(template, extras), 'run.googleapis.com/creator': execution.creator },
      ownerReferences: [
        { apiVersion: API_VERSION, kind: 'Job', name: job, uid: execution.jobUid, controller: true, blockOwnerDeletion: true },
      ],
      namespace: projectNumber,
    },
    spec: { ...executionSpec(template, extras, execution), parallelism: template['parallelism'] ?? taskCountOf(execution) },
    status: {
      observedGeneration: 1,
      conditions: execution.conditions.map(showV1),
      startTime: execution.createTime,
      ...(completionTime ? { completionTime } : {}),
      ...countsOf(execution),
      logUri: executionLog(execution),
    },
  };
}

/** A task of an execution in Knative's form. */
export function showTaskV1(execution: ExecutionRecord, task: TaskRecord): JsonObject {
  const { index, state, retried, startTime, completionTime } = task;
  const name = `${execution.id}-task${index}`;
  const attempt = lastAttempt(task);
  return {
    apiVersion: API_VERSION,
    kind: 'Task',
    metadata: {
      ...ownMetadata(execution, 'tasks', name),
      uid: taskUid(execution, index),
      labels: {
        ...labelsOf(execution),
        'run.googleapis.com/execution': execution.id,
        'run.googleapis.com/taskIndex': String(index),
        'run.googleapis.com/runningState': STATES[state],
      },
    },
    spec: taskSpec(execution.template, execution.extras, execution),
    status: {
      observedGeneration: 1,
      conditions: taskConditions(execution, task).map(showV1),
      ...(startTime ? { startTime } : {}),
      ...(completionTime ? { completionTime } : {}),
      ...(index > 0 ? { index } : {}),
      ...(retried > 0 ? { retried } : {}),
      ...(attempt ? { lastAttemptResult: attempt } : {}),
      logUri: executionLog(execution),
    },
  };
}

function ownMetadata(execution: ExecutionRecord, kind: string, name: string): JsonObject {
  const { projectNumber, uid, createTime } = execution;
  return {
    name,
    namespace: projectNumber,
    selfLink: `/apis/${API_VERSION}/namespaces/${projectNumber}/${kind}/${name}`,
    uid,
    resourceVersion: resourceVersion(execution),
    generation: 1,
    creationTimestamp: createTime,
  };
}
