import { ensureGrants } from '../../gcp/iam-policy.ts';
import { deploymentLabels } from '../../gcp/labels.ts';
import { pause } from '../../gcp/retry.ts';
import { secretPolicy } from '../../gcp/secret-policy.ts';
import { accessVersion, addVersion, latestVersion } from '../../gcp/secret-versions.ts';
import { createSecret, deleteSecret, getSecret, patchSecret } from '../../gcp/secrets.ts';
import { deployerIds, missingGrants, secretGrants } from '../access.ts';
import type { Deployment, SecretKey } from '../deployment.ts';
import { assertOurs, labelDifferences } from '../ownership.ts';
import type { Resource, StackContext } from '../resource.ts';
import { databaseLogin, databaseUrl, databaseUsers, type SecretValue, secretValue } from '../secret-values.ts';
import { settle } from '../settle.ts';

const USUAL_SECRET_SECONDS = 2;
/** Between making a secret and giving it its value a run makes no other call. */
const OTHER_RUN_MS = 3_000;
const OTHER_RUN_LOOK_MS = 200;

/** The id of a secret's resource: `secret-database_url`. */
export function secretResourceId(key: SecretKey): string {
  return `secret-${key}`;
}

/** One of the five secrets, with a value, readable by the server's account and by nobody else of ours. */
export function secretResource(deployment: Deployment, key: SecretKey): Resource {
  const { project } = deployment;
  const secretId = deployment.secrets[key];
  const args = { project, secretId };
  const title = `Secret ${secretId}`;
  const labels = deploymentLabels(deployment.name);
  const placement = deployment.secretLocations && { locations: deployment.secretLocations };
  const grants = secretGrants(deployment, key);
  return {
    id: secretResourceId(key),
    title,
    // Not for the instance that the database's URL names: where that gets another name when it is made, the URL gets a new version.
    dependsOn: ['services', 'server-account', ...deployerIds(deployment)],
    usualSeconds: USUAL_SECRET_SECONDS,
    // The database's password is in it: without it the data that is kept could not be read.
    ...(key === 'database_url' && { holdsData: true }),
    async observe(context) {
      const { google } = context;
      // All at once: a run with nothing to do should not take four looks one after another.
      const [found, pending] = await settle([getSecret(google, args), pendingValue(context, key, args)]);
      if (found === undefined) return { action: 'create', differences: [] };
      assertOurs(title, found.labels, deployment);
      const missing = await missingGrants(secretPolicy(google, args), grants);
      const differences = [
        ...labelDifferences(found.labels, deployment),
        ...(pending === undefined ? [] : [pending.reason]),
        ...missing,
      ];
      return { action: differences.length > 0 ? 'update' : 'unchanged', differences };
    },
    async ensure(context) {
      const { google } = context;
      const { value: found, created, certain } = await createSecret(google, { ...args, labels, ...placement });
      assertOurs(title, found.labels, deployment);
      const relabel = labelDifferences(found.labels, deployment).length > 0;
      if (relabel) await patchSecret(google, { ...args, labels: { ...found.labels, ...labels } });
      const fill = async (): Promise<boolean> => {
        // Only what was surely made now has no value: a second one would shut out whoever has the first.
        const pending = created && certain ? secretValue(context, key) : await pendingUnlessFilled(context, key, args);
        if (pending !== undefined) await addVersion(google, { ...args, value: pending.value });
        return pending !== undefined;
      };
      const [filled, granted] = await settle([fill(), ensureGrants(google, secretPolicy(google, args), grants)]);
      if (created && (certain || filled)) return 'created';
      return relabel || granted || filled ? 'updated' : 'unchanged';
    },
    async remove({ google }) {
      const found = await getSecret(google, args);
      if (found === undefined) return 'absent';
      assertOurs(title, found.labels, deployment);
      await deleteSecret(google, args);
      return 'deleted';
    },
  };
}

/**
 * As {@link pendingValue}, of a secret that was there before: another run may have made it a moment ago and be about to give it the
 * value that it made up. One value is enough, so that one is waited for a little.
 */
async function pendingUnlessFilled(
  context: StackContext,
  key: SecretKey,
  args: { project: string; secretId: string },
): Promise<SecretValue | undefined> {
  const { google } = context;
  const end = google.clock.now() + OTHER_RUN_MS;
  for (;;) {
    const pending = await pendingValue(context, key, args);
    if (pending?.generated !== true || google.clock.now() >= end) return pending;
    await pause(google, OTHER_RUN_LOOK_MS);
  }
}

/** The value to add as a new version and why; undefined where the newest one is right. */
async function pendingValue(
  context: StackContext,
  key: SecretKey,
  args: { project: string; secretId: string },
): Promise<(SecretValue & { reason: string }) | undefined> {
  const wanted = secretValue(context, key);
  const reason = 'a new version: its value changes';
  if (key === 'database_url') return pendingDatabaseUrl(context, args, { ...wanted, reason });
  if (wanted.generated)
    return (await latestVersion(context.google, args)) === undefined ? { ...wanted, reason: 'a first version' } : undefined;
  const current = await accessVersion(context.google, args);
  return current?.value === wanted.value ? undefined : { ...wanted, reason };
}

/** A URL that leads to another instance, or to no database at all, is replaced; its password is kept where it has one. */
async function pendingDatabaseUrl<T extends SecretValue>(
  { google, deployment }: StackContext,
  args: { project: string; secretId: string },
  wanted: T,
): Promise<T | undefined> {
  const current = (await accessVersion(google, args))?.value;
  const login = current === undefined ? undefined : databaseLogin(current);
  if (login === undefined) return wanted;
  const user = databaseUsers(deployment).find((known) => known === login.user);
  const value = databaseUrl(deployment, login.password, user);
  return current === value ? undefined : { ...wanted, value };
}
