import { UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { addVersion, disableVersion, latestVersion, listVersions } from '../gcp/secret-versions.ts';
import { getSecret, patchSecret, type Secret, type SecretArgs } from '../gcp/secrets.ts';
import type { Deployment } from './deployment.ts';
import { assertOurs } from './ownership.ts';
import { APPLIED_LABEL } from './resources/database.ts';
import { nextDatabaseUrl, retireIdleUsers } from './rotate-database.ts';
import { newPassword } from './secret-values.ts';
import type { Serving } from './serving.ts';

/** The secrets that can be made up anew: the others say where something is. */
export const ROTATED_KEYS = ['tracking_password', 'database_url'] as const;
export type RotatedKey = (typeof ROTATED_KEYS)[number];

/** On a secret while it is rotated: the version that was the newest before. A run after a killed one goes on by it. */
const ROTATING_LABEL = 'mlflow-gcp-rotating';

export interface Rotation {
  key: RotatedKey;
  secretId: string;
  /** The version that takes over. */
  version: string;
  /** When that version was made, as ISO time. */
  createTime: string;
  /** It was made by a run that did not come to its end. */
  resumed: boolean;
}

/**
 * Makes the new version, unless a run before has; `resumed` are the rotations of this run that one before had begun: what was made later
 * than theirs was made together with them, and is finished ({@link finishRotation} goes backwards). From here on two versions are good: the database knows the new password before the
 * version is there, so that a deployment may take it at any time, and what serves goes on with the old one.
 */
export async function beginRotation(
  google: Google,
  deployment: Deployment,
  key: RotatedKey,
  { serving, resumed }: { serving: Serving | undefined; resumed: Rotation[] },
): Promise<Rotation> {
  const args = { project: deployment.project, secretId: deployment.secrets[key] };
  const [secret, newest] = [await getSecret(google, args), await latestVersion(google, args)];
  if (secret === undefined || newest === undefined) throw missing(deployment, args.secretId);
  assertOurs(`Secret ${args.secretId}`, secret.labels, deployment);
  const begun = Number(secret.labels[ROTATING_LABEL] ?? 0);
  const made = begun > 0 ? Number(newest.version) > begun : resumed.some(({ createTime }) => newest.createTime >= createTime);
  if (made) return { key, secretId: args.secretId, ...newest, resumed: true };
  await patchLabels(google, args, secret, { [ROTATING_LABEL]: newest.version });
  const added =
    key === 'database_url'
      ? await nextDatabaseUrl(google, deployment, { serving, newest: newest.version })
      : await addVersion(google, { ...args, value: newPassword() });
  return { key, secretId: args.secretId, ...added, resumed: false };
}

/**
 * Ends the old values, once nothing that serves needs them: the versions before the new one are disabled, and the database user that is
 * out of use gets a password that nobody knows. To be called for the last that was begun first, so that a run after a killed one sees by the
 * first what belongs together. Returns the versions that were disabled.
 */
export async function finishRotation(google: Google, deployment: Deployment, rotation: Rotation): Promise<string[]> {
  const args = { project: deployment.project, secretId: rotation.secretId };
  if (rotation.key === 'database_url') await retireIdleUsers(google, deployment, rotation.version);
  const old = (await listVersions(google, args)).filter(
    ({ version, state }) => state === 'ENABLED' && Number(version) < Number(rotation.version),
  );
  for (const { version } of old) await disableVersion(google, { ...args, version });
  const secret = await getSecret(google, args);
  if (secret?.labels[ROTATING_LABEL] !== undefined) {
    const { [ROTATING_LABEL]: _done, ...labels } = secret.labels;
    // What `init` goes by, so that it does not set the same password of the database once more.
    const applied = rotation.key === 'database_url' ? { [APPLIED_LABEL]: rotation.version } : {};
    await patchSecret(google, { ...args, labels: { ...labels, ...applied } });
  }
  return old.map(({ version }) => version);
}

function patchLabels(google: Google, args: SecretArgs, secret: Secret, labels: Record<string, string>): Promise<void> {
  return patchSecret(google, { ...args, labels: { ...secret.labels, ...labels } });
}

function missing({ project, name }: Deployment, secretId: string): UserError {
  return new UserError({
    code: 'SECRETS_MISSING',
    message: `Project ${project} has no enabled version of ${secretId}: deployment ${name} is not there, or not finished.`,
    hint: `Make it, or finish it, with: mlflow-gcp init --project ${project} --name ${name}`,
  });
}
