import { USUAL_SECONDS } from '../../durations.ts';
import { UserError } from '../../errors.ts';
import { isConflict } from '../../gcp/errors.ts';
import type { Google } from '../../gcp/google.ts';
import { deploymentLabels } from '../../gcp/labels.ts';
import { pause, poll } from '../../gcp/retry.ts';
import { addVersion } from '../../gcp/secret-versions.ts';
import { createSecret, deleteSecret, getSecret, patchSecret } from '../../gcp/secrets.ts';
import { createClientCertificate, deleteClientCertificate } from '../../gcp/sql-ssl-certs.ts';
import { type ClientIdentity, certificateName, clientKeySecret, keyFits, readClientIdentity } from '../client-certificate.ts';
import type { Deployment } from '../deployment.ts';
import { assertOurs, labelDifferences } from '../ownership.ts';
import type { Resource } from '../resource.ts';
import { settle } from '../settle.ts';

const TIMEOUT_MS = 10 * 60_000;
/** Between making a certificate and storing its key a run makes no other call. */
const OTHER_RUN_MS = 3_000;
/** Google's certificates last ten years: one that is about to end is replaced. */
const RENEW_BEFORE_MS = 30 * 86_400_000;

/**
 * A client certificate for direct connections to the database, with its private key in a secret of its own. The key exists only in the
 * answer to the call that makes the certificate: where a run ended in between, the certificate is deleted and made again.
 * https://docs.cloud.google.com/sql/docs/postgres/configure-ssl-instance
 */
export function clientCertificateResource(deployment: Deployment): Resource {
  const { project, sqlInstance } = deployment;
  const secret = { project, secretId: clientKeySecret(deployment) };
  const commonName = certificateName(deployment);
  const labels = deploymentLabels(deployment.name);
  const placement = deployment.secretLocations && { locations: deployment.secretLocations };
  const secretTitle = `Secret ${secret.secretId}`;
  return {
    id: 'client-certificate',
    title: `Client certificate ${commonName}`,
    // Google runs one operation an instance at a time, so this waits for the others rather than for a refusal.
    dependsOn: ['services', 'sql-instance', 'database-user'],
    usualSeconds: USUAL_SECONDS['sql.sslCerts'],
    async observe({ google }) {
      const [identity, found] = await settle([readClientIdentity(google, deployment), getSecret(google, secret)]);
      if (found === undefined && identity.certificate !== undefined) throw foreign(deployment);
      if (found === undefined) return { action: 'create', differences: [] };
      assertOurs(secretTitle, found.labels, deployment);
      const reason = reasonToReplace(identity, google.clock.now());
      const differences = [...labelDifferences(found.labels, deployment), ...(reason === undefined ? [] : [reason])];
      return { action: differences.length > 0 ? 'update' : 'unchanged', differences };
    },
    async ensure({ google }, progress) {
      const [before, there] = await settle([readClientIdentity(google, deployment), getSecret(google, secret)]);
      if (there === undefined && before.certificate !== undefined) throw foreign(deployment);
      // The secret first: a certificate beside it is then ours, though we may have been killed before we had its key.
      const { value: found } = await createSecret(google, { ...secret, labels, ...placement });
      assertOurs(secretTitle, found.labels, deployment);
      const relabel = labelDifferences(found.labels, deployment).length > 0;
      if (relabel) await patchSecret(google, { ...secret, labels: { ...found.labels, ...labels } });
      const made = await makeFit(google, deployment, progress);
      if (!made) return relabel ? 'updated' : 'unchanged';
      return before.certificate === undefined ? 'created' : 'updated';
    },
    async remove({ google }, progress) {
      const [{ certificate }, found] = await settle([readClientIdentity(google, deployment), getSecret(google, secret)]);
      if (found === undefined) return 'absent';
      assertOurs(secretTitle, found.labels, deployment);
      progress('revoking');
      if (certificate !== undefined)
        await deleteClientCertificate(google, {
          project,
          instance: sqlInstance,
          sha1Fingerprint: certificate.sha1Fingerprint,
          timeoutMs: TIMEOUT_MS,
        });
      await deleteSecret(google, secret);
      return 'deleted';
    },
  };
}

/** Makes, or makes again, until certificate and stored key belong together. Returns whether anything was made. */
async function makeFit(google: Google, deployment: Deployment, progress: (detail: string) => void): Promise<boolean> {
  const args = { project: deployment.project, instance: deployment.sqlInstance };
  const secret = { project: deployment.project, secretId: clientKeySecret(deployment) };
  let made = false;
  return poll(google, {
    what: 'the client certificate and its key to belong together',
    timeoutMs: TIMEOUT_MS,
    attempt: async () => {
      const identity = await settledIdentity(google, deployment);
      const { certificate } = identity;
      if (certificate !== undefined) {
        if (reasonToReplace(identity, google.clock.now()) === undefined) return made;
        progress('replacing one whose key is lost');
        await deleteClientCertificate(google, { ...args, sha1Fingerprint: certificate.sha1Fingerprint });
      }
      try {
        await createClientCertificate(google, {
          ...args,
          commonName: certificateName(deployment),
          keep: async (value) => void (await addVersion(google, { ...secret, value })),
        });
        made = true;
      } catch (error) {
        // Another run was faster, and stores its key at once.
        if (!isConflict(error)) throw error;
      }
      return undefined;
    },
  });
}

/** What stands there. One without its key is looked at again a little later: another run may be storing it. */
async function settledIdentity(google: Google, deployment: Deployment): Promise<ClientIdentity> {
  const identity = await readClientIdentity(google, deployment);
  if (identity.certificate === undefined || keyFits(identity)) return identity;
  await pause(google, OTHER_RUN_MS);
  return readClientIdentity(google, deployment);
}

function isExpiring({ certificate }: ClientIdentity, now: number): boolean {
  return certificate !== undefined && Date.parse(certificate.expirationTime) - now < RENEW_BEFORE_MS;
}

function reasonToReplace(identity: ClientIdentity, now: number): string | undefined {
  if (identity.certificate === undefined) return 'made anew: it is not there';
  if (!keyFits(identity)) return 'made anew: its private key is lost';
  return isExpiring(identity, now) ? `made anew: it ends ${identity.certificate?.expirationTime.slice(0, 10)}` : undefined;
}

function foreign(deployment: Deployment): UserError {
  const { project, sqlInstance, name } = deployment;
  const commonName = certificateName(deployment);
  return new UserError({
    code: 'CLIENT_CERT_WITHOUT_SECRET',
    message: `Cloud SQL instance ${sqlInstance} in project ${project} has a client certificate ${commonName}, but there is no secret ${clientKeySecret({ name })} with its key; it was left alone.`,
    hint: `If nobody connects with it: gcloud sql ssl client-certs delete ${commonName} --instance=${sqlInstance} --project=${project}`,
  });
}
