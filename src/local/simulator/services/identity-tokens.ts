import type { Sim } from '../service.ts';
import { type AccountRecord, findAccount } from './iam-accounts.ts';
import { signingKey } from './iam-keys-store.ts';
import { signJwt } from './jwt.ts';

/** Who signs identity tokens: Google, whose keys stand at `https://www.googleapis.com/oauth2/v3/certs`. */
export const ISSUER = 'https://accounts.google.com';
const LIFETIME_SECONDS = 3600;

/**
 * A JWT that proves to an audience that its bearer is this service account.
 * https://docs.cloud.google.com/docs/authentication/get-id-token
 */
export async function identityToken(sim: Sim, account: AccountRecord, audience: string, withEmail: boolean): Promise<string> {
  const now = Math.floor(sim.now().getTime() / 1000);
  const claims = {
    aud: audience,
    azp: account.uniqueId,
    ...(withEmail ? { email: account.email, email_verified: true } : {}),
    exp: now + LIFETIME_SECONDS,
    iat: now,
    iss: ISSUER,
    sub: account.uniqueId,
  };
  return signJwt(await signingKey(sim, ISSUER), JSON.stringify(claims));
}

/** The same by email, for a metadata server; undefined when there is no such account. */
export async function identityTokenOf(sim: Sim, email: string, audience: string): Promise<string | undefined> {
  const account = findAccount(sim, email);
  return account ? identityToken(sim, account, audience, true) : undefined;
}
