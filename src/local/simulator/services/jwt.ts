import { createPrivateKey, type KeyObject, sign, verify } from 'node:crypto';
import type { JsonObject } from '../service.ts';
import type { SigningKey } from './iam-keys-store.ts';

/** A JSON Web Token signed with RS256. @param payload its claims as the JSON text to sign */
export function signJwt(key: SigningKey, payload: string): string {
  const header = encode(JSON.stringify({ alg: 'RS256', kid: key.id, typ: 'JWT' }));
  const body = `${header}.${encode(payload)}`;
  return `${body}.${sign('sha256', Buffer.from(body), createPrivateKey(key.privateKey)).toString('base64url')}`;
}

/** The parts of a token, unchecked; undefined for what is none. */
export function readJwt(token: string): { header: JsonObject; claims: JsonObject } | undefined {
  const [header, claims, signature, ...rest] = token.split('.');
  if (!header || !claims || !signature || rest.length > 0) return undefined;
  try {
    return { header: decode(header), claims: decode(claims) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether the token's RS256 signature was made with this key. */
export function verifyJwt(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  return verify('sha256', Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'));
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function decode(part: string): JsonObject {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
  if (typeof value !== 'object' || value === null) throw new SyntaxError('not an object');
  return value as JsonObject;
}
