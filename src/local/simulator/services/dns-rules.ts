import { isIPv4, isIPv6 } from 'node:net';
import type { JsonObject } from '../service.ts';
import { GoogleError } from '../service.ts';
import type { RecordSet, ZoneRecord } from './dns-records.ts';

const TYPES = 'A AAAA ALIAS CAA CNAME DNSKEY DS HTTPS IPSECKEY MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT'.split(' ');
const HOST = '(?:\\*\\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\\.)+';
const FULL_NAME = new RegExp(`^${HOST}$`, 'i');
const MOST_NAME = 254;

/** How one datum of these types is written; other types take any text. */
const DATA: Record<string, (text: string) => boolean> = {
  A: isIPv4,
  AAAA: isIPv6,
  CNAME: isFullName,
  NS: isFullName,
  PTR: isFullName,
  MX: (text) => new RegExp(`^\\d{1,5} (?:\\.|${HOST})$`, 'i').test(text),
  SRV: (text) => new RegExp(`^\\d{1,5} \\d{1,5} \\d{1,5} (?:\\.|${HOST})$`, 'i').test(text),
  SOA: (text) => new RegExp(`^${HOST} ${HOST} \\d+ \\d+ \\d+ \\d+ \\d+$`, 'i').test(text),
  TXT: (text) => text !== '' && text.length <= 4096,
  CAA: (text) => /^\d{1,3} [a-z0-9]+ \S+/i.test(text),
};

/** A name that ends with a dot, as every name in Cloud DNS does. */
export function isFullName(name: string): boolean {
  return name.length <= MOST_NAME && FULL_NAME.test(name);
}

export function missing(field: string): GoogleError {
  return new GoogleError({ code: 400, message: `The '${field}' parameter is required but was missing.`, reason: 'required' });
}

export function invalidValue(field: string, value: unknown): GoogleError {
  return new GoogleError({ code: 400, message: `Invalid value for '${field}': '${String(value)}'`, reason: 'invalid' });
}

/** The record set that a client sent. @param at how messages speak of it. @throws GoogleError 400 */
export function readSet(zone: ZoneRecord, sent: JsonObject, at: string): RecordSet {
  const { name, type, ttl, rrdatas, routingPolicy } = sent;
  if (typeof name !== 'string' || name === '') throw missing(`${at}.name`);
  if (typeof type !== 'string' || type === '') throw missing(`${at}.type`);
  if (typeof ttl !== 'number' && type !== 'ALIAS') throw missing(`${at}.ttl`);
  if (!isFullName(name) || !`.${name.toLowerCase()}`.endsWith(`.${zone.dnsName}`)) throw invalidValue(`${at}.name`, name);
  if (!TYPES.includes(type)) throw invalidValue(`${at}.type`, type);
  if (Number(ttl ?? 0) < 0) throw invalidValue(`${at}.ttl`, ttl);
  const data = (rrdatas ?? []) as string[];
  if (data.length === 0 && !routingPolicy) throw missing(`${at}.rrdata`);
  const wrong = data.findIndex((text) => !(DATA[type]?.(text) ?? text !== ''));
  if (wrong >= 0) throw invalidValue(`${at}.rrdata[${wrong}]`, data[wrong]);
  const twice = data.find((text, place) => data.indexOf(text) !== place);
  if (twice !== undefined) throw invalidValue(`${at}.rrdata`, twice);
  if (data.length > 1 && ['CNAME', 'SOA', 'ALIAS'].includes(type)) {
    throw invalidSet(at, 'invalidRecordCount', `because a record set of type '${type}' must contain exactly one record.`);
  }
  checkApex(zone, name, type, at);
  return {
    name,
    type,
    ttl: Number(ttl ?? 0),
    rrdatas: data,
    ...(routingPolicy ? { routingPolicy: routingPolicy as JsonObject } : {}),
  };
}

function checkApex(zone: ZoneRecord, name: string, type: string, at: string): void {
  const apex = name.toLowerCase() === zone.dnsName;
  if (type === 'SOA' && !apex) {
    throw invalidSet(
      at,
      'invalidZoneApex',
      `because the DNS name '${name}' may not have a resource record set of the type 'SOA'.`,
    );
  }
  if (type === 'CNAME' && apex) {
    throw invalidSet(
      at,
      'cnameResourceRecordSetConflict',
      `because the DNS name '${name}' may have either one CNAME resource record set or resource record sets of other types, but not both.`,
    );
  }
}

/** Refuses a zone that would have a CNAME beside another record of the same name. @param sets those of this name after the change */
export function checkCname(sets: RecordSet[], at: string): void {
  const cname = sets.find((set) => set.type === 'CNAME');
  if (!cname || sets.length === 1) return;
  throw invalidSet(
    at,
    'cnameResourceRecordSetConflict',
    `because the DNS name '${cname.name}' may have either one CNAME resource record set or resource record sets of other types, but not both.`,
  );
}

/** Refuses to take away what a zone cannot be without: NS and SOA of its own name. */
export function checkStays(zone: ZoneRecord, set: Pick<RecordSet, 'name' | 'type'>, at: string): void {
  if (set.name.toLowerCase() !== zone.dnsName || !['NS', 'SOA'].includes(set.type)) return;
  throw invalidSet(
    at,
    'invalidZoneApex',
    `because a zone must contain exactly one resource record set of type '${set.type}' at the apex.`,
  );
}

/** Whether two sets are the same: name, type, lifetime and all data, in whatever order. */
export function sameSet(one: RecordSet, other: RecordSet): boolean {
  const plain = (set: RecordSet) => JSON.stringify([set.ttl, [...set.rrdatas].sort(), set.routingPolicy ?? null]);
  return plain(one) === plain(other);
}

function invalidSet(at: string, reason: string, why: string): GoogleError {
  return new GoogleError({ code: 400, message: `The resource record set '${at}' is invalid ${why}`, reason });
}
