import type { protos } from '@google-cloud/secret-manager';
import { isNotFound } from './errors.ts';
import { answerOf, ONCE } from './gax.ts';
import type { Google } from './google.ts';
import type { Labels } from './labels.ts';
import { createOrGet, type Made } from './retry.ts';

type WireSecret = protos.google.cloud.secretmanager.v1.ISecret;

export interface Secret {
  /** The id in the project, such as `mlflow_database_url`. */
  secretId: string;
  labels: Labels;
  annotations: Labels;
}
export interface SecretArgs {
  project: string;
  secretId: string;
}

/** `projects/P/secrets/ID` */
export function secretName(args: SecretArgs): string {
  return `projects/${args.project}/secrets/${args.secretId}`;
}

/** The secret, or undefined. https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/get */
export async function getSecret(google: Google, args: SecretArgs): Promise<Secret | undefined> {
  const client = await google.apis.secretmanager();
  try {
    return toSecret(await answerOf(client.getSecret({ name: secretName(args) }, ONCE)));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The secrets of the project that carry all of these labels. */
export async function listSecrets(google: Google, args: { project: string; labels: Labels }): Promise<Secret[]> {
  const client = await google.apis.secretmanager();
  const filter = Object.entries(args.labels)
    .map(([key, value]) => `labels.${key}=${value}`)
    .join(' AND ');
  const secrets = await answerOf(client.listSecrets({ parent: `projects/${args.project}`, filter }, ONCE));
  return secrets
    .map(toSecret)
    .filter((secret) => Object.entries(args.labels).every(([key, value]) => secret.labels[key] === value));
}

/**
 * Makes the secret, without any version, if it is missing. With `locations` its values are kept in these regions alone; otherwise
 * Google replicates as it likes. https://docs.cloud.google.com/secret-manager/docs/choosing-replication
 */
export async function createSecret(
  google: Google,
  args: SecretArgs & { labels: Labels; locations?: string[] },
): Promise<Made<Secret>> {
  const client = await google.apis.secretmanager();
  const replication =
    args.locations === undefined
      ? { automatic: {} }
      : { userManaged: { replicas: args.locations.map((location) => ({ location })) } };
  const request = { parent: `projects/${args.project}`, secretId: args.secretId, secret: { labels: args.labels, replication } };
  return createOrGet(google, {
    create: async () => toSecret(await answerOf(client.createSecret(request, ONCE))),
    get: () => getSecret(google, args),
  });
}

/** Brings the labels of the secret to these; others that it may have go. */
export async function patchSecret(google: Google, args: SecretArgs & { labels: Labels }): Promise<void> {
  const client = await google.apis.secretmanager();
  await answerOf(
    client.updateSecret({ secret: { name: secretName(args), labels: args.labels }, updateMask: { paths: ['labels'] } }, ONCE),
  );
}

/** Deletes the secret with all versions; one that is not there is fine. */
export async function deleteSecret(google: Google, args: SecretArgs): Promise<void> {
  const client = await google.apis.secretmanager();
  try {
    await answerOf(client.deleteSecret({ name: secretName(args) }, ONCE));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function toSecret(wire: WireSecret): Secret {
  const name = wire.name ?? '';
  return { secretId: name.slice(name.lastIndexOf('/') + 1), labels: { ...wire.labels }, annotations: { ...wire.annotations } };
}
