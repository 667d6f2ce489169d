import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Authority } from './service.ts';
import { loadX509 } from './x509-library.ts';

const DAY_MS = 86_400_000;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const AUTHORITY_DAYS = 3650;
/** What Apple's and others' clients accept at most. */
const LEAF_DAYS = 397;
const RENEW_DAYS = 30;

interface Pair {
  key: string;
  certificate: string;
}

/**
 * The simulator's own certificate authority. It is made at the first start and kept in `folder` (key and leaves 0600), so that what
 * trusts `ca.pem` once trusts it after a restart.
 */
export async function openAuthority(folder: string): Promise<Authority & { certificateFile: string }> {
  const certificateFile = join(folder, 'ca.pem');
  const keyFile = join(folder, 'ca-key.pem');
  if (!existsSync(certificateFile) || !existsSync(keyFile)) {
    const made = await makeAuthority();
    writeWhole(keyFile, made.key, 0o600);
    writeWhole(certificateFile, made.certificate, 0o644);
  }
  const own: Pair = { key: readFileSync(keyFile, 'utf8'), certificate: readFileSync(certificateFile, 'utf8') };
  const issued = new Map<string, Promise<Pair>>();
  return {
    certificate: own.certificate,
    certificateFile,
    issue(names) {
      const id = createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 32);
      const known = issued.get(id);
      if (known) return known;
      const pair = keptLeaf(join(folder, 'certificates'), id, names, own);
      issued.set(id, pair);
      pair.catch(() => issued.delete(id));
      return pair;
    },
  };
}

async function keptLeaf(folder: string, id: string, names: string[], authority: Pair): Promise<Pair> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${id}.json`);
  if (existsSync(file)) {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Pair & { until: string };
    if (Date.parse(kept.until) > Date.now() + RENEW_DAYS * DAY_MS) return { key: kept.key, certificate: kept.certificate };
  }
  const made = await makeLeaf(names, authority);
  writeWhole(file, JSON.stringify({ ...made, until: new Date(Date.now() + LEAF_DAYS * DAY_MS).toISOString() }), 0o600);
  return made;
}

/** Written beside and renamed, so that a kill leaves the old file or the new one. */
function writeWhole(file: string, text: string, mode: number): void {
  const beside = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(beside, text, { mode });
  renameSync(beside, file);
}

async function makeAuthority(): Promise<Pair> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: 'CN=mlflow-gcp simulator, O=mlflow-gcp',
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
      signingAlgorithm: KEY_ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto as never,
  );
  return { key: await exportKey(keys.privateKey), certificate: certificate.toString('pem') };
}

async function makeLeaf(names: string[], authority: Pair): Promise<Pair> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificate);
  const [signingKey, issuerKey] = await Promise.all([importKey(authority.key), issuer.publicKey.export(webcrypto as never)]);
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      // A common name has 64 characters at most; clients look at the alternative names.
      subject: [{ CN: [(names[0] ?? 'localhost').slice(0, 64)] }],
      issuer: issuer.subjectName,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + LEAF_DAYS * DAY_MS),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: KEY_ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(issuerKey),
      ],
    },
    webcrypto as never,
  );
  return { key: await exportKey(keys.privateKey), certificate: certificate.toString('pem') };
}

/** Positive and not zero, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${der
    .toString('base64')
    .replace(/.{64}/g, '$&\n')
    .trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}
