import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Sim } from '../service.ts';

const generate = promisify(generateKeyPair);

/** A key of a service account. Google keeps no private key that it hands out; of those it uses itself it shows none. */
export interface KeyRecord {
  id: string;
  email: string;
  type: 'USER_MANAGED' | 'SYSTEM_MANAGED';
  origin: 'GOOGLE_PROVIDED' | 'USER_PROVIDED';
  /** PEM (SPKI). */
  publicKey: string;
  validAfterTime: string;
  validBeforeTime: string;
  disabled?: boolean;
}

const KEYS = 'iam.serviceAccountKeys';
/** Private keys: nothing of this kind may be shown. */
export const SIGNING_KEYS = 'iam.signingKeys';

export const FOREVER = '9999-12-31T23:59:59Z';
const SYSTEM_KEY_DAYS = 16;

export async function newKeyPair(): Promise<{ publicKey: string; privateKey: string }> {
  return generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

export function findKey(sim: Sim, email: string, id: string): KeyRecord | undefined {
  return sim.store.get<KeyRecord>(KEYS, `${email}/${id}`);
}

export function listKeys(sim: Sim, email: string): KeyRecord[] {
  return sim.store.list<KeyRecord>(KEYS, `${email}/`).map(({ value }) => value);
}

export function saveKey(sim: Sim, key: KeyRecord): void {
  sim.store.put(KEYS, `${key.email}/${key.id}`, key);
}

export function removeKey(sim: Sim, email: string, id: string): void {
  sim.store.delete(KEYS, `${email}/${id}`);
}

/** Removes every key of an account that is deleted. */
export function removeKeys(sim: Sim, email: string): void {
  for (const key of listKeys(sim, email)) removeKey(sim, email, key.id);
  sim.store.delete(SIGNING_KEYS, email);
}

export interface SigningKey {
  id: string;
  privateKey: string;
}

/**
 * The key that Google itself signs with for a service account, made on first use. `signer` may also be a name that is no account,
 * such as Google's own issuer of identity tokens.
 */
export async function signingKey(sim: Sim, signer: string): Promise<SigningKey> {
  const there = sim.store.get<SigningKey>(SIGNING_KEYS, signer);
  if (there) return there;
  const pair = await newKeyPair();
  const madeMeanwhile = sim.store.get<SigningKey>(SIGNING_KEYS, signer);
  if (madeMeanwhile) return madeMeanwhile;
  const key = { id: sim.id(40), privateKey: pair.privateKey };
  const now = sim.now();
  sim.store.put(SIGNING_KEYS, signer, key);
  saveKey(sim, {
    id: key.id,
    email: signer,
    type: 'SYSTEM_MANAGED',
    origin: 'GOOGLE_PROVIDED',
    publicKey: pair.publicKey,
    validAfterTime: seconds(now),
    validBeforeTime: seconds(new Date(now.getTime() + SYSTEM_KEY_DAYS * 86_400_000)),
  });
  return key;
}

/** The keys that this account can have signed with: its own and Google's, disabled ones left out; the named one alone where one is named. */
export function verifyingKeys(sim: Sim, email: string, id: string | undefined): KeyObject[] {
  const keys = listKeys(sim, email).filter((key) => !key.disabled && (id === undefined || key.id === id));
  return keys.map(({ publicKey }) => createPublicKey(publicKey));
}

/** RFC 3339 in whole seconds, as IAM writes the times of keys. */
export function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
