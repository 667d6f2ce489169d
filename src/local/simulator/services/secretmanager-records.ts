import type { JsonObject, Sim } from '../service.ts';
import { notFound } from './refusals.ts';

export interface SecretRecord {
  /** `projects/NUMBER/secrets/ID` */
  name: string;
  createTime: string;
  etag: string;
  /** The number of the newest version there ever was. */
  versions: number;
  replication: { automatic?: JsonObject; userManaged?: { replicas: Array<{ location: string }> } };
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  versionAliases?: Record<string, string>;
  topics?: JsonObject[];
  rotation?: JsonObject;
  expireTime?: string;
  versionDestroyTtl?: string;
  tags?: Record<string, string>;
  secretType?: string;
}

export interface VersionRecord {
  /** `projects/NUMBER/secrets/ID/versions/1` */
  name: string;
  number: number;
  createTime: string;
  etag: string;
  state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
  destroyTime?: string;
  scheduledDestroyTime?: string;
  clientSpecifiedPayloadChecksum?: boolean;
}

const SECRETS = 'secretmanager.secrets';
const VERSIONS = 'secretmanager.versions';
/** What the secrets hold, base64: nothing of this kind may be shown. */
export const PAYLOADS = 'secretmanager.payloads';

/** An etag in Secret Manager's form: hex in quotes. */
export function newEtag(sim: Sim): string {
  return `"${sim.id(14)}"`;
}

/** The name by the project's number, whichever of id and number was sent. @throws GoogleError 403 for an unknown project */
export function canonicalName(sim: Sim, name: string): string {
  const [, project, rest] = /^projects\/([^/]+)(.*)$/s.exec(name) ?? [];
  return `projects/${sim.findProject(project ?? '').projectNumber}${rest ?? ''}`;
}

/** The secret of this canonical name; one whose time is over is gone. */
export function findSecret(sim: Sim, name: string): SecretRecord | undefined {
  const secret = sim.store.get<SecretRecord>(SECRETS, name);
  return secret && isAlive(sim, secret) ? secret : undefined;
}

/** @throws GoogleError 404 */
export function readSecret(sim: Sim, name: string): SecretRecord {
  const secret = findSecret(sim, name);
  if (!secret) throw notFound(`Secret [${name}] not found.`);
  return secret;
}

export function listSecrets(sim: Sim, parent: string): SecretRecord[] {
  return sim.store
    .list<SecretRecord>(SECRETS, `${parent}/secrets/`)
    .map(({ value }) => value)
    .filter((secret) => isAlive(sim, secret));
}

function isAlive(sim: Sim, secret: SecretRecord): boolean {
  return secret.expireTime === undefined || Date.parse(secret.expireTime) > sim.now().getTime();
}

export function saveSecret(sim: Sim, secret: SecretRecord): SecretRecord {
  const saved = { ...secret, etag: newEtag(sim) };
  sim.store.put(SECRETS, secret.name, saved);
  return saved;
}

export function removeSecret(sim: Sim, name: string): void {
  sim.store.delete(SECRETS, name);
  for (const { key } of sim.store.list(VERSIONS, `${name}/versions/`)) sim.store.delete(VERSIONS, key);
  for (const { key } of sim.store.list(PAYLOADS, `${name}/versions/`)) sim.store.delete(PAYLOADS, key);
}

export function listVersions(sim: Sim, secret: string): VersionRecord[] {
  return sim.store.list<VersionRecord>(VERSIONS, `${secret}/versions/`).map(({ value }) => value);
}

export function saveVersion(sim: Sim, version: VersionRecord): VersionRecord {
  const saved = { ...version, etag: newEtag(sim) };
  sim.store.put(VERSIONS, version.name, saved);
  return saved;
}

/**
 * The version that a canonical name means: by number, by alias, or the newest for `latest`.
 * @throws GoogleError 404
 */
export function readVersion(sim: Sim, name: string): VersionRecord {
  const [, secretName = '', wanted = ''] = /^(.*)\/versions\/([^/]+)$/.exec(name) ?? [];
  const secret = findSecret(sim, secretName);
  if (!secret || (wanted === 'latest' && secret.versions === 0))
    throw notFound(`Secret [${secretName}] not found or has no versions.`);
  const number = wanted === 'latest' ? secret.versions : (secret.versionAliases?.[wanted] ?? wanted);
  const version = sim.store.get<VersionRecord>(VERSIONS, `${secretName}/versions/${number}`);
  if (!version) throw notFound(`Secret Version [${name}] not found.`);
  return version;
}

export function readPayload(sim: Sim, version: VersionRecord): Buffer {
  return Buffer.from(sim.store.get<string>(PAYLOADS, version.name) ?? '', 'base64');
}

export function savePayload(sim: Sim, version: VersionRecord, payload: Buffer): void {
  sim.store.put(PAYLOADS, version.name, payload.toString('base64'));
}

export function removePayload(sim: Sim, version: VersionRecord): void {
  sim.store.delete(PAYLOADS, version.name);
}
