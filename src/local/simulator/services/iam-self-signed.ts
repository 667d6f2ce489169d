import type { Bearer, Sim } from '../service.ts';
import { findAccount } from './iam-accounts.ts';
import { verifyingKeys } from './iam-keys-store.ts';
import { readJwt, verifyJwt } from './jwt.ts';

/**
 * A token that a service account signed with a key of its own, which Google's APIs take in place of an access token: undefined where it is
 * none, `refused` where it does not hold. https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth
 */
export function describeSelfSigned(sim: Sim, token: string): Bearer | 'refused' | undefined {
  const jwt = readJwt(token);
  const account = jwt && findAccount(sim, String(jwt.claims['iss']));
  if (!jwt || !account) return undefined;
  const { iss, sub, aud, scope, exp } = jwt.claims;
  const { kid } = jwt.header;
  const keys = verifyingKeys(sim, account.email, kid === undefined ? undefined : String(kid));
  const signed = jwt.header['alg'] === 'RS256' && keys.some((key) => verifyJwt(token, key));
  const inTime = typeof exp === 'number' && exp * 1000 > sim.now().getTime();
  const isForGoogle = typeof scope === 'string' || /^https:\/\/[a-z0-9.-]+\.googleapis\.com\//.test(String(aud));
  if (!signed || !inTime || !isForGoogle || sub !== iss || account.disabled) return 'refused';
  const scopes = typeof scope === 'string' ? scope.split(' ') : [];
  return { email: account.email, scopes, expireTime: new Date(exp * 1000).toISOString(), issued: true };
}
