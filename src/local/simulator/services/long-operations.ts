import { rpcCode } from '../error-form.ts';
import type { Call, Handler, JsonObject, Operation, Sim } from '../service.ts';
import { page } from './paging.ts';
import { notFound } from './refusals.ts';

/** An API whose long operations live below its locations. https://docs.cloud.google.com/service-infrastructure/docs/service-management/reference/rest/v1/operations */
export interface LongApi {
  /** Discovery name: `domains`. */
  api: string;
  /** Before the names of its messages: `type.googleapis.com/google.cloud.domains.v1`. */
  type: string;
  locations: readonly string[];
}

/** What a long operation of such an API has to know, in its data. */
export interface LongData {
  projectId: string;
  location: string;
  /** The name of the resource. */
  target: string;
  /** `create`, `update`, `delete`. */
  verb: string;
}

/** Starts one and returns it as the API shows it. @param data what the operation's kind wants besides */
export function startLong(
  call: Call,
  sim: Sim,
  { api, type }: LongApi,
  kind: string,
  about: LongData,
  data: JsonObject,
): JsonObject {
  return show(sim.operations.start({ api, kind, data: { ...data, about: { ...about } }, principal: call.principal }), type);
}

/** The methods for reading operations and locations. */
export function longMethods(long: LongApi): Record<string, Handler> {
  const { api, type, locations } = long;
  const prefix = `${api}.projects.locations`;
  return {
    [`${prefix}.list`]: (call, sim) => {
      const { projectId } = placeOf(sim, call.params['name']);
      const all = locations.map((id) => ({ key: id, value: location(projectId, id) }));
      return list(call, 'locations', all);
    },
    [`${prefix}.get`]: (call, sim) => {
      const { projectId, location: id } = placeOf(sim, call.params['name']);
      if (!locations.includes(id)) throw notFound(`Location ${id} is not found.`);
      return location(projectId, id);
    },
    [`${prefix}.operations.get`]: (call, sim) => show(operationOf(call, sim, api), type),
    [`${prefix}.operations.list`]: (call, sim) => {
      const place = placeOf(sim, call.params['name']);
      const own = sim.operations.list(api).filter(({ data }) => isIn(data, place));
      return list(
        call,
        'operations',
        own.map((operation) => ({ key: operation.startTime + operation.id, value: show(operation, type) })).sort(byKey),
      );
    },
  };
}

/** Of the APIs that have them: forgetting operations, and asking for their end. */
export function endMethods({ api }: LongApi): Record<string, Handler> {
  const prefix = `${api}.projects.locations`;
  return {
    [`${prefix}.operations.delete`]: (call, sim) => {
      sim.operations.delete(operationOf(call, sim, api).id);
      return {};
    },
    // Too late at all times, which Google leaves open to an API.
    [`${prefix}.operations.cancel`]: (call, sim) => {
      operationOf(call, sim, api);
      return {};
    },
  };
}

/** Project and location in a name; the rest of it in `path`. @throws GoogleError 403 for an unknown project */
export function placeOf(sim: Sim, name: unknown): { projectId: string; location: string; path: string } {
  const [, project = '', location = '', path = ''] =
    /^projects\/([^/]+)(?:\/locations\/([^/]+))?(?:\/(.*))?$/.exec(String(name)) ?? [];
  return { projectId: sim.findProject(project).projectId, location, path };
}

/** One page of a list, without the field where there is nothing. @param all in the order of their keys */
export function list(call: Call, field: string, all: Array<{ key: string; value: JsonObject }>): JsonObject {
  const { pageSize: size, pageToken: token } = call.params;
  const { items, nextPageToken } = page(all, { size, token, usual: 100, most: 1000 });
  return { ...(items.length > 0 ? { [field]: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

const byKey = (one: { key: string }, other: { key: string }) => (one.key < other.key ? -1 : 1);

function location(projectId: string, id: string): JsonObject {
  return { name: `projects/${projectId}/locations/${id}`, locationId: id };
}

function operationOf(call: Call, sim: Sim, api: string): Operation {
  const place = placeOf(sim, call.params['name']);
  const operation = sim.operations.get(place.path.replace(/^operations\/operation-/, ''));
  if (operation?.api !== api || !isIn(operation.data, place))
    throw notFound(`Resource '${String(call.params['name'])}' was not found`);
  return operation;
}

function isIn(data: JsonObject, { projectId, location }: { projectId: string; location: string }): boolean {
  const about = data['about'] as unknown as LongData;
  return about.projectId === projectId && (about.location === location || location === '-');
}

function show({ id, data, startTime, endTime, done, response, error }: Operation, type: string): JsonObject {
  const { projectId, location, target, verb } = data['about'] as unknown as LongData;
  return {
    name: `projects/${projectId}/locations/${location}/operations/operation-${id}`,
    metadata: {
      '@type': `${type}.OperationMetadata`,
      createTime: startTime,
      ...(endTime ? { endTime } : {}),
      target,
      verb,
      apiVersion: 'v1',
    },
    done,
    ...(error ? { error: { code: rpcCode(error), message: error.message } } : {}),
    ...(done && !error ? { response: response ?? {} } : {}),
  };
}
