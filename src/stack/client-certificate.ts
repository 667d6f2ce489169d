import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Google } from '../gcp/google.ts';
import { accessVersion } from '../gcp/secret-versions.ts';
import { type ClientCertificate, listClientCertificates } from '../gcp/sql-ssl-certs.ts';
import type { Deployment } from './deployment.ts';
import { settle } from './settle.ts';

/** The certificate's name in the instance: it can carry no labels, so its name says whose it is. */
export function certificateName({ name }: Pick<Deployment, 'name'>): string {
  return `mlflow-gcp-${name}`;
}

/** The secret with the certificate's private key, which Google tells once. */
export function clientKeySecret({ name }: Pick<Deployment, 'name'>): string {
  return `${name}_database_client_key`;
}

export interface ClientIdentity {
  certificate: ClientCertificate | undefined;
  /** PEM: what Secret Manager holds, which may be the key of an earlier certificate. */
  key: string | undefined;
}

/** Looks for the deployment's client certificate and its key, both at once. */
export async function readClientIdentity(google: Google, deployment: Deployment): Promise<ClientIdentity> {
  const { project, sqlInstance } = deployment;
  const [certificates, version] = await settle([
    listClientCertificates(google, { project, instance: sqlInstance }),
    accessVersion(google, { project, secretId: clientKeySecret(deployment) }),
  ]);
  const wanted = certificateName(deployment);
  return { certificate: certificates.find(({ commonName }) => commonName === wanted), key: version?.value };
}

/** Whether this is the certificate's own private key. False for a text that is no key. */
export function keyFits({ certificate, key }: ClientIdentity): boolean {
  if (certificate === undefined || key === undefined) return false;
  try {
    return new X509Certificate(certificate.cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    // Somebody has put something else into the secret, or half of a key.
    return false;
  }
}
