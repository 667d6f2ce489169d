import { isNotFound, isPermissionDenied } from './errors.ts';
import type { Google } from './google.ts';
import type { WaitOptions } from './operations.ts';
import type { InstanceArgs } from './sql.ts';
import { changeInstance } from './sql-operations.ts';

/** A client certificate of a Cloud SQL instance. Google tells its private key once, when it is made, and never again. */
export interface ClientCertificate {
  /** Unique in the instance. */
  commonName: string;
  /** PEM. */
  cert: string;
  /** 40 hexadecimal digits: what the API calls it by. */
  sha1Fingerprint: string;
  /** ISO times. */
  createTime: string;
  expirationTime: string;
}

/**
 * All client certificates of the instance; none where there is no instance.
 * https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/sslCerts/list
 */
export async function listClientCertificates(google: Google, args: InstanceArgs): Promise<ClientCertificate[]> {
  const api = await google.apis.sqladmin();
  try {
    const { data } = await api.sslCerts.list({ project: args.project, instance: args.instance });
    return (data.items ?? []) as ClientCertificate[];
  } catch (error) {
    // As for the instance itself: 404 or, depending on the caller's roles, 403 notAuthorized.
    if (isNotFound(error) || isPermissionDenied(error, 'cloudsql.instances.get', 'notAuthorized')) return [];
    throw error;
  }
}

/**
 * Makes a client certificate and hands its private key (PEM) to `keep` before anything else is done; resolves once Google has finished.
 * A lost answer loses the key with it: then the certificate has to be deleted and made again, which is the caller's to do.
 * Refused with 409 where the name is taken. https://docs.cloud.google.com/sql/docs/postgres/configure-ssl-instance#new-client
 */
export function createClientCertificate(
  google: Google,
  args: InstanceArgs & { commonName: string; keep: (privateKey: string) => Promise<void> } & WaitOptions,
): Promise<void> {
  const { project, instance, commonName, keep } = args;
  return changeInstance(google, args, `making client certificate ${commonName}`, async () => {
    const api = await google.apis.sqladmin();
    const { data } = await api.sslCerts.insert({ project, instance, requestBody: { commonName } });
    await keep(data.clientCert?.certPrivateKey ?? '');
    return data.operation;
  });
}

/** Deletes the certificate, which opens no connection from then on; one that is not there is fine. */
export async function deleteClientCertificate(
  google: Google,
  args: InstanceArgs & { sha1Fingerprint: string } & WaitOptions,
): Promise<void> {
  const { project, instance, sha1Fingerprint } = args;
  const api = await google.apis.sqladmin();
  try {
    await changeInstance(
      google,
      args,
      `deleting client certificate ${sha1Fingerprint}`,
      async () => (await api.sslCerts.delete({ project, instance, sha1Fingerprint })).data,
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
