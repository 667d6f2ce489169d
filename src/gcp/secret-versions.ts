import type { protos } from '@google-cloud/secret-manager';
import { UserError } from '../errors.ts';
import { crc32cOf } from './crc32c.ts';
import { failureOf, isNotFound } from './errors.ts';
import { answerOf, ONCE } from './gax.ts';
import type { Google } from './google.ts';
import { isTransient, retry } from './retry.ts';
import { type SecretArgs, secretName } from './secrets.ts';

type WireVersion = protos.google.cloud.secretmanager.v1.ISecretVersion;

export interface SecretVersion {
  /** Decimal number as text: what a `secretKeyRef` is pinned to. */
  version: string;
  /** ENABLED, DISABLED, DESTROYED */
  state: string;
  /** ISO time. */
  createTime: string;
}

/**
 * Adds a version with this value, guarded by its CRC32C, and returns it. A lost answer is looked up by the value itself, so that no
 * second version comes of it. https://docs.cloud.google.com/secret-manager/docs/add-secret-version
 */
export async function addVersion(google: Google, args: SecretArgs & { value: string }): Promise<SecretVersion> {
  const client = await google.apis.secretmanager();
  const data = Buffer.from(args.value, 'utf8');
  const request = { parent: secretName(args), payload: { data, dataCrc32c: (await crc32cOf(data)).number } };
  const add = async () => toVersion(await answerOf(client.addSecretVersion(request, ONCE)));
  try {
    return await add();
  } catch (error) {
    if (!isTransient(error)) throw error;
    const latest = await latestVersion(google, args);
    const landed =
      latest !== undefined && (await accessVersion(google, { ...args, version: latest.version }))?.value === args.value;
    return landed ? latest : add();
  }
}

/** All versions, the newest first; none where there is no secret. */
export async function listVersions(google: Google, args: SecretArgs): Promise<SecretVersion[]> {
  const client = await google.apis.secretmanager();
  try {
    const versions = await answerOf(client.listSecretVersions({ parent: secretName(args) }, ONCE));
    return versions.map(toVersion).sort((a, b) => Number(b.version) - Number(a.version));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** The newest version that is enabled, or undefined where there is none (or no secret). */
export async function latestVersion(google: Google, args: SecretArgs): Promise<SecretVersion | undefined> {
  return (await listVersions(google, args)).find((version) => version.state === 'ENABLED');
}

/**
 * The value of a version (default: the latest, which Google takes to be the newest whether it is enabled or not), checked against its
 * CRC32C; undefined where there is none or it is not enabled.
 * https://docs.cloud.google.com/secret-manager/docs/access-secret-version
 */
export async function accessVersion(
  google: Google,
  args: SecretArgs & { version?: string },
): Promise<{ version: string; value: string } | undefined> {
  const client = await google.apis.secretmanager();
  try {
    const answer = await answerOf(
      client.accessSecretVersion({ name: `${secretName(args)}/versions/${args.version ?? 'latest'}` }, ONCE),
    );
    const data = Buffer.from((answer.payload?.data ?? '') as Uint8Array);
    const expected = answer.payload?.dataCrc32c;
    if (expected != null && Number(expected) !== (await crc32cOf(data)).number) throw corrupted(args);
    return { version: lastPart(answer.name), value: data.toString('utf8') };
  } catch (error) {
    // A version that is disabled or destroyed is answered with FAILED_PRECONDITION.
    if (isNotFound(error) || failureOf(error)?.rpcStatus === 'FAILED_PRECONDITION') return undefined;
    throw error;
  }
}

/** Makes a version unreadable; it can be enabled again. One that is so already is fine, so that a lost answer is no harm. */
export async function disableVersion(google: Google, args: SecretArgs & { version: string }): Promise<void> {
  const client = await google.apis.secretmanager();
  const name = `${secretName(args)}/versions/${args.version}`;
  await retry(google, () => answerOf(client.disableSecretVersion({ name }, ONCE)));
}

/** Deletes the value of a version for good. */
export async function destroyVersion(google: Google, args: SecretArgs & { version: string }): Promise<void> {
  const client = await google.apis.secretmanager();
  await answerOf(client.destroySecretVersion({ name: `${secretName(args)}/versions/${args.version}` }, ONCE));
}

function toVersion(wire: WireVersion): SecretVersion {
  const seconds = Number(wire.createTime?.seconds ?? 0);
  const nanos = wire.createTime?.nanos ?? 0;
  return {
    version: lastPart(wire.name),
    state: String(wire.state),
    createTime: new Date(seconds * 1000 + nanos / 1e6).toISOString(),
  };
}

function lastPart(name: string | null | undefined): string {
  return (name ?? '').slice((name ?? '').lastIndexOf('/') + 1);
}

function corrupted(args: SecretArgs): UserError {
  return new UserError({
    code: 'SECRET_CORRUPTED',
    message: `The value of secret ${args.secretId} in project ${args.project} does not fit its checksum: it was changed on the way.`,
    hint: 'Run the command again; if it stays so, set the secret anew: mlflow-gcp secrets set',
  });
}
