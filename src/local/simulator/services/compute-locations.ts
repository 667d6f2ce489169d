import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { notFound } from './compute-errors.ts';
import { listAnswer } from './compute-lists.ts';
import { linkTo } from './compute-places.ts';
import { listRecords } from './compute-records.ts';
import { isRegion, regions } from './regions.ts';

const CREATED = '2014-05-30T18:35:16.514-07:00';
/** https://docs.cloud.google.com/load-balancing/docs/quotas and https://docs.cloud.google.com/armor/quotas: what new projects have. */
const QUOTAS: Array<[metric: string, limit: number, collection: string]> = [
  ['BACKEND_SERVICES', 50, 'backendServices'],
  ['FORWARDING_RULES', 45, 'forwardingRules'],
  ['NETWORK_ENDPOINT_GROUPS', 100, 'networkEndpointGroups'],
  ['SECURITY_POLICIES', 10, 'securityPolicies'],
  ['SSL_CERTIFICATES', 30, 'sslCertificates'],
  ['SSL_POLICIES', 10, 'sslPolicies'],
  ['STATIC_ADDRESSES', 8, 'addresses'],
  ['TARGET_HTTPS_PROXIES', 30, 'targetHttpsProxies'],
  ['TARGET_HTTP_PROXIES', 30, 'targetHttpProxies'],
  ['URL_MAPS', 30, 'urlMaps'],
];

/** What is there without being made: the project and the regions. */
export const locationMethods: Record<string, Handler> = {
  'compute.projects.get': (call, sim) => {
    const { projectId, projectNumber } = sim.findProject(String(call.params['project']));
    return {
      kind: 'compute#project',
      id: projectNumber,
      creationTimestamp: CREATED,
      name: projectId,
      commonInstanceMetadata: { kind: 'compute#metadata', fingerprint: 'nFCi5fMgm1I=' },
      // Quotas are shown and not enforced.
      quotas: QUOTAS.map(([metric, limit, collection]) => ({
        metric,
        limit,
        usage: listRecords(sim, projectId, collection).length,
      })),
      selfLink: linkTo(`projects/${projectId}`),
      defaultServiceAccount: `${projectNumber}-compute@developer.gserviceaccount.com`,
      xpnProjectStatus: 'UNSPECIFIED_XPN_PROJECT_STATUS',
      defaultNetworkTier: 'PREMIUM',
      vmDnsSetting: 'ZONAL_ONLY',
      cloudArmorTier: 'CA_STANDARD',
    };
  },
  'compute.regions.get': (call, sim) => {
    const projectId = projectOf(call, sim);
    const name = String(call.params['region']);
    if (!isRegion(name)) throw notFound(`projects/${projectId}/regions/${name}`);
    return regionOf(projectId, name);
  },
  'compute.regions.list': (call, sim) => {
    const projectId = projectOf(call, sim);
    const all = regions.map((name) => regionOf(projectId, name));
    return listAnswer(call, 'compute#regionList', `projects/${projectId}/regions`, all);
  },
};

function projectOf(call: Call, sim: Sim): string {
  return sim.findProject(String(call.params['project'])).projectId;
}

function regionOf(projectId: string, name: string): JsonObject {
  const path = `projects/${projectId}/regions/${name}`;
  return {
    kind: 'compute#region',
    id: String(1000 + 10 * regions.indexOf(name)),
    creationTimestamp: CREATED,
    name,
    description: name,
    status: 'UP',
    zones: ['a', 'b', 'c'].map((letter) => linkTo(`projects/${projectId}/zones/${name}-${letter}`)),
    selfLink: linkTo(path),
    supportsPzs: false,
  };
}
