import type { Sim } from '../service.ts';
import { findSet, publicZones, type RecordSet } from './dns-records.ts';

const MOST_HOPS = 8;

/**
 * The IPv4 addresses that the simulated DNS has for a domain, aliases followed; empty where it has none.
 * @param domain with or without the dot at its end
 */
export function resolveA(sim: Sim, domain: string): string[] {
  let name = fullName(domain);
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const alias = lookUp(sim, name, 'CNAME')?.rrdatas[0];
    if (alias === undefined) return lookUp(sim, name, 'A')?.rrdatas ?? [];
    name = fullName(alias);
  }
  return [];
}

/** What a domain is an alias of, with the dot at its end; undefined where it is none. */
export function resolveCname(sim: Sim, domain: string): string | undefined {
  return lookUp(sim, fullName(domain), 'CNAME')?.rrdatas[0];
}

/** As a name server answers: the zone with the longest fitting name decides, a wildcard stands for names that have nothing of their own. */
function lookUp(sim: Sim, name: string, type: string): RecordSet | undefined {
  const zone = publicZones(sim).find(({ dnsName }) => `.${name}`.endsWith(`.${dnsName}`));
  if (!zone) return undefined;
  const own = findSet(sim, zone, name, type);
  if (own) return own;
  for (let parent = name; parent !== zone.dnsName; ) {
    parent = parent.replace(/^[^.]+\./, '');
    const wild = findSet(sim, zone, `*.${parent}`, type);
    if (wild) return wild;
  }
  return undefined;
}

function fullName(domain: string): string {
  return `${domain.toLowerCase().replace(/\.$/, '')}.`;
}
