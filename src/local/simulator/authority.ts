import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  authorityExtensions,
  authorityKeyExtension,
  serverExtensions,
  subjectKeyExtension,
  writeCertificate,
} from './certificate-form.ts';
import type { Authority } from './service.ts';

const DAY_MS = 86_400_000;
const CURVE = { namedCurve: 'P-256' };
const AUTHORITY = { commonName: 'mlflow-gcp simulator', organization: 'mlflow-gcp' };
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
export function openAuthority(folder: string): Authority & { certificateFile: string } {
  const certificateFile = join(folder, 'ca.pem');
  const keyFile = join(folder, 'ca-key.pem');
  if (!existsSync(certificateFile) || !existsSync(keyFile)) {
    const made = makeAuthority();
    writeWhole(keyFile, made.key, 0o600);
    writeWhole(certificateFile, made.certificate, 0o644);
  }
  const own: Pair = { key: readFileSync(keyFile, 'utf8'), certificate: readFileSync(certificateFile, 'utf8') };
  const issued = new Map<string, Pair>();
  return {
    certificate: own.certificate,
    certificateFile,
    async issue(names) {
      const id = createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 32);
      const known = issued.get(id);
      if (known) return known;
      const pair = keptLeaf(join(folder, 'certificates'), id, names, own);
      issued.set(id, pair);
      return pair;
    },
  };
}

function keptLeaf(folder: string, id: string, names: string[], authority: Pair): Pair {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${id}.json`);
  if (existsSync(file)) {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Pair & { until: string };
    if (Date.parse(kept.until) > Date.now() + RENEW_DAYS * DAY_MS) return { key: kept.key, certificate: kept.certificate };
  }
  const made = makeLeaf(names, authority);
  writeWhole(file, JSON.stringify({ ...made, until: new Date(Date.now() + LEAF_DAYS * DAY_MS).toISOString() }), 0o600);
  return made;
}

/** Written beside and renamed, so that a kill leaves the old file or the new one. */
function writeWhole(file: string, text: string, mode: number): void {
  const beside = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(beside, text, { mode });
  renameSync(beside, file);
}

function makeAuthority(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', CURVE);
  const certificate = writeCertificate(
    {
      serial: serialNumber(),
      issuer: AUTHORITY,
      subject: AUTHORITY,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
      publicKey,
      extensions: [...authorityExtensions(), subjectKeyExtension(publicKey)],
    },
    privateKey,
  );
  return { key: pem(privateKey), certificate };
}

function makeLeaf(names: string[], authority: Pair): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', CURVE);
  const issuerKey = createPublicKey(authority.certificate);
  const certificate = writeCertificate(
    {
      serial: serialNumber(),
      issuer: AUTHORITY,
      // A common name has 64 characters at most; clients look at the alternative names.
      subject: { commonName: (names[0] ?? 'localhost').slice(0, 64) },
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + LEAF_DAYS * DAY_MS),
      publicKey,
      extensions: [...serverExtensions(names), subjectKeyExtension(publicKey), authorityKeyExtension(issuerKey)],
    },
    createPrivateKey(authority.key),
  );
  return { key: pem(privateKey), certificate };
}

/** Positive and not zero, as RFC 5280 wants it. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
