import { createHash, webcrypto } from 'node:crypto';
import type { SqlInstance } from '../../runtime-port.ts';
import type { JsonObject, Sim } from '../service.ts';
import { loadX509 } from '../x509-library.ts';
import { type InstanceRecord, keyOf, TLS } from './sqladmin-records.ts';

/** The authorities and the server certificate of one instance; PEM. */
export interface TlsRecord {
  serverCa: Pair;
  server: Pair;
  clientCa: Pair;
  /** Client certificates that were deleted before they ended; absent in what older versions saved. */
  revoked?: { certificates: Array<{ serialNumber: string; time: string }>; list: string };
}
export interface Pair {
  key: string;
  certificate: string;
}

const CA_YEARS = 10;
const DAY_MS = 86_400_000;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 };

export function findTls(sim: Sim, instance: InstanceRecord): TlsRecord | undefined {
  return sim.store.get<TlsRecord>(TLS, keyOf(instance));
}

export function saveTls(sim: Sim, instance: InstanceRecord, tls: TlsRecord): void {
  sim.store.put(TLS, keyOf(instance), tls);
}

/**
 * New authorities for an instance, with a server certificate whose common name is `project:instance`, as Cloud SQL's are: clients
 * check it against the authority (verify-ca), not against a host name.
 * https://docs.cloud.google.com/sql/docs/postgres/configure-ssl-instance
 */
export async function newTls(instance: InstanceRecord, now: Date): Promise<TlsRecord> {
  const [serverCa, clientCa] = await Promise.all([
    newAuthority('Google Cloud SQL Server CA', now),
    newAuthority('Google Cloud SQL Client CA', now),
  ]);
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const certificate = await issue(
    serverCa,
    `C=US,O=Google\\, Inc,CN=${instance.project}:${instance.name}`,
    keys.publicKey,
    now,
    CA_YEARS * 365,
  );
  const list = await revocationList(clientCa, [], now);
  return {
    serverCa,
    clientCa,
    server: { key: await exportKey(keys.privateKey), certificate },
    revoked: { certificates: [], list },
  };
}

/** A client's key and certificate, signed by the instance's client authority. */
export async function newClientCertificate(tls: TlsRecord, commonName: string, now: Date): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify']);
  return {
    key: await exportKey(keys.privateKey),
    certificate: await issue(tls.clientCa, `C=US,O=Google\\, Inc,CN=${escaped(commonName)}`, keys.publicKey, now, CA_YEARS * 365),
  };
}

/** A certificate for a public key that a connector made, good for an hour. @throws when the PEM holds no RSA key */
export async function signPublicKey(tls: TlsRecord, pem: string, now: Date): Promise<string> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const key = await webcrypto.subtle.importKey('spki', der, RSA, true, ['verify']);
  return issue(tls.clientCa, 'C=US,O=Google\\, Inc,CN=Google Cloud SQL Ephemeral Client', key, now, 1 / 24);
}

/**
 * The same with one more certificate revoked: from its deletion on no server may take it.
 * https://docs.cloud.google.com/sql/docs/postgres/manage-ssl-instance
 * @param serialNumber as the API says it, decimal
 */
export async function revoke(tls: TlsRecord, serialNumber: string, now: Date): Promise<TlsRecord> {
  const hex = BigInt(serialNumber).toString(16);
  const added = { serialNumber: hex.padStart(hex.length + (hex.length % 2), '0'), time: now.toISOString() };
  const certificates = [...(tls.revoked?.certificates ?? []), added];
  return { ...tls, revoked: { certificates, list: await revocationList(tls.clientCa, certificates, now) } };
}

/** A certificate in the API's form. */
export async function describe(certificate: string, instance: string): Promise<JsonObject> {
  const { X509Certificate } = await loadX509();
  const read = new X509Certificate(certificate);
  return {
    kind: 'sql#sslCert',
    certSerialNumber: BigInt(`0x${read.serialNumber}`).toString(),
    cert: `${certificate.trim()}\n`,
    commonName: read.subject,
    sha1Fingerprint: createHash('sha1').update(Buffer.from(read.rawData)).digest('hex'),
    instance,
    createTime: read.notBefore.toISOString(),
    expirationTime: read.notAfter.toISOString(),
  };
}

/** What the runtime needs of it. */
export function runtimeTls(tls: TlsRecord): SqlInstance['tls'] {
  return {
    certificate: tls.server.certificate,
    key: tls.server.key,
    clientAuthority: tls.clientCa.certificate,
    ...(tls.revoked ? { revocationList: tls.revoked.list } : {}),
  };
}

async function newAuthority(commonName: string, now: Date): Promise<Pair> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } = await loadX509();
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `C=US,O=Google\\, Inc,CN=${commonName}`,
    notBefore: now,
    notAfter: new Date(now.getTime() + CA_YEARS * 365 * DAY_MS),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return { key: await exportKey(keys.privateKey), certificate: certificate.toString('pem') };
}

async function issue(authority: Pair, subject: string, publicKey: webcrypto.CryptoKey, now: Date, days: number): Promise<string> {
  const { X509Certificate, X509CertificateGenerator, BasicConstraintsExtension } = await loadX509();
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: new X509Certificate(authority.certificate).subject,
    notBefore: now,
    notAfter: new Date(now.getTime() + days * DAY_MS),
    signingAlgorithm: ECDSA,
    publicKey,
    signingKey: await signingKeyOf(authority),
    extensions: [new BasicConstraintsExtension(false)],
  });
  return certificate.toString('pem');
}

/** https://www.rfc-editor.org/rfc/rfc5280#section-5 ; good for as long as the authority. */
async function revocationList(
  authority: Pair,
  certificates: Array<{ serialNumber: string; time: string }>,
  now: Date,
): Promise<string> {
  const { X509Certificate, X509CrlGenerator } = await loadX509();
  const { subject, notAfter } = new X509Certificate(authority.certificate);
  const list = await X509CrlGenerator.create({
    issuer: subject,
    thisUpdate: now,
    nextUpdate: notAfter,
    entries: certificates.map(({ serialNumber, time }) => ({ serialNumber, revocationDate: new Date(time) })),
    signingAlgorithm: ECDSA,
    signingKey: await signingKeyOf(authority),
  });
  // The library's own PEM says CRL, which OpenSSL does not know.
  return pem('X509 CRL', list.rawData);
}

function signingKeyOf(authority: Pair): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', key));
}

function pem(label: string, bytes: ArrayBuffer): string {
  const text = Buffer.from(bytes).toString('base64');
  return `-----BEGIN ${label}-----\n${text.replace(/.{64}/g, '$&\n').trim()}\n-----END ${label}-----\n`;
}

/** A value inside a distinguished name. https://www.rfc-editor.org/rfc/rfc4514#section-2.4 */
function escaped(value: string): string {
  return value.replace(/[\\,+"<>;=#]/g, '\\$&');
}
