import type { Json, JsonObject, Sim } from '../service.ts';
import { linkOf, type Place, pacificTime } from './compute-places.ts';
import { findRecord, listRecords, saveRecord } from './compute-records.ts';
import { resolveA } from './dns-resolve.ts';

const DAYS_VALID = 90;
const DAY_MS = 86_400_000;

/** What was seen of a managed certificate: since when all its domains lead to its load balancer, and since when it is there. */
interface Life {
  visibleSince?: string;
  activeSince?: string;
}

/**
 * A certificate as it is shown. Google makes a managed one once it is at a target proxy that a forwarding rule for port 443 leads to, and
 * each of its domains resolves to that rule's address; until then it tries again and again. What is found out is kept with the record.
 * https://docs.cloud.google.com/load-balancing/docs/ssl-certificates/google-managed-certs#managed-certificate-status
 */
export function showLife(sim: Sim, place: Place, value: JsonObject): JsonObject {
  if (value['type'] !== 'MANAGED') return value;
  const domains = ((value['managed'] as JsonObject)['domains'] ?? []) as string[];
  const addresses = addressesInFront(sim, place);
  const invisible = domains.filter((domain) => !leadsTo(sim, domain, addresses));
  const life = advance(sim, place, invisible.length === 0);
  if (life.activeSince !== undefined) return active(value, domains, life.activeSince);
  const waiting = (domain: string) => (addresses.size > 0 && invisible.includes(domain) ? 'FAILED_NOT_VISIBLE' : 'PROVISIONING');
  return withStatus(value, domains, 'PROVISIONING', waiting);
}

function active(value: JsonObject, domains: string[], since: string): JsonObject {
  return {
    ...withStatus(value, domains, 'ACTIVE', () => 'ACTIVE'),
    expireTime: pacificTime(new Date(Date.parse(since) + DAYS_VALID * DAY_MS).toISOString()),
    subjectAlternativeNames: domains,
  };
}

function withStatus(value: JsonObject, domains: string[], status: string, statusOf: (domain: string) => string): JsonObject {
  const domainStatus = Object.fromEntries(domains.map((domain) => [domain, statusOf(domain)])) as { [domain: string]: Json };
  return { ...value, managed: { domains, status, domainStatus } };
}

/** Goes on from what was seen before. Once there, a certificate stays. */
function advance(sim: Sim, place: Place, visible: boolean): Life {
  const record = findRecord(sim, place);
  const before = (record?.seen ?? {}) as Life;
  if (before.activeSince !== undefined || !record) return before;
  const now = sim.now();
  const visibleSince = visible ? (before.visibleSince ?? now.toISOString()) : undefined;
  const done = visibleSince !== undefined && now.getTime() - Date.parse(visibleSince) >= sim.duration('compute.certificates');
  const life: Life = {
    ...(visibleSince === undefined ? {} : { visibleSince }),
    ...(done ? { activeSince: now.toISOString() } : {}),
  };
  if (JSON.stringify(life) !== JSON.stringify(before)) saveRecord(sim, place, { ...record, seen: { ...life } });
  return life;
}

/** The addresses of the forwarding rules for port 443 that lead to a proxy with this certificate. */
function addressesInFront(sim: Sim, place: Place): Set<string> {
  const link = linkOf(place);
  const proxies = listRecords(sim, place.projectId, 'targetHttpsProxies').flatMap(({ place: proxy, record }) =>
    (record.value?.['sslCertificates'] as string[] | undefined)?.includes(link) ? [linkOf(proxy)] : [],
  );
  const rules = listRecords(sim, place.projectId, 'forwardingRules').flatMap(({ record }) =>
    record.value ? [record.value] : [],
  );
  return new Set(
    rules
      .filter((rule) => rule['portRange'] === '443-443' && proxies.includes(String(rule['target'])))
      .map((rule) => String(rule['IPAddress'])),
  );
}

function leadsTo(sim: Sim, domain: string, addresses: Set<string>): boolean {
  const found = resolveA(sim, domain);
  return found.length > 0 && found.every((address) => addresses.has(address));
}
