import type { JsonObject, Sim } from '../service.ts';
import { invalidField } from './refusals.ts';
import { isRegion } from './regions.ts';
import type { SecretRecord } from './secretmanager-records.ts';

/** A secret as a client sends it. */
export type SecretInput = Partial<SecretRecord> & { ttl?: string } & JsonObject;

const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const MOST_LABELS = 64;
const MOST_ANNOTATION_BYTES = 16_384;
const MOST_ALIASES = 50;

/**
 * Refuses what Secret Manager refuses of a new or changed secret.
 * https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets#Secret
 * @param versions how many versions the secret has had: aliases must name one of them
 * @throws GoogleError 400 INVALID_ARGUMENT
 */
export function checkSecret(sim: Sim, secret: SecretInput, versions = 0): void {
  checkLabels(secret.labels ?? {});
  checkAnnotations(secret.annotations ?? {});
  for (const replica of secret.replication?.userManaged?.replicas ?? []) {
    if (!isRegion(replica.location))
      throw invalidField('secret.replication.user_managed.replicas', `The location [${replica.location}] is not supported.`);
  }
  if (secret.replication?.userManaged && !secret.replication.userManaged.replicas?.length) {
    throw invalidField('secret.replication.user_managed.replicas', 'At least one replica must be given.');
  }
  if (secret.expireTime !== undefined && Date.parse(secret.expireTime) <= sim.now().getTime()) {
    throw invalidField('secret.expire_time', 'The expiration time must be in the future.');
  }
  if (secret.rotation && !secret.topics?.length) {
    throw invalidField('secret.rotation', 'Secrets with a rotation must have at least one topic.');
  }
  checkAliases(secret.versionAliases ?? {}, versions);
}

function checkLabels(labels: Record<string, string>): void {
  if (Object.keys(labels).length > MOST_LABELS) throw invalidField('secret.labels', `At most ${MOST_LABELS} labels can be set.`);
  for (const [key, value] of Object.entries(labels)) {
    if (!LABEL_KEY.test(key) || !LABEL_VALUE.test(value))
      throw invalidField('secret.labels', `The label [${key}: ${value}] is not valid.`);
  }
}

function checkAnnotations(annotations: Record<string, string>): void {
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  if (bytes > MOST_ANNOTATION_BYTES) throw invalidField('secret.annotations', 'The annotations must not be larger than 16 KiB.');
  const wrong = Object.keys(annotations).find((key) => !/^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/.test(key));
  if (wrong !== undefined) throw invalidField('secret.annotations', `The annotation key [${wrong}] is not valid.`);
}

function checkAliases(aliases: Record<string, string>, versions: number): void {
  if (Object.keys(aliases).length > MOST_ALIASES)
    throw invalidField('secret.version_aliases', `At most ${MOST_ALIASES} aliases can be set.`);
  for (const [alias, version] of Object.entries(aliases)) {
    if (!/^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/.test(alias) || alias === 'latest' || alias === 'NEW') {
      throw invalidField('secret.version_aliases', `The alias [${alias}] is not valid.`);
    }
    if (Number(version) < 1 || Number(version) > versions) {
      throw invalidField('secret.version_aliases', `The alias [${alias}] refers to version [${version}], which does not exist.`);
    }
  }
}
