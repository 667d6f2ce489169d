import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Tokens } from './service.ts';

/** Who uses the simulator, as far as Google is concerned. */
export const DEFAULT_PRINCIPAL = 'user@example.com';
const PREFIX = 'ya29.sim.';
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

interface Content {
  email: string;
  scopes: string[];
  expireTime: string;
  principalSets?: string[];
}

/** Tokens that carry what they stand for, signed by a key kept in `keyFile` (0600): nothing to store, and good after a restart. */
export function openTokens(keyFile: string, now: () => Date): Tokens {
  if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(32).toString('hex'), { mode: 0o600 });
  const key = readFileSync(keyFile);
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  return {
    issue(email, { scopes = [CLOUD_PLATFORM], lifetimeSeconds = 3600, principalSets } = {}) {
      const expireTime = new Date(now().getTime() + lifetimeSeconds * 1000).toISOString();
      const content: Content = { email, scopes, expireTime, ...(principalSets && { principalSets }) };
      const text = Buffer.from(JSON.stringify({ ...content, nonce: randomBytes(6).toString('hex') })).toString('base64url');
      return `${PREFIX}${text}.${sign(text)}`;
    },
    describe(token) {
      const [text = '', signature = ''] = token.startsWith(PREFIX) ? token.slice(PREFIX.length).split('.') : [];
      if (!text || !sameText(signature, sign(text))) return { email: DEFAULT_PRINCIPAL, scopes: [CLOUD_PLATFORM], issued: false };
      return { ...(JSON.parse(Buffer.from(text, 'base64url').toString()) as Content), issued: true };
    },
  };
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/**
 * The token that a request carries: Bearer, the Docker registry's Basic with the user name `oauth2accesstoken` or `_token`, or the
 * query parameters that Google knows. Undefined when nobody is named.
 */
export function tokenOf(authorization: string | undefined, query: URLSearchParams): string | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').trim().split(/\s+/, 2);
  if (/^bearer$/i.test(scheme) && value) return value;
  if (/^basic$/i.test(scheme) && value) {
    const [user, ...password] = Buffer.from(value, 'base64').toString().split(':');
    return user && password.length > 0 && password.join(':') ? password.join(':') : undefined;
  }
  return query.get('access_token') || query.get('oauth_token') || undefined;
}
