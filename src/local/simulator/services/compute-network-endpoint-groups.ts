import type { Handler, JsonObject } from '../service.ts';
import { placeOf } from './compute-collections.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Kind } from './compute-kind.ts';
import { listAnswer } from './compute-lists.ts';
import { pathOf } from './compute-places.ts';
import { currentValue } from './compute-records.ts';

/** What a serverless group may stand for: exactly one of them. */
const PLATFORMS = ['appEngine', 'cloudFunction', 'cloudRun'];
/** Of Cloud Run. */
const SERVICE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/regionNetworkEndpointGroups */
export const networkEndpointGroups: Kind = {
  methods: 'regionNetworkEndpointGroups',
  collection: 'networkEndpointGroups',
  type: 'compute#networkEndpointGroup',
  noun: 'network_endpoint_group',
  param: 'networkEndpointGroup',
  aggregated: { methods: 'networkEndpointGroups' },
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete'],
  usual: 'compute.resources',
  operationPrefix: 'compute.regionNetworkEndpointGroups.',
  complete: ({ wanted }) => {
    if (wanted['networkEndpointType'] === undefined) throw required('resource.networkEndpointType');
    const platforms = PLATFORMS.filter((name) => wanted[name] !== undefined);
    if (wanted['networkEndpointType'] === 'SERVERLESS') checkServerless(wanted, platforms);
    else if (platforms.length > 0)
      throw invalidValue(
        `resource.${platforms[0]}`,
        wanted[String(platforms[0])],
        'Only a network endpoint group of type SERVERLESS has it.',
      );
    return { ...wanted, size: 0 };
  },
};

function checkServerless(wanted: JsonObject, platforms: string[]): void {
  if (platforms.length === 0 && wanted['pscTargetService'] === undefined) throw required('resource.cloudRun');
  if (platforms.length > 1)
    throw invalidValue('resource', platforms.join(', '), 'Only one of appEngine, cloudFunction and cloudRun can be set.');
  for (const name of ['network', 'subnetwork', 'defaultPort']) {
    if (wanted[name] !== undefined)
      throw invalidValue(
        `resource.${name}`,
        wanted[name],
        'It is not supported for a network endpoint group of type SERVERLESS.',
      );
  }
  const run = wanted['cloudRun'] as JsonObject | undefined;
  if (!run) return;
  const { service, urlMask, tag } = run;
  if (!service && !urlMask) throw required('resource.cloudRun.service');
  if (service && urlMask)
    throw invalidValue('resource.cloudRun', 'service, urlMask', 'Only one of service and urlMask can be set.');
  if (service && !SERVICE_NAME.test(String(service)))
    throw invalidValue('resource.cloudRun.service', service, 'Must be the name of a Cloud Run service in the same region.');
  if (tag && !SERVICE_NAME.test(String(tag))) throw invalidValue('resource.cloudRun.tag', tag, 'Must be the tag of a revision.');
}

/** Serverless groups have no endpoints of their own. */
export const networkEndpointGroupMethods: Record<string, Handler> = {
  'compute.regionNetworkEndpointGroups.listNetworkEndpoints': (call, sim) => {
    const place = placeOf(networkEndpointGroups, call, sim);
    currentValue(sim, place);
    return listAnswer(call, 'compute#networkEndpointGroupsListNetworkEndpoints', pathOf(place), [], false);
  },
};
