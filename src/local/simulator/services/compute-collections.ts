import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { alreadyExists, inUse, invalidValue, notFound, required } from './compute-errors.ts';
import {
  checkFingerprint,
  checkLabelFingerprint,
  checkLabels,
  newFingerprint,
  newLabelFingerprint,
} from './compute-fingerprints.ts';
import type { Change, Kind, StandardMethod } from './compute-kind.ts';
import { aggregatedAnswer, listAnswer } from './compute-lists.ts';
import { newTargetId, once, policyName, startWork } from './compute-operations.ts';
import { checkName, linkOf, type Place, pacificTime, pathOf, scopeName, scopeOf, scopePath } from './compute-places.ts';
import { currentValue, findRecord, listRecords, readyValue, usersOf } from './compute-records.ts';
import { getPolicy, setPolicy, testPermissions } from './iam-policy.ts';
import { isObject, maskPaths, mergePatch } from './masks.ts';

/** What Google makes itself: never taken from a request. */
const OWN = ['kind', 'id', 'creationTimestamp', 'selfLink', 'region', 'fingerprint', 'labelFingerprint'];

/** The methods of a kind of resource, by their discovery ids. */
export function methodsOf(kind: Kind): Record<string, Handler> {
  const standard = kind.has.map((name) => [name, (call: Call, sim: Sim) => STANDARD[name](kind, call, sim)] as const);
  const actions = Object.entries(kind.actions ?? {}).map(([name, action]) => {
    const handler: Handler = (call, sim) => {
      const type = action.operationType ?? name;
      return change(kind, call, sim, type, (value) => action.change(value, call, sim));
    };
    return [name, handler] as const;
  });
  const idOf = (name: string) =>
    `compute.${(name === 'aggregatedList' ? kind.aggregated?.methods : undefined) ?? kind.methods}.${name}`;
  return Object.fromEntries([...standard, ...actions].map(([name, handler]) => [idOf(name), handler]));
}

const STANDARD: Record<StandardMethod, (kind: Kind, call: Call, sim: Sim) => unknown> = {
  get: (kind, call, sim) => {
    const place = placeOf(kind, call, sim);
    return show(kind, sim, place, currentValue(sim, place));
  },
  list: (kind, call, sim) => {
    const { projectId, scope } = scopeOf(call, sim);
    const path = `${scopePath(projectId, scope)}/${kind.collection}`;
    const items = shown(kind, sim, projectId, scope);
    return listAnswer(call, kind.listType ?? `${kind.type}List`, path, items, !kind.listWithoutLink);
  },
  aggregatedList: (kind, call, sim) => {
    const { projectId } = scopeOf(call, sim);
    const items = shown(kind, sim, projectId);
    const region = (item: JsonObject) => scopeName(String(item['region'] ?? 'global').replace(/^.*\//, ''));
    return aggregatedAnswer(call, aggregatedType(kind), kind.collection, projectId, items, region);
  },
  insert: (kind, call, sim) => once(call, sim, scopeOf(call, sim).projectId, () => insert(kind, call, sim)),
  delete: (kind, call, sim) => once(call, sim, scopeOf(call, sim).projectId, () => remove(kind, call, sim)),
  patch: (kind, call, sim) => change(kind, call, sim, 'patch', (value) => mergePatch(value, patchOf(call))),
  update: (kind, call, sim) => change(kind, call, sim, 'update', (value) => ({ ...pick(value, OWN), ...call.body })),
  setLabels,
  getIamPolicy: (kind, call, sim) => ({
    ...getPolicy(sim, policyName(existing(kind, call, sim)), call.params['optionsRequestedPolicyVersion']),
  }),
  setIamPolicy: (kind, call, sim) => {
    const { policy, bindings, etag } = call.body;
    const sent = policy ?? (bindings === undefined ? undefined : { bindings, ...(etag === undefined ? {} : { etag }) });
    return { ...setPolicy(sim, policyName(existing(kind, call, sim)), sent === undefined ? {} : { policy: sent }) };
  },
  testIamPermissions: (kind, call, sim) => {
    existing(kind, call, sim);
    return testPermissions(call.body);
  },
};

function aggregatedType({ aggregated, listType, type }: Kind): string {
  return aggregated?.type ?? (listType ?? `${type}List`).replace(/List$/, 'AggregatedList');
}

/** The place that a call names. A number in place of the name is a resource's id. */
export function placeOf(kind: Kind, call: Call, sim: Sim): Place {
  const scope = scopeOf(call, sim);
  const sent = String(call.params[kind.param] ?? call.params['resource']);
  if (!/^[1-9]\d{0,19}$/.test(sent)) return { ...scope, collection: kind.collection, name: checkName(kind.param, sent) };
  const records = listRecords(sim, scope.projectId, kind.collection, scope.scope);
  const found = records.find(({ record }) => record.value?.['id'] === sent);
  if (!found) throw notFound(pathOf({ ...scope, collection: kind.collection, name: sent }));
  return found.place;
}

/** The body of a patch, with null for what the update mask names and the body leaves out: that is cleared. */
export function patchOf(call: Call): JsonObject {
  const named = maskPaths(call.params['updateMask'], {});
  const cleared = named.filter((name) => !name.includes('.') && call.body[name] === undefined);
  return { ...call.body, ...Object.fromEntries(cleared.map((name) => [name, null])) };
}

function existing(kind: Kind, call: Call, sim: Sim): Place {
  const place = placeOf(kind, call, sim);
  currentValue(sim, place);
  return place;
}

function show(kind: Kind, sim: Sim, place: Place, value: JsonObject): JsonObject {
  return kind.show ? kind.show(sim, place, value) : value;
}

function shown(kind: Kind, sim: Sim, projectId: string, scope?: string): JsonObject[] {
  return listRecords(sim, projectId, kind.collection, scope).flatMap(({ place, record }) =>
    record.value ? [show(kind, sim, place, record.value)] : [],
  );
}

function pick(value: JsonObject, names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)));
}

function operationType({ operationPrefix = '' }: Kind, type: string): string {
  return operationPrefix + type;
}

function insert(kind: Kind, call: Call, sim: Sim): JsonObject {
  const scope = scopeOf(call, sim);
  const sent = call.body;
  if (sent['name'] === undefined || sent['name'] === null || sent['name'] === '') throw required('resource.name');
  const place = { ...scope, collection: kind.collection, name: checkName('resource.name', sent['name']) };
  if (findRecord(sim, place)) throw alreadyExists(pathOf(place));
  checkLabels(sent['labels']);
  const wanted: JsonObject = {
    ...without(sent, OWN),
    kind: kind.type,
    id: newTargetId(sim),
    creationTimestamp: pacificTime(sim.timestamp()),
    selfLink: linkOf(place),
    ...(scope.scope === 'global' ? {} : { region: linkOf(place).replace(/\/[^/]+\/[^/]+$/, '') }),
  };
  const wish: Change = { call, sim, place, wanted, before: undefined };
  const quota = kind.exceeds?.(wish);
  const next = quota ? wanted : complete(kind, wish);
  if (kind.labelFingerprint) next['labelFingerprint'] = newLabelFingerprint(sim, next['labels']);
  return startWork(call, sim, {
    place,
    type: operationType(kind, 'insert'),
    usual: kind.usual,
    targetId: String(next['id']),
    next,
    ...(quota ? { quota } : {}),
  });
}

function complete(kind: Kind, change: Change): JsonObject {
  const next = kind.complete(change);
  for (const [name, value] of Object.entries(next)) if (value === null || value === undefined) delete next[name];
  if (kind.fingerprint) next['fingerprint'] = newFingerprint(change.sim);
  return next;
}

function without(value: JsonObject, names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name, item]) => !names.includes(name) && item !== null));
}

/** Changes a resource that nothing else is at work on. */
function change(kind: Kind, call: Call, sim: Sim, type: string, wantedOf: (value: JsonObject) => JsonObject): JsonObject {
  return once(call, sim, scopeOf(call, sim).projectId, () => {
    const place = placeOf(kind, call, sim);
    const before = readyValue(sim, place);
    if (kind.fingerprint) checkFingerprint(call.body['fingerprint'], before['fingerprint']);
    const wanted = { ...wantedOf(before), ...pick(before, OWN) };
    wanted['name'] ??= before['name'] as string;
    if (wanted['name'] !== before['name'])
      throw invalidValue('resource.name', wanted['name'], 'The name of a resource cannot be changed.');
    // Labels have a method of their own.
    if (kind.labelFingerprint) Object.assign(wanted, { labels: before['labels'] });
    const next = complete(kind, { call, sim, place, wanted, before });
    return startWork(call, sim, {
      place,
      type: operationType(kind, type),
      usual: kind.usual,
      targetId: String(before['id']),
      next,
    });
  });
}

function remove(kind: Kind, call: Call, sim: Sim): JsonObject {
  const place = placeOf(kind, call, sim);
  const value = readyValue(sim, place);
  const [user] = usersOf(sim, place, kind.mark ? kind.mark(value) : linkOf(place));
  if (user) throw inUse(kind.noun, pathOf(place), pathOf(user));
  return startWork(call, sim, {
    place,
    type: operationType(kind, 'delete'),
    usual: kind.usual,
    targetId: String(value['id']),
  });
}

function setLabels(kind: Kind, call: Call, sim: Sim): JsonObject {
  const place = placeOf(kind, call, sim);
  const value = readyValue(sim, place);
  checkLabelFingerprint(call.body['labelFingerprint'], value['labelFingerprint']);
  const labels = isObject(call.body['labels']) ? call.body['labels'] : {};
  checkLabels(labels);
  const { labels: _before, ...rest } = value;
  const next = {
    ...rest,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    labelFingerprint: newLabelFingerprint(sim, labels),
  };
  return startWork(call, sim, {
    place,
    type: operationType(kind, 'setLabels'),
    usual: 'none',
    targetId: String(value['id']),
    next,
  });
}
