import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { BasicConstraintsExtension, type X509Certificate, X509CertificateGenerator } from '@peculiar/x509';

interface KeyAndCertificate {
  key: string;
  certificate: string;
}
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 3_600_000) };

/** A throw-away authority with a certificate for a server and one for a client, and a client's of an authority that nobody trusts. */
export async function certificates(): Promise<{
  authority: string;
  server: KeyAndCertificate;
  client: KeyAndCertificate;
  stranger: KeyAndCertificate;
}> {
  const ours = await authorityNamed('Ours');
  const other = await authorityNamed('Other');
  return {
    authority: ours.certificate.toString('pem'),
    server: await ours.issue('server'),
    client: await ours.issue('client'),
    stranger: await other.issue('client'),
  };
}

async function authorityNamed(
  name: string,
): Promise<{ certificate: X509Certificate; issue(subject: string): Promise<KeyAndCertificate> }> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: `CN=${name}`, keys, signingAlgorithm: algorithm, ...validity, extensions: [new BasicConstraintsExtension(true)] },
    webcrypto,
  );
  const issue = async (subject: string) => {
    const own = await generateKeys();
    const issued = await X509CertificateGenerator.create(
      {
        subject: `CN=${subject}`,
        issuer: certificate.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity,
      },
      webcrypto,
    );
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
    return {
      certificate: issued.toString('pem'),
      key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/(.{64})/g, '$1\n').trim()}\n-----END PRIVATE KEY-----\n`,
    };
  };
  return { certificate, issue };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
