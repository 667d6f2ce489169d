import { setTimeout as sleep } from 'node:timers/promises';
import type { DurationName } from '../../../durations.ts';
import type { Call, Handler, JsonObject, Operation, Sim } from '../service.ts';
import { newestFirst, page } from './paging.ts';
import { notFound } from './sqladmin-errors.ts';
import { checkIdle, findInstance, type InstanceRecord, link, lock, projectOf, unlock } from './sqladmin-records.ts';

/** https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/operations */
export const operationMethods: Record<string, Handler> = {
  'sql.operations.get': (call, sim) => {
    const operation = sim.operations.get(String(call.params['operation']).replaceAll('-', ''));
    if (operation?.api !== 'sqladmin' || operation.data['project'] !== projectOf(call, sim))
      throw notFound('The Cloud SQL operation does not exist.');
    return showOperation(call.version, operation, 'RUNNING');
  },
  'sql.operations.list': (call, sim) => {
    const project = projectOf(call, sim);
    const instance = call.params['instance'];
    const all = sim.operations
      .list('sqladmin')
      .filter(({ data }) => data['project'] === project && (instance === undefined || data['instance'] === instance))
      .map((operation) => ({ key: newestFirst(operation.startTime) + operation.id, value: operation }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    const { items, nextPageToken } = page(all, {
      size: call.params['maxResults'],
      token: call.params['pageToken'],
      usual: 100,
      most: 1000,
    });
    return {
      kind: 'sql#operationsList',
      ...(items.length > 0 ? { items: items.map((operation) => showOperation(call.version, operation, 'RUNNING')) } : {}),
      ...(nextPageToken ? { nextPageToken } : {}),
    };
  },
};

export interface Work {
  /** Of the service's operation kinds. */
  kind: string;
  /** As the API says it: CREATE, UPDATE_DATABASE, … */
  type: string;
  instance: InstanceRecord;
  /** What it works on, under the instance: `databases/wine`. */
  target?: string;
  /** What the effect needs to know; nothing secret. */
  data?: JsonObject;
}

/** Begins a long operation on an idle instance and shows it as the API answers. @throws GoogleError 409 operationInProgress */
export function startOperation(call: Call, sim: Sim, work: Work): JsonObject {
  const { instance } = work;
  checkIdle(sim, instance);
  const operation = sim.operations.start({ api: 'sqladmin', kind: work.kind, data: describe(work), principal: call.principal });
  lock(sim, instance, operation.id);
  return showOperation(call.version, operation, 'PENDING');
}

/** Begins a long operation on what outlived its instance. */
export function startUnbound(
  call: Call,
  sim: Sim,
  work: Omit<Work, 'instance'> & { instance: { project: string; name: string } },
): JsonObject {
  const operation = sim.operations.start({ api: 'sqladmin', kind: work.kind, data: describe(work), principal: call.principal });
  return showOperation(call.version, operation, 'PENDING');
}

/**
 * Does what Cloud SQL ends before it answers: waits its usual time, during which the instance is busy, runs the effect, and shows
 * the operation as done.
 * @throws GoogleError 409 operationInProgress; what the effect throws
 */
export async function doAtOnce(
  call: Call,
  sim: Sim,
  usual: DurationName,
  work: Omit<Work, 'kind'>,
  effect: () => Promise<void>,
): Promise<JsonObject> {
  const { instance } = work;
  checkIdle(sim, instance);
  lock(sim, instance);
  try {
    await sleep(sim.duration(usual));
    await effect();
  } finally {
    unlock(sim, instance);
  }
  const operation = sim.operations.start({
    api: 'sqladmin',
    kind: 'done',
    data: describe({ ...work, kind: 'done' }),
    principal: call.principal,
  });
  return showOperation(call.version, { ...operation, done: true, endTime: sim.timestamp() }, 'DONE');
}

function describe({
  type,
  instance,
  target,
  data,
}: Omit<Work, 'instance'> & { instance: { project: string; name: string } }): JsonObject {
  return { ...data, type, project: instance.project, instance: instance.name, ...(target === undefined ? {} : { target }) };
}

/** Runs the effect of an operation on its instance, and sets the instance free whatever comes of it. */
export async function withInstance(
  operation: Operation,
  sim: Sim,
  effect: (instance: InstanceRecord, sim: Sim) => void | Promise<void>,
): Promise<void> {
  const { project, instance: name } = operation.data as { project: string; instance: string };
  const instance = findInstance(sim, project, name);
  if (!instance) return;
  try {
    await effect(instance, sim);
  } finally {
    unlock(sim, instance);
  }
}

/** The operation in the API's form; `status` is what it is called while it goes on. */
export function showOperation(version: string, operation: Operation, status: 'PENDING' | 'RUNNING' | 'DONE'): JsonObject {
  const { type, project, instance, target } = operation.data as {
    type: string;
    project: string;
    instance: string;
    target?: string;
  };
  const name = operation.id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const ended = operation.done && operation.endTime ? { startTime: operation.startTime, endTime: operation.endTime } : {};
  return {
    kind: 'sql#operation',
    targetLink: link(version, project, `instances/${instance}${target === undefined ? '' : `/${target}`}`),
    status: operation.done ? 'DONE' : status,
    user: operation.principal,
    insertTime: operation.startTime,
    ...(status === 'RUNNING' && !operation.done ? { startTime: operation.startTime } : {}),
    ...ended,
    ...(operation.error ? { error: errors(operation.error) } : {}),
    operationType: type,
    name,
    targetId: instance,
    selfLink: link(version, project, `operations/${name}`),
    targetProject: project,
  };
}

/** Failures stand inside an operation that is fetched with 200. */
function errors({ message, reason }: { message: string; reason?: string }): JsonObject {
  return { kind: 'sql#operationErrors', errors: [{ kind: 'sql#operationError', code: reason ?? 'INTERNAL_ERROR', message }] };
}
