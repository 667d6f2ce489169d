import { createHash, type KeyObject, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * X.509 certificates of P-256 keys, as RFC 5280 writes them in DER. Written here because it is loaded at each start of the simulator: a library
 * for every kind of certificate takes a fifth of the time until it is ready.
 */
export interface CertificateFacts {
  serial: Buffer;
  issuer: Name;
  subject: Name;
  notBefore: Date;
  notAfter: Date;
  publicKey: KeyObject;
  /** In their order. */
  extensions: Buffer[];
}
export interface Name {
  commonName: string;
  organization?: string;
}

const OID = {
  commonName: '550403',
  organization: '55040a',
  ecdsaWithSha256: '2a8648ce3d040302',
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  alternativeName: '551d11',
  basicConstraints: '551d13',
  authorityKeyIdentifier: '551d23',
  extendedKeyUsage: '551d25',
  serverAuth: '2b06010505070301',
};
/** An uncompressed point of P-256, at the end of its SPKI. */
const POINT_BYTES = 65;

/** @param key the issuer's @returns PEM */
export function writeCertificate(facts: CertificateFacts, key: KeyObject): string {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const content = sequence(
    value(0xa0, integer(Buffer.from([2]))),
    integer(facts.serial),
    algorithm,
    name(facts.issuer),
    sequence(time(facts.notBefore), time(facts.notAfter)),
    name(facts.subject),
    facts.publicKey.export({ type: 'spki', format: 'der' }),
    value(0xa3, sequence(...facts.extensions)),
  );
  const whole = sequence(content, algorithm, bits(sign('sha256', content, key)));
  const lines = whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Of an authority that issues no other authorities. */
export const authorityExtensions = (): Buffer[] => [
  extension(OID.basicConstraints, sequence(value(0x01, Buffer.from([0xff])), integer(Buffer.from([0]))), true),
  // keyCertSign and cRLSign
  extension(OID.keyUsage, value(0x03, Buffer.from([1, 0x06])), true),
];

/** Of a server with these names: host names or addresses. */
export const serverExtensions = (names: string[]): Buffer[] => [
  extension(OID.basicConstraints, sequence(), true),
  // digitalSignature
  extension(OID.keyUsage, value(0x03, Buffer.from([7, 0x80])), true),
  extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
  extension(OID.alternativeName, sequence(...names.map(alternativeName))),
];

export function subjectKeyExtension(key: KeyObject): Buffer {
  return extension(OID.subjectKeyIdentifier, value(0x04, keyIdentifier(key)));
}

export function authorityKeyExtension(key: KeyObject): Buffer {
  return extension(OID.authorityKeyIdentifier, sequence(value(0x80, keyIdentifier(key))));
}

/** RFC 5280, 4.2.1.2 (1) */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }).subarray(-POINT_BYTES))
    .digest();
}

function extension(id: string, content: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [value(0x01, Buffer.from([0xff]))] : []), value(0x04, content));
}

function alternativeName(host: string): Buffer {
  if (isIPv4(host)) return value(0x87, Buffer.from(host.split('.').map(Number)));
  return isIPv6(host) ? value(0x87, ipv6Bytes(host)) : value(0x82, Buffer.from(host, 'ascii'));
}

function ipv6Bytes(address: string): Buffer {
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before = '', after = ''] = address.replace(/%.*$/, '').split('::');
  const [first, last] = [groups(before), groups(after)];
  const between = Array<string>(8 - first.length - last.length).fill('0');
  return Buffer.from([...first, ...between, ...last].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function name({ commonName, organization }: Name): Buffer {
  const part = (id: string, text: string) => value(0x31, sequence(oid(id), value(0x0c, Buffer.from(text, 'utf8'))));
  return sequence(part(OID.commonName, commonName), ...(organization ? [part(OID.organization, organization)] : []));
}

/** UTCTime until 2049, GeneralizedTime from then on. */
function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`;
  return date.getUTCFullYear() < 2050 ? value(0x17, Buffer.from(text.slice(2))) : value(0x18, Buffer.from(text));
}

function value(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return value(0x30, ...parts);
}

function oid(hex: string): Buffer {
  return value(0x06, Buffer.from(hex, 'hex'));
}

/** Positive as long as its first bit is not set. */
function integer(bytes: Buffer): Buffer {
  return value(0x02, bytes);
}

function bits(bytes: Buffer): Buffer {
  return value(0x03, Buffer.from([0]), bytes);
}
