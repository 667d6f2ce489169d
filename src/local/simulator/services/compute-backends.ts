import type { JsonObject } from '../service.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Change } from './compute-kind.ts';
import { parseLink } from './compute-places.ts';
import { reference, referred } from './compute-references.ts';

/** What says how much a backend can take: nothing that a serverless one has. */
const CAPACITIES = [
  'maxUtilization',
  'maxRate',
  'maxRatePerEndpoint',
  'maxRatePerInstance',
  'maxConnections',
  'maxConnectionsPerEndpoint',
  'maxConnectionsPerInstance',
];
/** What a backend service is given by its creation, and clients send back unasked. */
const USUAL_TIMEOUT = 30;
const USUAL_PORT_NAMES = ['http', 'https'];

/** Whether a link is to a group of a region: zonal groups and instance groups are not simulated. */
export function isServerless(link: string, projectId: string): boolean {
  const place = parseLink(link, projectId);
  return place?.collection === 'networkEndpointGroups' && place.scope !== 'global';
}

/**
 * The backends of a backend service, written out, with what serverless ones rule out.
 * https://docs.cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts#limitations
 * @throws GoogleError 400, 404
 */
export function checkBackends(change: Change): JsonObject[] {
  const { wanted, place } = change;
  const sent = (wanted['backends'] ?? []) as JsonObject[];
  const backends = sent.map((backend, index) => {
    const field = `resource.backends[${index}]`;
    const group = String(backend['group'] ?? '');
    if (group === '') throw required(`${field}.group`);
    // Zonal groups: taken as they are.
    if (!isServerless(group, place.projectId)) return backend;
    const link = reference(change, `${field}.group`, group, ['networkEndpointGroups']);
    const serverless = referred(change, link)?.['networkEndpointType'] === 'SERVERLESS';
    return serverless ? serverlessBackend({ ...backend, group: link }, field) : { ...backend, group: link };
  });
  const groups = backends.map((backend) => String(backend['group']));
  const twice = groups.findIndex((group, index) => groups.indexOf(group) !== index);
  if (twice >= 0)
    throw invalidValue(`resource.backends[${twice}].group`, groups[twice], 'Duplicate backend groups in backend service.');
  const serverless = groups.filter((group) => referredType(change, group) === 'SERVERLESS');
  if (serverless.length > 0) checkServerless(change, groups, serverless);
  return backends;
}

function referredType(change: Change, group: string): unknown {
  return isServerless(group, change.place.projectId) ? referred(change, group)?.['networkEndpointType'] : undefined;
}

function serverlessBackend(backend: JsonObject, field: string): JsonObject {
  const capacity = CAPACITIES.find((name) => backend[name] !== undefined && backend[name] !== 0);
  if (capacity)
    throw invalidValue(
      `${field}.${capacity}`,
      String(backend[capacity]),
      'It is not supported for a backend with Serverless network endpoint groups.',
    );
  const mode = backend['balancingMode'] ?? 'UTILIZATION';
  if (mode !== 'UTILIZATION')
    throw invalidValue(
      `${field}.balancingMode`,
      mode,
      'It is not supported for a backend with Serverless network endpoint groups.',
    );
  return { capacityScaler: 1, ...backend, balancingMode: mode };
}

function checkServerless({ wanted }: Change, groups: string[], serverless: string[]): void {
  const other = groups.find((group) => !serverless.includes(group));
  if (other)
    throw invalidValue('resource.backends', other, 'Serverless network endpoint groups cannot be mixed with other backends.');
  const regions = serverless.map((group) => /\/regions\/([^/]+)\//.exec(group)?.[1]);
  const twice = regions.find((region, index) => regions.indexOf(region) !== index);
  if (twice)
    throw invalidValue(
      'resource.backends',
      twice,
      'A backend service can have only one Serverless network endpoint group in a region.',
    );
  const { timeoutSec, healthChecks, portName } = wanted;
  if (timeoutSec !== undefined && timeoutSec !== null && timeoutSec !== USUAL_TIMEOUT)
    throw unsupported('timeoutSec', String(timeoutSec), 'Timeout sec');
  if (portName && !USUAL_PORT_NAMES.includes(String(portName))) throw unsupported('portName', String(portName), 'Port name');
  if (Array.isArray(healthChecks) && healthChecks.length > 0)
    throw invalidValue(
      'resource.healthChecks[0]',
      healthChecks[0],
      'A backend service cannot have a healthcheck with Serverless network endpoint group backends.',
    );
}

function unsupported(field: string, value: string, title: string) {
  return invalidValue(
    `resource.${field}`,
    value,
    `${title} is not supported for a backend service with Serverless network endpoint groups.`,
  );
}
