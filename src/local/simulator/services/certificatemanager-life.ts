import type { JsonObject, Sim } from '../service.ts';
import { balancersOf, findResource, listEntries, type ResourceRecord, saveResource } from './certificatemanager-records.ts';
import { resolveA, resolveCname } from './dns-resolve.ts';

const DAYS_VALID = 90;

interface Attempt {
  domain: string;
  /** Nothing: the domain is proven. */
  issue?: 'CNAME_MISMATCH' | 'NO_RESOLVED_IPS' | 'CERTIFICATE_NOT_ATTACHED' | 'RESOLVED_TO_NOT_SERVING';
}

/**
 * A managed certificate as it now is. Google makes it once every domain is proven: by the CNAME of its DNS authorisation, or by
 * leading to a load balancer that has the certificate; it goes on trying until then. What is found is kept.
 * https://docs.cloud.google.com/certificate-manager/docs/domain-authorization
 */
export async function settle(sim: Sim, record: ResourceRecord): Promise<ResourceRecord> {
  const managed = record.settings['managed'] as JsonObject | undefined;
  if (!managed || record.made['activeSince'] !== undefined) return record;
  const attempts = (managed['domains'] as string[]).map((domain) => attempt(sim, record, managed, domain));
  const proven = attempts.every(({ issue }) => issue === undefined);
  const now = sim.now();
  const since = proven ? String(record.made['provenSince'] ?? now.toISOString()) : undefined;
  const done = since !== undefined && now.getTime() - Date.parse(since) >= sim.duration('certificatemanager.provision');
  const issued = done ? await issue(sim, managed['domains'] as string[], now) : {};
  const made: JsonObject = { attempts: attempts as unknown as JsonObject[], ...(since ? { provenSince: since } : {}), ...issued };
  // It may have been deleted, or changed, while the certificate was being made.
  const latest = findResource(sim, record.name);
  if (!latest) return record;
  const settled = { ...latest, made };
  if (JSON.stringify(made) !== JSON.stringify(latest.made)) saveResource(sim, settled);
  return settled;
}

async function issue(sim: Sim, domains: string[], now: Date): Promise<JsonObject> {
  const { certificate } = await sim.authority.issue(domains);
  return {
    activeSince: now.toISOString(),
    pemCertificate: certificate,
    sanDnsnames: domains,
    expireTime: new Date(now.getTime() + DAYS_VALID * 86_400_000).toISOString(),
  };
}

function attempt(sim: Sim, record: ResourceRecord, managed: JsonObject, domain: string): Attempt {
  const authorizations = ((managed['dnsAuthorizations'] ?? []) as string[]).flatMap((name) => findResource(sim, name) ?? []);
  if (authorizations.length > 0) {
    const own = authorizations.find(({ settings }) => settings['domain'] === domain.replace(/^\*\./, ''));
    const { name, data } = (own?.made['dnsResourceRecord'] ?? {}) as { name?: string; data?: string };
    return name !== undefined && resolveCname(sim, name) === data ? { domain } : { domain, issue: 'CNAME_MISMATCH' };
  }
  const addresses = resolveA(sim, domain);
  if (addresses.length === 0) return { domain, issue: 'NO_RESOLVED_IPS' };
  const serving = mapsOf(sim, record.name).flatMap((map) => balancersOf(sim, map).flatMap((balancer) => balancer.addresses));
  if (serving.length === 0) return { domain, issue: 'CERTIFICATE_NOT_ATTACHED' };
  return addresses.every((address) => serving.includes(address)) ? { domain } : { domain, issue: 'RESOLVED_TO_NOT_SERVING' };
}

/** The maps with an entry for a certificate. */
function mapsOf(sim: Sim, certificate: string): string[] {
  const location = certificate.replace(/\/certificates\/.*$/, '');
  const entries = listEntries(sim, location).filter(({ settings }) =>
    (settings['certificates'] as string[]).includes(certificate),
  );
  return [...new Set(entries.map(({ name }) => name.replace(/\/certificateMapEntries\/.*$/, '')))];
}

export function isActive(record: ResourceRecord | undefined): boolean {
  return record !== undefined && (record.settings['selfManaged'] !== undefined || record.made['activeSince'] !== undefined);
}

/** The `managed` part of a certificate, as the API shows it. */
export function showManaged({ settings, made, updateTime }: ResourceRecord): JsonObject {
  const attempts = (made['attempts'] ?? []) as unknown as Attempt[];
  const failed = attempts.filter(({ issue }) => issue !== undefined);
  return {
    ...(settings['managed'] as JsonObject),
    state: made['activeSince'] === undefined ? 'PROVISIONING' : 'ACTIVE',
    ...(failed.length > 0
      ? {
          provisioningIssue: {
            reason: 'AUTHORIZATION_ISSUE',
            details: `Not authorized: ${failed.map(({ domain }) => domain).join(', ')}`,
          },
        }
      : {}),
    authorizationAttemptInfo: attempts.map(({ domain, issue: why }) =>
      why === undefined
        ? { domain, state: 'AUTHORIZED' }
        : { domain, state: 'FAILED', failureReason: 'CONFIG', attemptTime: updateTime, troubleshooting: { issues: [why] } },
    ),
  };
}
