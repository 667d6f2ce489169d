import { webcrypto } from 'node:crypto';
import { loadX509 } from '../x509-library.ts';
import type { SigningKey } from './iam-keys-store.ts';

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/** An X.509 certificate (PEM) around an RSA public key (PEM, SPKI). */
export async function certify(
  signer: SigningKey,
  publicKey: string,
  { commonName, notBefore, notAfter }: { commonName: string; notBefore: Date; notAfter: Date },
): Promise<string> {
  const { X509CertificateGenerator } = await loadX509();
  const certificate = await X509CertificateGenerator.create({
    // 64 characters are the most that a common name may have.
    subject: `CN=${commonName.slice(0, 64)}`,
    issuer: `CN=${commonName.slice(0, 64)}`,
    notBefore,
    notAfter,
    signingAlgorithm: RSA,
    publicKey: await webcrypto.subtle.importKey('spki', der(publicKey), RSA, true, ['verify']),
    signingKey: await webcrypto.subtle.importKey('pkcs8', der(signer.privateKey), RSA, false, ['sign']),
  });
  return `${certificate.toString('pem').trim()}\n`;
}

function der(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}
