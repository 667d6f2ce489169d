import type { Call, Handler, Json, JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { placeOf } from './compute-collections.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Change, Kind } from './compute-kind.ts';
import { startNothing } from './compute-operations.ts';
import { currentValue } from './compute-records.ts';
import { reference } from './compute-references.ts';
import { isObject } from './masks.ts';

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/urlMaps */
export const urlMaps: Kind = {
  methods: 'urlMaps',
  collection: 'urlMaps',
  type: 'compute#urlMap',
  noun: 'url_map',
  param: 'urlMap',
  aggregated: { type: 'compute#urlMapsAggregatedList' },
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'patch', 'update', 'testIamPermissions'],
  usual: 'none',
  fingerprint: true,
  complete: (change) => {
    const map = linked(change, change.wanted, 'resource') as JsonObject;
    checkDefault(map, 'resource');
    checkHosts(map);
    return completeRedirects(map) as JsonObject;
  },
};

/** Whose values are links to what serves a request. */
const SERVICES = ['defaultService', 'service', 'backendService', 'errorService'];
const SERVING = ['backendServices', 'backendBuckets'];

/** The same with all its links checked and written out. */
function linked(change: Change, node: Json, field: string): Json {
  if (Array.isArray(node)) return node.map((item, place) => linked(change, item, `${field}[${place}]`));
  if (!isObject(node)) return node;
  const entries = Object.entries(node).map(([name, value]) => {
    const at = `${field}.${name}`;
    if (SERVICES.includes(name) && typeof value === 'string')
      return [name, value === '' ? null : reference(change, at, value, SERVING)];
    return [name, linked(change, value, at)];
  });
  return Object.fromEntries(entries) as JsonObject;
}

/** What is done with a request that nothing else fits: one of these. An error policy alone answers all of them with errors. */
function checkDefault(node: JsonObject, field: string): void {
  const { defaultService, defaultUrlRedirect, defaultRouteAction, defaultCustomErrorResponsePolicy } = node;
  const weighted = isObject(defaultRouteAction) && Array.isArray(defaultRouteAction['weightedBackendServices']);
  const ways = [defaultService, defaultUrlRedirect, weighted || undefined].filter((way) => way !== undefined && way !== null);
  if (ways.length > 1)
    throw invalidValue(
      field,
      '',
      'Only one of defaultService, defaultUrlRedirect and defaultRouteAction.weightedBackendServices can be set.',
    );
  if (ways.length === 0 && !defaultCustomErrorResponsePolicy) throw required(`${field}.defaultService`);
  if (defaultUrlRedirect) checkRedirect(defaultUrlRedirect as JsonObject, `${field}.defaultUrlRedirect`);
}

function checkRedirect(redirect: JsonObject, field: string): void {
  if (redirect['pathRedirect'] && redirect['prefixRedirect'])
    throw invalidValue(field, '', 'Only one of pathRedirect and prefixRedirect can be set.');
  const { httpsRedirect, hostRedirect, pathRedirect, prefixRedirect } = redirect;
  if (!httpsRedirect && !hostRedirect && !pathRedirect && !prefixRedirect)
    throw invalidValue(field, '', 'A redirect must change the scheme, the host or the path.');
}

function checkHosts(map: JsonObject): void {
  const matchers = (map['pathMatchers'] ?? []) as JsonObject[];
  const rules = (map['hostRules'] ?? []) as JsonObject[];
  const names = matchers.map((matcher) => String(matcher['name'] ?? ''));
  for (const [place, matcher] of matchers.entries()) {
    if (!matcher['name']) throw required(`resource.pathMatchers[${place}].name`);
    if (names.indexOf(String(matcher['name'])) !== place)
      throw invalidValue(`resource.pathMatchers[${place}].name`, matcher['name'], 'The names of path matchers must be unique.');
    if (!rules.some((rule) => rule['pathMatcher'] === matcher['name']))
      throw invalidValue(
        `resource.pathMatchers[${place}].name`,
        matcher['name'],
        'The path matcher is not used by any host rule.',
      );
    checkDefault(matcher, `resource.pathMatchers[${place}]`);
  }
  const hosts = new Set<string>();
  for (const [place, rule] of rules.entries()) {
    const field = `resource.hostRules[${place}]`;
    if (!names.includes(String(rule['pathMatcher'])))
      throw invalidValue(`${field}.pathMatcher`, rule['pathMatcher'], 'There is no path matcher of this name.');
    const own = (rule['hosts'] ?? []) as string[];
    if (own.length === 0) throw required(`${field}.hosts`);
    for (const host of own) {
      if (hosts.has(host)) throw invalidValue(`${field}.hosts`, host, 'A host can be in one host rule only.');
      hosts.add(host);
    }
  }
}

function completeRedirects(node: Json): Json {
  if (Array.isArray(node)) return node.map(completeRedirects);
  if (!isObject(node)) return node;
  const entries = Object.entries(node).map(([name, value]) => {
    const isRedirect = (name === 'defaultUrlRedirect' || name === 'urlRedirect') && isObject(value);
    const usual = { redirectResponseCode: 'MOVED_PERMANENTLY_DEFAULT', stripQuery: false };
    return [name, isRedirect ? { ...usual, ...value } : completeRedirects(value)];
  });
  return Object.fromEntries(entries) as JsonObject;
}

export const urlMapMethods: Record<string, Handler> = {
  'compute.urlMaps.invalidateCache': (call: Call, sim: Sim) => {
    const place = placeOf(urlMaps, call, sim);
    return startNothing(call, sim, place, 'invalidateCache', String(currentValue(sim, place)['id']));
  },
  /** Says what insert or update would say, and changes nothing. Its tests are not run. */
  'compute.urlMaps.validate': (call: Call, sim: Sim) => {
    const place = placeOf(urlMaps, call, sim);
    const wanted = (call.body['resource'] ?? {}) as JsonObject;
    try {
      urlMaps.complete({ call, sim, place, wanted, before: undefined });
      return { result: { loadSucceeded: true, testPassed: true } };
    } catch (error) {
      if (error instanceof GoogleError) return { result: { loadSucceeded: false, loadErrors: [error.message] } };
      throw error;
    }
  },
};
