import type { GoogleErrorFacts, JsonObject, Operation, OperationKind, Sim } from '../service.ts';
import { type Call, GoogleError } from '../service.ts';
import { quotaExceeded } from './compute-errors.ts';
import type { ComputeDuration } from './compute-kind.ts';
import { linkOf, linkTo, numericId, type Place, pacificTime, scopePath } from './compute-places.ts';
import { findRecord, removeRecord, saveRecord } from './compute-records.ts';
import { deletePolicy } from './iam-policy.ts';

export const API = 'compute';

/** What is kept with an operation. */
interface Target extends Place {
  /** insert, patch, SetTarget, … */
  type: string;
  targetId: string;
  requestId?: string;
  /** A new resource that comes to nothing, for this. */
  quota?: { metric: string; limit: number };
}

/** How the changes of resources end, by how long they usually take. */
export const operationKinds: Record<ComputeDuration | 'none', OperationKind> = {
  'compute.resources': { usual: 'compute.resources', finish },
  'compute.securityPolicies': { usual: 'compute.securityPolicies', finish },
  'compute.forwardingRules': { usual: 'compute.forwardingRules', finish },
  none: { usual: 'none', finish },
};

function finish(operation: Operation, sim: Sim): void {
  const target = operation.data as unknown as Target;
  const record = findRecord(sim, target);
  if (record?.operation !== operation.id) return;
  const { next, deleting } = record;
  if (deleting || target.quota) forget(sim, target);
  else saveRecord(sim, target, { value: next as JsonObject });
  if (target.quota) throw quotaExceeded(target.quota.metric, target.quota.limit);
}

function forget(sim: Sim, place: Place): void {
  removeRecord(sim, place);
  deletePolicy(sim, policyName(place));
}

/** The name under which the IAM policy of a resource is kept. */
export function policyName(place: Place): string {
  return linkOf(place).replace('https://www.googleapis.com/compute/v1', '//compute.googleapis.com');
}

export interface Work {
  place: Place;
  type: string;
  /** `none`: it is done when the call is answered. */
  usual: ComputeDuration | 'none';
  targetId: string;
  /** What the resource will be; left out: it is deleted. */
  next?: JsonObject;
  quota?: Target['quota'];
}

/** Begins to change a resource and shows the operation as the call answers. What it changes is not seen before it is done. */
export function startWork(call: Call, sim: Sim, work: Work): JsonObject {
  const { place, type, usual, targetId, next, quota } = work;
  if (call.params['validateOnly'] === true) return startNothing(call, sim, place, type, targetId);
  const requestId = call.params['requestId'];
  const data: Target = {
    ...place,
    type,
    targetId,
    ...(requestId ? { requestId: String(requestId).toLowerCase() } : {}),
    ...(quota ? { quota } : {}),
  };
  const operation = sim.operations.start({ api: API, kind: usual, data: { ...data }, principal: call.principal });
  if (usual === 'none') {
    if (next) saveRecord(sim, place, { value: next });
    else forget(sim, place);
    return showOperation({ ...operation, done: true, endTime: sim.timestamp() });
  }
  saveRecord(sim, place, {
    ...findRecord(sim, place),
    ...(next ? { next } : { deleting: true as const }),
    operation: operation.id,
  });
  return showOperation(operation);
}

/** Begins something that changes no resource, such as emptying a cache. */
export function startNothing(call: Call, sim: Sim, place: Place, type: string, targetId: string): JsonObject {
  const data: Target = { ...place, type, targetId };
  return showOperation(sim.operations.start({ api: API, kind: 'none', data: { ...data }, principal: call.principal }));
}

/** `operation-1732275000123-0123456789abc-01234567-0123456789a`: Google's form, with the operation's id in it. */
export function operationName({ id, startTime }: Pick<Operation, 'id' | 'startTime'>): string {
  return `operation-${Date.parse(startTime)}-${id.slice(0, 13)}-${id.slice(13, 21)}-${id.slice(21)}`;
}

export function operationIdOf(name: string): string {
  return name.split('-').slice(2).join('');
}

export function showOperation(operation: Operation): JsonObject {
  const target = operation.data as unknown as Target;
  const { id, done, startTime, endTime, error } = operation;
  const name = operationName(operation);
  const scope = scopePath(target.projectId, target.scope);
  return {
    kind: 'compute#operation',
    id: (BigInt(`0x${id.slice(0, 15)}`) + 10n ** 17n).toString(),
    name,
    ...(target.requestId === undefined ? {} : { clientOperationId: target.requestId }),
    operationType: target.type,
    ...(target.scope === 'global' ? {} : { region: linkTo(scope) }),
    targetLink: linkOf(target),
    targetId: target.targetId,
    status: done ? 'DONE' : 'RUNNING',
    user: operation.principal,
    progress: done ? 100 : 0,
    insertTime: pacificTime(startTime),
    startTime: pacificTime(startTime),
    ...(done && endTime ? { endTime: pacificTime(endTime) } : {}),
    ...(error ? failure(error) : {}),
    selfLink: linkTo(`${scope}/operations/${name}`),
  };
}

/** A failed operation is answered with 200; what went wrong stands inside. */
function failure({ code, message, reason }: GoogleErrorFacts): JsonObject {
  const name = (reason ?? 'internalError').replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return {
    error: { errors: [{ code: name, message }] },
    httpErrorStatusCode: code,
    httpErrorMessage: code === 403 ? 'FORBIDDEN' : code < 500 ? 'BAD REQUEST' : 'INTERNAL SERVER ERROR',
  };
}

/** A new resource's own number, also of what is only asked for. */
export function newTargetId(sim: Sim): string {
  return numericId(sim);
}

const REQUESTS = 'compute.requests';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ZERO = '00000000-0000-0000-0000-000000000000';

/**
 * Does something once for each `requestId`: a repeated request is answered with the operation that the first one began.
 * https://docs.cloud.google.com/compute/docs/reference/rest/v1/globalAddresses/insert
 * @throws GoogleError 400 for a request id that is no UUID, or was another request's
 */
export function once(call: Call, sim: Sim, projectId: string, work: () => JsonObject): JsonObject {
  const requestId = call.params['requestId'];
  if (requestId === undefined || requestId === '') return work();
  if (!UUID.test(String(requestId)) || requestId === ZERO) throw invalidRequestId(requestId, 'Must be a valid non-zero UUID.');
  const key = `${projectId}/${String(requestId).toLowerCase()}`;
  const { requestId: _id, project: _project, ...params } = call.params;
  const request = JSON.stringify([call.method, params]);
  const known = sim.store.get<{ request: string; operation: string }>(REQUESTS, key);
  const operation = known ? sim.operations.get(known.operation) : undefined;
  if (known && known.request !== request)
    throw invalidRequestId(requestId, 'The request ID was already used for a different request.');
  if (operation) return showOperation(operation);
  const answer = work();
  sim.store.put(REQUESTS, key, { request, operation: operationIdOf(String(answer['name'])) });
  return answer;
}

function invalidRequestId(value: unknown, why: string): GoogleError {
  return new GoogleError({ code: 400, message: `Invalid value for field 'requestId': '${value}'. ${why}`, reason: 'invalid' });
}
