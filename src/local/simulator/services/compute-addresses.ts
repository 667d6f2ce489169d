import { isIP } from 'node:net';
import type { JsonObject, Sim } from '../service.ts';
import { freeAddress, freeInternalRange, isOfPool, POOL_SIZE, takenAddresses } from './compute-address-pool.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Change, Kind } from './compute-kind.ts';
import { linkOf, type Place } from './compute-places.ts';
import { listRecords, usersOf } from './compute-records.ts';
import { reference } from './compute-references.ts';

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/globalAddresses */
export const addresses: Kind = {
  methods: 'globalAddresses',
  collection: 'addresses',
  type: 'compute#address',
  noun: 'address',
  param: 'address',
  aggregated: { methods: 'addresses' },
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete', 'setLabels', 'testIamPermissions'],
  usual: 'compute.resources',
  labelFingerprint: true,
  exceeds: ({ sim, wanted }) =>
    wanted['addressType'] !== 'INTERNAL' && wanted['address'] === undefined && freeAddress(sim, version(wanted)) === undefined
      ? { metric: 'STATIC_ADDRESSES', limit: POOL_SIZE }
      : undefined,
  complete: (change) => {
    const { wanted } = change;
    if (wanted['addressType'] === 'INTERNAL') return completeInternal(change);
    const { networkTier, prefixLength, purpose } = wanted;
    if (networkTier !== undefined && networkTier !== 'PREMIUM')
      throw invalidValue('resource.networkTier', networkTier, 'Global addresses are of the PREMIUM network tier.');
    if (prefixLength !== undefined)
      throw invalidValue('resource.prefixLength', prefixLength, 'An external address has no prefix length.');
    if (purpose !== undefined) throw invalidValue('resource.purpose', purpose, 'An external address has no purpose.');
    return {
      description: '',
      ipVersion: 'IPV4',
      ...wanted,
      address: externalAddress(change),
      addressType: 'EXTERNAL',
      networkTier: 'PREMIUM',
    };
  },
  show,
  mark: (value) => String(value['address']),
};

function version(wanted: JsonObject): 'IPV4' | 'IPV6' {
  return wanted['ipVersion'] === 'IPV6' ? 'IPV6' : 'IPV4';
}

function externalAddress({ sim, wanted, place }: Change): string {
  const { address } = wanted;
  if (address === undefined) return String(freeAddress(sim, version(wanted)));
  if (isIP(String(address)) === 0) throw invalidValue('resource.address', address, 'Must be a valid IP address.');
  const reserved = listRecords(sim, place.projectId, 'addresses').some(({ record }) =>
    [record.value?.['address'], record.next?.['address']].includes(address),
  );
  if (reserved) throw invalidValue('resource.address', address, 'The specified address is already reserved.');
  // One that is in use and not reserved yet can be kept; of an address from elsewhere nothing is known.
  if (isOfPool(String(address)) && !takenAddresses(sim).has(String(address)))
    throw invalidValue(
      'resource.address',
      address,
      'Specified IP address is not allocated to the project or does not belong to the specified scope.',
    );
  return String(address);
}

/** A range that is kept for the network of a service's producer, or an endpoint of Private Service Connect. */
function completeInternal(change: Change): JsonObject {
  const { sim, wanted, place } = change;
  const { purpose, prefixLength, address } = wanted;
  if (purpose !== 'VPC_PEERING' && purpose !== 'PRIVATE_SERVICE_CONNECT')
    throw invalidValue('resource.purpose', purpose, 'A global internal address is for VPC_PEERING or PRIVATE_SERVICE_CONNECT.');
  const network = reference(change, 'resource.network', wanted['network'], ['networks']);
  if (purpose === 'VPC_PEERING' && prefixLength === undefined) throw required('resource.prefixLength');
  if (prefixLength !== undefined && (Number(prefixLength) < 8 || Number(prefixLength) > 29))
    throw invalidValue('resource.prefixLength', prefixLength, 'Must be between 8 and 29.');
  if (purpose === 'PRIVATE_SERVICE_CONNECT' && address === undefined) throw required('resource.address');
  const start = address ?? freeInternalRange(sim, place.projectId, Number(prefixLength));
  if (start === undefined) throw invalidValue('resource.prefixLength', prefixLength, 'No free range of this size is left.');
  return { description: '', ...wanted, network, address: start };
}

function show(sim: Sim, place: Place, value: JsonObject): JsonObject {
  const users = usersOf(sim, place, String(value['address'])).map(linkOf);
  return { ...value, status: users.length > 0 ? 'IN_USE' : 'RESERVED', ...(users.length > 0 ? { users } : {}) };
}
