import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { checkBackends, isServerless } from './compute-backends.ts';
import { placeOf } from './compute-collections.ts';
import { invalidValue } from './compute-errors.ts';
import { completeIap } from './compute-iap.ts';
import type { Change, Kind } from './compute-kind.ts';
import { linkOf, type Place, parseLink } from './compute-places.ts';
import { currentValue, usersOf } from './compute-records.ts';
import { reference, referred } from './compute-references.ts';

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/backendServices */
export const backendServices: Kind = {
  methods: 'backendServices',
  collection: 'backendServices',
  type: 'compute#backendService',
  noun: 'backend_service',
  param: 'backendService',
  has: [
    'get',
    'insert',
    'list',
    'aggregatedList',
    'delete',
    'patch',
    'update',
    'getIamPolicy',
    'setIamPolicy',
    'testIamPermissions',
  ],
  usual: 'compute.resources',
  fingerprint: true,
  complete,
  show: (sim: Sim, place: Place, value: JsonObject) => {
    const users = usersOf(sim, place, linkOf(place)).map((user) => ({ reference: linkOf(user) }));
    return { ...value, ...(users.length > 0 ? { usedBy: users } : {}) };
  },
  actions: {
    setSecurityPolicy: {
      change: (value, call) => ({ ...value, securityPolicy: call.body['securityPolicy'] || null }),
    },
    setEdgeSecurityPolicy: {
      change: (value, call) => ({ ...value, edgeSecurityPolicy: call.body['securityPolicy'] || null }),
    },
  },
};

const SCHEME_FIXED = 'The load balancing scheme of a backend service cannot be changed.';

function complete(change: Change): JsonObject {
  const { wanted, before } = change;
  const scheme = String(wanted['loadBalancingScheme'] ?? 'EXTERNAL');
  if (before && scheme !== before['loadBalancingScheme'])
    throw invalidValue('resource.loadBalancingScheme', scheme, SCHEME_FIXED);
  const protocol = String(wanted['protocol'] ?? 'HTTP');
  const backends = checkBackends(change);
  const healthChecks = ((wanted['healthChecks'] ?? []) as string[]).map((check, place) =>
    reference(change, `resource.healthChecks[${place}]`, check, ['healthChecks', 'httpHealthChecks', 'httpsHealthChecks']),
  );
  return {
    affinityCookieTtlSec: 0,
    connectionDraining: { drainingTimeoutSec: 0 },
    description: '',
    enableCDN: false,
    port: protocol === 'HTTPS' || protocol === 'HTTP2' ? 443 : 80,
    portName: protocol === 'HTTPS' || protocol === 'HTTP2' ? 'https' : 'http',
    sessionAffinity: 'NONE',
    timeoutSec: 30,
    ...wanted,
    ...(backends.length > 0 ? { backends } : { backends: null }),
    ...(healthChecks.length > 0 ? { healthChecks } : { healthChecks: null }),
    ...completeIap(wanted['iap'], before?.['iap']),
    ...completeLog(wanted['logConfig']),
    ...securityOf(change),
    loadBalancingScheme: scheme,
    protocol,
  };
}

/** On insert, patch and update the policies are output only; they have methods of their own. */
function securityOf(change: Change): JsonObject {
  const { wanted, before, call } = change;
  const from = call.method.endsWith('SecurityPolicy') ? wanted : (before ?? {});
  const result: JsonObject = {};
  for (const [field, type] of [
    ['securityPolicy', 'CLOUD_ARMOR'],
    ['edgeSecurityPolicy', 'CLOUD_ARMOR_EDGE'],
  ] as const) {
    const link = from[field] ? reference(change, 'securityPolicy', from[field], ['securityPolicies']) : null;
    if (link && referred(change, link)?.['type'] !== type)
      throw invalidValue('securityPolicy', link, `Only a security policy of type ${type} can be set here.`);
    result[field] = link;
  }
  return result;
}

function completeLog(sent: unknown): JsonObject {
  if (typeof sent !== 'object' || sent === null) return {};
  const config = sent as JsonObject;
  const rate = config['sampleRate'];
  if (rate !== undefined && (Number(rate) < 0 || Number(rate) > 1))
    throw invalidValue('resource.logConfig.sampleRate', String(rate), 'Must be between 0.0 and 1.0.');
  const enabled = config['enable'] === true;
  if (!enabled && Number(rate ?? 0) > 0)
    throw invalidValue(
      'resource.logConfig.sampleRate',
      String(rate),
      'Can only be set if logging is enabled for this backend service.',
    );
  return {
    logConfig: {
      ...config,
      enable: enabled,
      ...(enabled ? { sampleRate: rate ?? 1, optionalMode: config['optionalMode'] ?? 'EXCLUDE_ALL_OPTIONAL' } : {}),
    },
  };
}

export const backendServiceMethods: Record<string, Handler> = {
  /** Of a serverless group nothing is told: it has no health checks. */
  'compute.backendServices.getHealth': (call: Call, sim: Sim) => {
    const place = placeOf(backendServices, call, sim);
    const backends = (currentValue(sim, place)['backends'] ?? []) as JsonObject[];
    const group = String(call.body['group'] ?? '');
    const asked = parseLink(group, place.projectId);
    const link = asked && isServerless(group, place.projectId) ? linkOf(asked) : group;
    if (!backends.some((backend) => backend['group'] === link))
      throw invalidValue('group', group, 'The group is not a backend of this backend service.');
    return { kind: 'compute#backendServiceGroupHealth' };
  },
};
