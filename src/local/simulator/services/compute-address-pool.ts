import { isIPv4 } from 'node:net';
import type { Sim } from '../service.ts';
import { listRecords } from './compute-records.ts';

/** Ranges for documentation: no packet to them ever reaches anybody. https://www.rfc-editor.org/rfc/rfc5737 */
const RANGES = ['203.0.113', '198.51.100', '192.0.2'];
const LAST = 254;
/** How many addresses there are to give. */
export const POOL_SIZE = RANGES.length * LAST;
/** For documentation too. https://www.rfc-editor.org/rfc/rfc3849 */
const RANGE_V6 = '2001:db8:0:';

/** Whether an address is of those that are given out here. Of all others nothing is known. */
export function isOfPool(address: string): boolean {
  return isIPv4(address) ? RANGES.some((range) => address.startsWith(`${range}.`)) : address.startsWith(RANGE_V6);
}

/** The IP addresses that are reserved or in use, in all projects: an address belongs to one of them. */
export function takenAddresses(sim: Sim): Set<string> {
  const values = ['addresses', 'forwardingRules'].flatMap((collection) =>
    listRecords(sim, undefined, collection).flatMap(({ record }) => [record.value, record.next]),
  );
  return new Set(values.flatMap((value) => [value?.['address'], value?.['IPAddress']]).map(String));
}

/** An address that nobody has; undefined when all are taken. */
export function freeAddress(sim: Sim, version: 'IPV4' | 'IPV6'): string | undefined {
  const taken = takenAddresses(sim);
  if (version === 'IPV6') {
    for (let number = 1; ; number++)
      if (!taken.has(`${RANGE_V6}${number.toString(16)}::`)) return `${RANGE_V6}${number.toString(16)}::`;
  }
  for (const range of RANGES) {
    for (let last = 1; last <= LAST; last++) if (!taken.has(`${range}.${last}`)) return `${range}.${last}`;
  }
  return undefined;
}

/** The next block of 10.0.0.0/8 that no other reservation overlaps. @param prefixLength 8 to 29 */
export function freeInternalRange(sim: Sim, projectId: string, prefixLength: number): string | undefined {
  const size = 2 ** (32 - prefixLength);
  const taken = listRecords(sim, projectId, 'addresses').flatMap(({ record }) => {
    const value = record.value ?? record.next;
    const start = numberOf(String(value?.['address']));
    return value?.['addressType'] === 'INTERNAL'
      ? [[start, start + 2 ** (32 - Number(value['prefixLength'] ?? 32))] as const]
      : [];
  });
  const [first, end] = [numberOf('10.0.0.0'), numberOf('11.0.0.0')];
  for (let start = first; start + size <= end; start += size) {
    if (taken.every(([from, to]) => start + size <= from || start >= to)) return textOf(start);
  }
  return undefined;
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
