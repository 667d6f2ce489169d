import { isIP } from 'node:net';
import type { JsonObject } from '../service.ts';
import { freeAddress, isOfPool, POOL_SIZE, takenAddresses } from './compute-address-pool.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Change, Kind } from './compute-kind.ts';
import { linkOf, NAME } from './compute-places.ts';
import { currentValue, listRecords } from './compute-records.ts';
import { placeOfLink, reference, referred } from './compute-references.ts';
import { checkLoadBalancer } from './orgpolicy-checks.ts';

const PROXIES = ['targetHttpProxies', 'targetHttpsProxies'];
/** Kinds of targets that are not simulated. */
const OTHER_TARGETS = ['targetGrpcProxies', 'targetSslProxies', 'targetTcpProxies', 'serviceAttachments'];
/** What stays as it was made; the target has a method of its own. */
const FIXED = ['IPAddress', 'IPProtocol', 'ipVersion', 'loadBalancingScheme', 'portRange', 'networkTier'];

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/globalForwardingRules */
export const forwardingRules: Kind = {
  methods: 'globalForwardingRules',
  collection: 'forwardingRules',
  type: 'compute#forwardingRule',
  noun: 'forwarding_rule',
  param: 'forwardingRule',
  aggregated: { methods: 'forwardingRules' },
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'patch', 'setLabels'],
  usual: 'compute.forwardingRules',
  fingerprint: true,
  labelFingerprint: true,
  exceeds: ({ sim, wanted }) =>
    !wanted['IPAddress'] && freeAddress(sim, wanted['ipVersion'] === 'IPV6' ? 'IPV6' : 'IPV4') === undefined
      ? { metric: 'GLOBAL_EXTERNAL_MANAGED_FORWARDING_RULES', limit: POOL_SIZE }
      : undefined,
  complete,
  actions: {
    setTarget: { operationType: 'SetTarget', change: (value, call) => ({ ...value, target: call.body['target'] ?? null }) },
  },
};

function complete(change: Change): JsonObject {
  const { wanted, before } = change;
  if (!before) checkLoadBalancer(change.sim, change.place.projectId, String(wanted['loadBalancingScheme'] ?? 'EXTERNAL'));
  const target = targetOf(change);
  if (before) {
    const fixed = FIXED.find((name) => wanted[name] !== before[name]);
    if (fixed) throw invalidValue(`resource.${fixed}`, wanted[fixed], 'It cannot be changed.');
    return { ...wanted, target };
  }
  // The labels of a forwarding rule are set by `setLabels` alone.
  const { labels: _later, ...rest } = wanted;
  const protocol = String(wanted['IPProtocol'] ?? 'TCP');
  const portRange = portsOf(wanted, target);
  const address = addressOf(change);
  const rule = { ...rest, IPAddress: address, IPProtocol: protocol, ...(portRange ? { portRange } : {}) };
  checkFree(change, rule);
  if (wanted['networkTier'] !== undefined && wanted['networkTier'] !== 'PREMIUM')
    throw invalidValue('resource.networkTier', wanted['networkTier'], 'Global forwarding rules are of the PREMIUM network tier.');
  return {
    description: '',
    ...rule,
    loadBalancingScheme: wanted['loadBalancingScheme'] ?? 'EXTERNAL',
    networkTier: 'PREMIUM',
    target,
  };
}

function targetOf(change: Change): string {
  const { wanted } = change;
  const value = wanted['target'];
  // Bundles of Google's own APIs, behind Private Service Connect.
  if (typeof value === 'string' && NAME.test(value)) return value;
  const target = reference(change, 'resource.target', value, [...PROXIES, ...OTHER_TARGETS]);
  const scheme = wanted['loadBalancingScheme'] ?? 'EXTERNAL';
  const urlMap = referred(change, target)?.['urlMap'];
  const service = typeof urlMap === 'string' ? referred(change, urlMap)?.['defaultService'] : undefined;
  const behind = typeof service === 'string' ? referred(change, service)?.['loadBalancingScheme'] : undefined;
  if (behind !== undefined && behind !== scheme)
    throw invalidValue(
      'resource.loadBalancingScheme',
      scheme,
      `The backend service behind the target has the load balancing scheme ${behind}.`,
    );
  return target;
}

function portsOf(wanted: JsonObject, target: string): string | undefined {
  const sent = wanted['portRange'] ?? (wanted['ports'] as string[] | undefined)?.[0];
  const isProxy = PROXIES.some((collection) => target.includes(`/${collection}/`));
  if (sent === undefined || sent === '') {
    if (isProxy) throw required('resource.portRange');
    return undefined;
  }
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(sent)) ?? [];
  if (first === undefined || Number(first) < 1 || Number(last) > 65_535 || Number(first) > Number(last))
    throw invalidValue('resource.portRange', sent, 'Must be a port or a range of ports.');
  if (isProxy && first !== last) throw invalidValue('resource.portRange', sent, 'A target proxy for HTTP takes one port.');
  return `${first}-${last}`;
}

/** The IP address of a new rule: that of a reserved one, one as given, or one that is free. */
function addressOf(change: Change): string {
  const { wanted, sim, place } = change;
  const sent = String(wanted['IPAddress'] ?? '');
  if (sent === '') return String(freeAddress(sim, wanted['ipVersion'] === 'IPV6' ? 'IPV6' : 'IPV4'));
  if (isIP(sent.replace(/\/\d+$/, '')) === 0) {
    const link = NAME.test(sent) ? linkOf({ ...place, collection: 'addresses', name: sent }) : sent;
    reference(change, 'resource.IPAddress', link, ['addresses']);
    return String(currentValue(sim, placeOfLink(change, 'resource.IPAddress', link, ['addresses']))['address']);
  }
  // Of an address that was not given out here nothing is known.
  const own = ['addresses', 'forwardingRules'].some((collection) =>
    listRecords(sim, place.projectId, collection).some(
      // Neither one that is being given back.
      ({ record }) => !record.deleting && (record.value?.['address'] === sent || record.value?.['IPAddress'] === sent),
    ),
  );
  if (!own && (isOfPool(sent) || takenAddresses(sim).has(sent)))
    throw invalidValue(
      'resource.IPAddress',
      sent,
      'Specified IP address is not allocated to the project or does not belong to the specified scope.',
    );
  return sent;
}

function checkFree({ sim, place }: Change, rule: JsonObject): void {
  const conflict = listRecords(sim, place.projectId, 'forwardingRules').some(({ record }) => {
    const other = record.value ?? record.next;
    return (
      other?.['IPAddress'] === rule['IPAddress'] &&
      other?.['IPProtocol'] === rule['IPProtocol'] &&
      overlap(other?.['portRange'], rule['portRange'])
    );
  });
  if (conflict)
    throw invalidValue('resource.IPAddress', rule['IPAddress'], 'Specified IP address is in-use and would result in a conflict.');
}

function overlap(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return true;
  const [first = 0, last = 0] = one.split('-').map(Number);
  const [from = 0, to = 0] = other.split('-').map(Number);
  return first <= to && from <= last;
}
