import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Json, JsonObject } from '../service.ts';
import { showLife } from './compute-certificate-life.ts';
import { invalidValue, required } from './compute-errors.ts';
import type { Kind } from './compute-kind.ts';
import { isObject } from './masks.ts';

const MOST_DOMAINS = 100;
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** https://docs.cloud.google.com/compute/docs/reference/rest/v1/sslCertificates */
export const sslCertificates: Kind = {
  methods: 'sslCertificates',
  collection: 'sslCertificates',
  type: 'compute#sslCertificate',
  noun: 'ssl_certificate',
  param: 'sslCertificate',
  has: ['get', 'insert', 'list', 'aggregatedList', 'delete'],
  usual: 'compute.resources',
  complete: ({ wanted }) => {
    const managed = isObject(wanted['managed']);
    const type = wanted['type'] ?? (managed ? 'MANAGED' : 'SELF_MANAGED');
    return type === 'MANAGED' ? completeManaged(wanted) : completeSelfManaged(wanted);
  },
  show: showLife,
};

function completeManaged(wanted: JsonObject): JsonObject {
  for (const name of ['certificate', 'privateKey', 'selfManaged']) {
    if (wanted[name] !== undefined)
      throw invalidValue(`resource.${name}`, '', 'It cannot be set for a certificate of type MANAGED.');
  }
  const managed = isObject(wanted['managed']) ? wanted['managed'] : {};
  const domains = (managed['domains'] ?? []) as string[];
  if (domains.length === 0) throw required('resource.managed.domains');
  if (domains.length > MOST_DOMAINS)
    throw invalidValue('resource.managed.domains', String(domains.length), `At most ${MOST_DOMAINS} domains can be set.`);
  for (const [place, domain] of domains.entries()) {
    const field = `resource.managed.domains[${place}]`;
    if (domain.startsWith('*.')) throw invalidValue(field, domain, 'Wildcard domains are not supported.');
    const labels = domain.toLowerCase().replace(/\.$/, '').split('.');
    if (labels.length < 2 || domain.length > 64 || !labels.every((label) => LABEL.test(label)))
      throw invalidValue(field, domain, 'Must be a domain name of at most 64 characters.');
    if (domains.indexOf(domain) !== place) throw invalidValue(field, domain, 'The domain is there twice.');
  }
  return { ...wanted, managed: { domains }, type: 'MANAGED' };
}

/** Of the key nothing is kept. */
function completeSelfManaged(wanted: JsonObject): JsonObject {
  const inner = isObject(wanted['selfManaged']) ? wanted['selfManaged'] : {};
  const pem = wanted['certificate'] ?? inner['certificate'];
  const key = wanted['privateKey'] ?? inner['privateKey'];
  if (!pem) throw required('resource.certificate');
  if (!key) throw required('resource.privateKey');
  const certificate = readCertificate(String(pem));
  checkKey(certificate, String(key));
  const { privateKey: _privateKey, managed: _managed, ...rest } = wanted;
  return {
    ...rest,
    certificate: pem,
    selfManaged: { certificate: pem },
    expireTime: new Date(certificate.validTo).toISOString().replace('Z', '+00:00'),
    ...alternativeNames(certificate),
    type: 'SELF_MANAGED',
  };
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalidValue('resource.certificate', '', 'The SSL certificate could not be parsed.');
  }
}

function checkKey(certificate: X509Certificate, pem: string): void {
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(pem));
  } catch {
    throw invalidValue('resource.privateKey', '', 'The SSL key could not be parsed.');
  }
  if (!matches) throw invalidValue('resource.privateKey', '', 'The SSL key does not match the certificate.');
}

function alternativeNames({ subjectAltName }: X509Certificate): { [name: string]: Json } {
  const names = (subjectAltName ?? '').split(', ').flatMap((entry) => /^DNS:(.+)$/.exec(entry)?.[1] ?? []);
  return names.length > 0 ? { subjectAlternativeNames: names } : {};
}
