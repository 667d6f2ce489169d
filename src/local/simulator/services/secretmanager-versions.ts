import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { checkEtag } from './etags.ts';
import { badRequest, failedPrecondition } from './refusals.ts';
import { listOf } from './secretmanager-lists.ts';
import {
  canonicalName,
  listVersions,
  readPayload,
  readSecret,
  readVersion,
  removePayload,
  type SecretRecord,
  savePayload,
  saveSecret,
  saveVersion,
  type VersionRecord,
} from './secretmanager-records.ts';
import { Crc32c } from './storage-crc32c.ts';

const MOST_BYTES = 65_536;

/** https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions */
export const versionMethods: Record<string, Handler> = {
  'secretmanager.projects.secrets.addVersion': add,
  'secretmanager.projects.secrets.versions.get': (call, sim) => {
    const version = versionOf(call, sim);
    return show(secretOf(sim, version), version);
  },
  'secretmanager.projects.secrets.versions.list': list,
  'secretmanager.projects.secrets.versions.access': (call, sim) => {
    const version = versionOf(call, sim);
    const data = accessVersion(sim, version);
    return { name: version.name, payload: { data: data.toString('base64'), dataCrc32c: checksum(data) } };
  },
  'secretmanager.projects.secrets.versions.enable': (call, sim) => change(call, sim, 'ENABLED'),
  'secretmanager.projects.secrets.versions.disable': (call, sim) => change(call, sim, 'DISABLED'),
  'secretmanager.projects.secrets.versions.destroy': destroy,
};

/**
 * What a secret holds, for other services that mount it.
 * @param name `projects/P/secrets/S/versions/V`, by id or number, V a number, an alias or `latest`
 * @throws GoogleError 404 when there is no such version, 400 FAILED_PRECONDITION when it is disabled or destroyed
 */
export function accessSecret(sim: Sim, name: string): Buffer {
  return accessVersion(sim, readVersion(sim, canonicalName(sim, name)));
}

function accessVersion(sim: Sim, version: VersionRecord): Buffer {
  if (version.state !== 'ENABLED') throw wrongState(version);
  return readPayload(sim, version);
}

function add(call: Call, sim: Sim): JsonObject {
  const secret = readSecret(sim, canonicalName(sim, String(call.params['parent'])));
  const { data, dataCrc32c } = (call.body['payload'] ?? {}) as { data?: string; dataCrc32c?: string };
  const payload = Buffer.from(data ?? '', 'base64');
  if (payload.length === 0) throw badRequest('Secret Payload cannot be empty.');
  if (payload.length > MOST_BYTES)
    throw badRequest(`The payload is ${payload.length} bytes long; the maximum size is ${MOST_BYTES} bytes.`);
  if (dataCrc32c !== undefined && BigInt(dataCrc32c) !== BigInt(checksum(payload))) {
    throw badRequest(`The provided checksum [${dataCrc32c}] does not match the checksum of the payload received by the server.`);
  }
  const number = secret.versions + 1;
  const version = saveVersion(sim, {
    name: `${secret.name}/versions/${number}`,
    number,
    createTime: sim.timestamp(),
    etag: '',
    state: 'ENABLED',
    ...(dataCrc32c === undefined ? {} : { clientSpecifiedPayloadChecksum: true }),
  });
  savePayload(sim, version, payload);
  saveSecret(sim, { ...secret, versions: number });
  return show(secret, version);
}

function list(call: Call, sim: Sim): JsonObject {
  const secret = readSecret(sim, canonicalName(sim, String(call.params['parent'])));
  const all = listVersions(sim, secret.name).map((version) => ({
    key: String(1e9 - version.number).padStart(10, '0'),
    value: show(secret, version),
  }));
  return listOf('versions', all, call);
}

function change(call: Call, sim: Sim, state: 'ENABLED' | 'DISABLED'): JsonObject {
  const version = versionOf(call, sim);
  checkEtag(call.body['etag'], version.etag);
  if (version.state === 'DESTROYED') throw wrongState(version);
  const { scheduledDestroyTime: _, ...kept } = version;
  return show(secretOf(sim, version), saveVersion(sim, { ...kept, state }));
}

/** At once, or when the secret has a `versionDestroyTtl`, by disabling it until then. */
function destroy(call: Call, sim: Sim): JsonObject {
  const version = versionOf(call, sim);
  checkEtag(call.body['etag'], version.etag);
  if (version.state === 'DESTROYED') throw wrongState(version);
  const secret = secretOf(sim, version);
  if (secret.versionDestroyTtl && version.scheduledDestroyTime === undefined) {
    const time = new Date(sim.now().getTime() + Number.parseFloat(secret.versionDestroyTtl) * 1000).toISOString();
    return show(secret, saveVersion(sim, { ...version, state: 'DISABLED', scheduledDestroyTime: time }));
  }
  removePayload(sim, version);
  const { scheduledDestroyTime: _, ...kept } = version;
  return show(secret, saveVersion(sim, { ...kept, state: 'DESTROYED', destroyTime: sim.timestamp() }));
}

function versionOf(call: Call, sim: Sim): VersionRecord {
  return readVersion(sim, canonicalName(sim, String(call.params['name'])));
}

function secretOf(sim: Sim, version: VersionRecord): SecretRecord {
  return readSecret(sim, version.name.replace(/\/versions\/\d+$/, ''));
}

function wrongState(version: VersionRecord): Error {
  return failedPrecondition(`Secret Version [${version.name}] is in ${version.state} state.`);
}

function checksum(data: Buffer): string {
  return String(Buffer.from(new Crc32c().update(data).base64(), 'base64').readUInt32BE());
}

function show(secret: SecretRecord, { number: _, ...version }: VersionRecord): JsonObject {
  const replicas = secret.replication.userManaged?.replicas.map(({ location }) => ({ location }));
  return { ...version, replicationStatus: replicas ? { userManaged: { replicas } } : { automatic: {} } };
}
