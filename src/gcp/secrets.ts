import type { Google } from './google.ts';
import type { PolicyResource } from './iam-policy.ts';
import type { Labels } from './labels.ts';

export interface Secret {
  /** The id in the project, such as `mlflow_database_url`. */
  secretId: string;
  labels: Labels;
  annotations: Labels;
}
export interface SecretVersion {
  /** Decimal number as text: what a `secretKeyRef` is pinned to. */
  version: string;
  state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
  /** ISO time. */
  createTime: string;
}
export interface SecretArgs {
  project: string;
  secretId: string;
}

/** The secret, or undefined. */
export async function getSecret(google: Google, args: SecretArgs): Promise<Secret | undefined> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** The secrets of the project that carry all of these labels. */
export async function listSecrets(google: Google, args: { project: string; labels: Labels }): Promise<Secret[]> {
  throw new Error(`${String(google)}${args.project}`);
}

/** Makes the secret, without any version, if it is missing. `locations` undefined: Google replicates as it likes. */
export async function createSecret(
  google: Google,
  args: SecretArgs & { labels: Labels; locations?: string[] },
): Promise<{ value: Secret; created: boolean }> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** Brings the labels of the secret to these. */
export async function patchSecret(google: Google, args: SecretArgs & { labels: Labels }): Promise<void> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** Adds a version with this value, guarded by its CRC32C, and returns it. Google keeps each as it is for ever, until destroyed. */
export async function addVersion(google: Google, args: SecretArgs & { value: string | Buffer }): Promise<SecretVersion> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** All versions, the newest first. */
export async function listVersions(google: Google, args: SecretArgs): Promise<SecretVersion[]> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** The newest version that is enabled, or undefined where there is none (or no secret). */
export async function latestVersion(google: Google, args: SecretArgs): Promise<SecretVersion | undefined> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** The value of a version (default the latest), checked against its CRC32C; undefined where there is none or it is not enabled. */
export async function accessVersion(google: Google, args: SecretArgs & { version?: string }): Promise<{ version: string; value: string } | undefined> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** Makes a version unreadable; it can be enabled again. */
export async function disableVersion(google: Google, args: SecretArgs & { version: string }): Promise<void> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** Deletes the value of a version for good. */
export async function destroyVersion(google: Google, args: SecretArgs & { version: string }): Promise<void> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** Deletes the secret with all versions; one that is not there is fine. */
export async function deleteSecret(google: Google, args: SecretArgs): Promise<void> {
  throw new Error(`${String(google)}${args.secretId}`);
}

/** Who may read the secret. */
export function secretPolicy(google: Google, args: SecretArgs): PolicyResource {
  throw new Error(`${String(google)}${args.secretId}`);
}
