import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { JsonObject, Sim } from '../service.ts';
import { findResource, readResource } from './certificatemanager-records.ts';
import { isObject } from './masks.ts';
import { failedPrecondition, invalidField, notFound } from './refusals.ts';

const DOMAIN = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const MOST_DOMAINS = 100;
const MOST_CERTIFICATES = 4;

/** @throws GoogleError 400 */
export function checkAuthorization(_sim: Sim, _name: string, { domain }: JsonObject): void {
  if (!DOMAIN.test(String(domain ?? '')) || String(domain).startsWith('*.'))
    throw invalidField('dns_authorization.domain', `Domain '${String(domain ?? '')}' is not valid.`);
}

/** @throws GoogleError 400; 404 for a DNS authorisation that is not there */
export function checkCertificate(sim: Sim, _name: string, { managed, selfManaged, managedIdentity }: JsonObject): void {
  if (managedIdentity !== undefined) throw invalidField('certificate.managed_identity', 'Managed identities are not simulated.');
  if (isObject(managed) === isObject(selfManaged))
    throw invalidField('certificate', 'Exactly one of managed and self_managed must be set.');
  if (isObject(selfManaged)) readSelfManaged(selfManaged);
  else if (isObject(managed)) checkManaged(sim, managed);
}

function checkManaged(sim: Sim, managed: JsonObject): void {
  const domains = ((managed['domains'] ?? []) as string[]).map(String);
  if (managed['issuanceConfig'])
    throw invalidField('certificate.managed.issuance_config', 'Issuance configurations are not simulated.');
  if (domains.length === 0 || domains.length > MOST_DOMAINS)
    throw invalidField('certificate.managed.domains', 'One to a hundred domains must be given.');
  const wrong = domains.find((domain) => !DOMAIN.test(domain));
  if (wrong !== undefined) throw invalidField('certificate.managed.domains', `Domain '${wrong}' is not valid.`);
  const authorizations = ((managed['dnsAuthorizations'] ?? []) as string[]).map((name) => readResource(sim, name));
  const covered = authorizations.map(({ settings }) => String(settings['domain']));
  if (authorizations.length === 0) {
    if (domains.some((domain) => domain.startsWith('*.')))
      throw invalidField('certificate.managed.domains', 'Wildcard domains need a DNS authorization.');
    return;
  }
  const open = domains.find((domain) => !covered.includes(domain.replace(/^\*\./, '')));
  if (open !== undefined)
    throw invalidField('certificate.managed.dns_authorizations', `Domain '${open}' has no DNS authorization.`);
}

/** What a certificate of the user's own says. @throws GoogleError 400 where it cannot be read, or the key is another's */
export function readSelfManaged({ pemCertificate, pemPrivateKey }: JsonObject): JsonObject {
  try {
    const certificate = new X509Certificate(String(pemCertificate ?? ''));
    if (!certificate.checkPrivateKey(createPrivateKey(String(pemPrivateKey ?? ''))))
      throw invalidField('certificate.self_managed.pem_private_key', 'The private key does not belong to the certificate.');
    const names = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(([, name]) => name ?? '');
    return {
      pemCertificate: String(pemCertificate),
      sanDnsnames: names,
      expireTime: new Date(certificate.validTo).toISOString(),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      throw invalidField('certificate.self_managed', 'The certificate or its private key is not valid PEM.');
    throw error;
  }
}

export function checkMap(): void {
  // A map is nothing but its entries.
}

/** @throws GoogleError 400; 404 for a map or a certificate that is not there */
export function checkEntry(sim: Sim, name: string, { hostname, matcher, certificates = [] }: JsonObject): void {
  readResource(sim, name.replace(/\/certificateMapEntries\/.*$/, ''));
  const primary = matcher === 'PRIMARY';
  if (primary === (typeof hostname === 'string' && hostname !== ''))
    throw invalidField('certificate_map_entry', 'Exactly one of hostname and matcher must be set.');
  if (!primary && !DOMAIN.test(String(hostname)))
    throw invalidField('certificate_map_entry.hostname', `Hostname '${String(hostname)}' is not valid.`);
  const names = certificates as string[];
  if (names.length === 0 || names.length > MOST_CERTIFICATES)
    throw invalidField('certificate_map_entry.certificates', 'One to four certificates must be given.');
  for (const certificate of names) {
    if (!findResource(sim, certificate)?.ready) throw notFound(`Resource '${certificate}' was not found`);
  }
}

/** @throws GoogleError 400 FAILED_PRECONDITION where anything uses it */
export function refuseUse(name: string, users: string[]): void {
  if (users.length === 0) return;
  throw failedPrecondition(`can't delete '${name}' that is referenced by ${users.join(', ')}`);
}
