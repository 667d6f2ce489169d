import type { Call, Handler, JsonObject, OperationKind, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { invalidRequest } from './sqladmin-errors.ts';
import { checkRunning } from './sqladmin-instances.ts';
import { startOperation, withInstance } from './sqladmin-operations.ts';
import { checkIdle, type InstanceRecord, instanceOf, keyOf, link } from './sqladmin-records.ts';
import { isRunning, startServer, translated } from './sqladmin-runtime.ts';
import { describe, findTls, newClientCertificate, revoke, saveTls, signPublicKey, type TlsRecord } from './sqladmin-tls.ts';

const KIND = 'sqladmin.sslCerts';
const MOST_CERTS = 10;

/** Client certificates. https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/sslCerts */
export const sslCertMethods: Record<string, Handler> = {
  'sql.sslCerts.insert': insert,
  'sql.sslCerts.list': (call, sim) => {
    const instance = instanceOf(call, sim);
    const items = list(sim, instance).map((cert) => show(call.version, instance, cert));
    return { kind: 'sql#sslCertsList', ...(items.length > 0 ? { items } : {}) };
  },
  'sql.sslCerts.get': (call, sim) => {
    const instance = instanceOf(call, sim);
    return show(call.version, instance, certOf(call, sim, instance));
  },
  'sql.sslCerts.delete': (call, sim) => {
    const instance = instanceOf(call, sim);
    const cert = certOf(call, sim, instance);
    const data = { sha1Fingerprint: String(cert['sha1Fingerprint']) };
    return startOperation(call, sim, { kind: 'deleteSslCert', type: 'UPDATE', instance, data });
  },
  'sql.sslCerts.createEphemeral': async (call, sim) => describe(await ephemeral(call, sim), String(call.params['instance'])),
  'sql.connect.generateEphemeral': async (call, sim) => ({
    ephemeralCert: await describe(await ephemeral(call, sim), String(call.params['instance'])),
  }),
};

/** How the long operations on client certificates end. */
export const sslCertEffects: Record<string, OperationKind> = {
  createSslCert: { usual: 'sql.sslCerts', finish: (operation, sim) => withInstance(operation, sim, async () => undefined) },
  deleteSslCert: {
    usual: 'sql.sslCerts',
    finish: (operation, sim) =>
      withInstance(operation, sim, (instance) => remove(instance, sim, String(operation.data['sha1Fingerprint']))),
  },
};

/** Forgets all client certificates of an instance, whose authority is new. */
export function dropSslCerts(sim: Sim, instance: InstanceRecord): void {
  for (const { key } of sim.store.list(KIND, `${keyOf(instance)}/`)) sim.store.delete(KIND, key);
}

/** What is deleted opens no connection any more: https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/sslCerts/delete */
async function remove(instance: InstanceRecord, sim: Sim, fingerprint: string): Promise<void> {
  const key = `${keyOf(instance)}/${fingerprint}`;
  const cert = sim.store.get(KIND, key);
  const tls = findTls(sim, instance);
  if (!cert || !tls) return;
  const changed = await revoke(tls, String(cert['certSerialNumber']), sim.now());
  if (isRunning(instance)) await translated(startServer(sim, instance, changed));
  saveTls(sim, instance, changed);
  sim.store.delete(KIND, key);
}

/** The private key is in this one answer and nowhere else. */
async function insert(call: Call, sim: Sim): Promise<JsonObject> {
  const instance = instanceOf(call, sim);
  const commonName = String(call.body['commonName'] ?? '');
  if (commonName === '' || commonName.length > 64) throw invalidRequest(`Invalid common name: ${JSON.stringify(commonName)}.`);
  check(sim, instance, commonName);
  const tls = tlsOf(sim, instance);
  const made = await newClientCertificate(tls, commonName, sim.now());
  const [described, serverCaCert] = await Promise.all([
    describe(made.certificate, instance.name),
    describe(tls.serverCa.certificate, instance.name),
  ]);
  check(sim, instance, commonName);
  const cert = { ...described, commonName };
  sim.store.put(KIND, `${keyOf(instance)}/${String(described['sha1Fingerprint'])}`, cert);
  return {
    kind: 'sql#sslCertsInsert',
    serverCaCert,
    clientCert: { certInfo: show(call.version, instance, cert), certPrivateKey: made.key },
    operation: startOperation(call, sim, { kind: 'createSslCert', type: 'UPDATE', instance }),
  };
}

function check(sim: Sim, instance: InstanceRecord, commonName: string): void {
  checkRunning(instance);
  checkIdle(sim, instance);
  const there = list(sim, instance);
  if (there.some((cert) => cert['commonName'] === commonName)) {
    throw new GoogleError({ code: 409, message: 'The SSL certificate already exists.', reason: 'sslCertAlreadyExists' });
  }
  if (there.length >= MOST_CERTS) throw invalidRequest(`An instance can have at most ${MOST_CERTS} client certificates.`);
}

/** Signs the key that a connector made for itself. */
async function ephemeral(call: Call, sim: Sim): Promise<string> {
  const instance = instanceOf(call, sim);
  checkRunning(instance);
  const pem = String(call.body['public_key'] ?? '');
  try {
    return await signPublicKey(tlsOf(sim, instance), pem, sim.now());
  } catch (error) {
    if (error instanceof Error && error.name === 'DataError')
      throw invalidRequest('The public key must be an RSA key in PEM form.');
    throw error;
  }
}

function tlsOf(sim: Sim, instance: InstanceRecord): TlsRecord {
  const tls = findTls(sim, instance);
  if (!tls) throw invalidRequest('Invalid request since instance is not running.');
  return tls;
}

function list(sim: Sim, instance: InstanceRecord): JsonObject[] {
  return sim.store.list(KIND, `${keyOf(instance)}/`).map(({ value }) => value);
}

function certOf(call: Call, sim: Sim, instance: InstanceRecord): JsonObject {
  const cert = sim.store.get(KIND, `${keyOf(instance)}/${String(call.params['sha1Fingerprint'])}`);
  if (!cert) throw new GoogleError({ code: 404, message: 'The SSL certificate does not exist.', reason: 'sslCertDoesNotExist' });
  return cert;
}

function show(version: string, instance: InstanceRecord, cert: JsonObject): JsonObject {
  return {
    ...cert,
    selfLink: link(version, instance.project, `instances/${instance.name}/sslCerts/${String(cert['sha1Fingerprint'])}`),
  };
}
