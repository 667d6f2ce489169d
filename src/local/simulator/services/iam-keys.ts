import { createPublicKey, X509Certificate } from 'node:crypto';
import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import type { AccountRecord } from './iam-accounts.ts';
import {
  FOREVER,
  findKey,
  type KeyRecord,
  listKeys,
  newKeyPair,
  removeKey,
  saveKey,
  seconds,
  signingKey,
} from './iam-keys-store.ts';
import { accountOf } from './iam-service-accounts.ts';
import { checkNewKey } from './orgpolicy-checks.ts';
import { badRequest, failedPrecondition, notFound } from './refusals.ts';
import { certify } from './rsa-certificates.ts';

const MOST_KEYS = 10;
/** Whose key signs the certificates around public keys. */
const CERTIFIER = 'certificates';

/** https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys */
export const keyMethods: Record<string, Handler> = {
  'iam.projects.serviceAccounts.keys.create': create,
  'iam.projects.serviceAccounts.keys.upload': upload,
  'iam.projects.serviceAccounts.keys.get': async (call, sim) => {
    const { account, key } = keyOf(call, sim);
    const data = await publicKeyData(sim, key, call.params['publicKeyType']);
    return { ...show(account, key), ...(data ? { publicKeyData: Buffer.from(data).toString('base64') } : {}) };
  },
  'iam.projects.serviceAccounts.keys.list': async (call, sim) => {
    const account = accountOf(call, sim);
    await signingKey(sim, account.email);
    const types = [call.params['keyTypes'] ?? []].flat();
    const keys = listKeys(sim, account.email).filter((key) => types.length === 0 || types.includes(key.type));
    return keys.length > 0 ? { keys: keys.map((key) => show(account, key)) } : {};
  },
  'iam.projects.serviceAccounts.keys.delete': (call, sim) => {
    const { account, key } = keyOf(call, sim);
    if (key.type === 'SYSTEM_MANAGED') throw failedPrecondition('A key that is managed by Google cannot be deleted.');
    removeKey(sim, account.email, key.id);
    return {};
  },
  'iam.projects.serviceAccounts.keys.enable': (call, sim) => setDisabled(call, sim, false),
  'iam.projects.serviceAccounts.keys.disable': (call, sim) => setDisabled(call, sim, true),
};

async function create(call: Call, sim: Sim): Promise<JsonObject> {
  const account = accountOf(call, sim);
  checkNewKey(sim, account, 'Creation');
  const algorithm = call.body['keyAlgorithm'] ?? 'KEY_ALG_RSA_2048';
  if (algorithm === 'KEY_ALG_RSA_1024') throw badRequest('Keys of 1024 bits can no longer be created.');
  const fileType = call.body['privateKeyType'] ?? 'TYPE_GOOGLE_CREDENTIALS_FILE';
  if (fileType === 'TYPE_PKCS12_FILE') throw badRequest('Keys are only given as TYPE_GOOGLE_CREDENTIALS_FILE.');
  const pair = await newKeyPair();
  checkCount(sim, account);
  const key = newRecord(sim, account, pair.publicKey, 'GOOGLE_PROVIDED');
  saveKey(sim, key);
  return {
    ...show(account, key),
    privateKeyType: 'TYPE_GOOGLE_CREDENTIALS_FILE',
    privateKeyData: Buffer.from(JSON.stringify(credentials(account, key.id, pair.privateKey), undefined, 2)).toString('base64'),
  };
}

/** The public half in the form that was asked for; the certificate around it is signed by one key for all. */
async function publicKeyData(sim: Sim, key: KeyRecord, type: unknown): Promise<string | undefined> {
  if (type === 'TYPE_RAW_PUBLIC_KEY') return key.publicKey;
  if (type !== 'TYPE_X509_PEM_FILE') return undefined;
  const subject = { commonName: key.email, notBefore: new Date(key.validAfterTime), notAfter: new Date(key.validBeforeTime) };
  return certify(await signingKey(sim, CERTIFIER), key.publicKey, subject);
}

/** The file that a user downloads. https://docs.cloud.google.com/iam/docs/keys-create-delete */
function credentials(account: AccountRecord, keyId: string, privateKey: string): JsonObject {
  return {
    type: 'service_account',
    project_id: account.projectId,
    private_key_id: keyId,
    private_key: privateKey,
    client_email: account.email,
    client_id: account.uniqueId,
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(account.email)}`,
    universe_domain: 'googleapis.com',
  };
}

function upload(call: Call, sim: Sim): JsonObject {
  const account = accountOf(call, sim);
  checkNewKey(sim, account, 'Upload');
  const pem = Buffer.from(String(call.body['publicKeyData'] ?? ''), 'base64').toString();
  const publicKey = readPublicKey(pem);
  if (publicKey === undefined) throw badRequest('The public key must be an RSA key in a PEM-encoded X.509 certificate.');
  checkCount(sim, account);
  const key = newRecord(sim, account, publicKey, 'USER_PROVIDED');
  saveKey(sim, key);
  return show(account, key);
}

function readPublicKey(pem: string): string | undefined {
  try {
    const key = pem.includes('CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
    return key.asymmetricKeyType === 'rsa' ? String(key.export({ type: 'spki', format: 'pem' })) : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function newRecord(sim: Sim, account: AccountRecord, publicKey: string, origin: KeyRecord['origin']): KeyRecord {
  return {
    id: sim.id(40),
    email: account.email,
    type: 'USER_MANAGED',
    origin,
    publicKey,
    validAfterTime: seconds(sim.now()),
    validBeforeTime: FOREVER,
  };
}

function checkCount(sim: Sim, account: AccountRecord): void {
  const own = listKeys(sim, account.email).filter((key) => key.type === 'USER_MANAGED');
  if (own.length >= MOST_KEYS) throw failedPrecondition('Precondition check failed.');
}

function show(account: AccountRecord, key: KeyRecord): JsonObject {
  return {
    name: `projects/${account.projectId}/serviceAccounts/${account.email}/keys/${key.id}`,
    validAfterTime: key.validAfterTime,
    validBeforeTime: key.validBeforeTime,
    keyAlgorithm: 'KEY_ALG_RSA_2048',
    keyOrigin: key.origin,
    keyType: key.type,
    ...(key.disabled ? { disabled: true } : {}),
  };
}

function keyOf(call: Call, sim: Sim): { account: AccountRecord; key: KeyRecord } {
  const account = accountOf(call, sim);
  const id = /\/keys\/([^/]+)$/.exec(String(call.params['name']))?.[1] ?? '';
  const key = findKey(sim, account.email, id);
  if (!key) throw notFound(`Service account key ${id} does not exist.`);
  return { account, key };
}

function setDisabled(call: Call, sim: Sim, disabled: boolean): JsonObject {
  const { disabled: _, ...key } = keyOf(call, sim).key;
  saveKey(sim, disabled ? { ...key, disabled } : key);
  return {};
}
