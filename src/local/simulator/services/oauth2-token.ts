import type { JsonObject, Sim } from '../service.ts';
import { findAccount } from './iam-accounts.ts';
import { verifyingKeys } from './iam-keys-store.ts';
import { identityToken } from './identity-tokens.ts';
import { readJwt, verifyJwt } from './jwt.ts';

export interface TokenAnswer {
  status: number;
  body: JsonObject;
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const TOKEN_URIS = [
  'https://oauth2.googleapis.com/token',
  'https://www.googleapis.com/oauth2/v4/token',
  'https://accounts.google.com/o/oauth2/token',
];
const LIFETIME_SECONDS = 3599;
const MOST_SKEW_SECONDS = 300;
const USER_SCOPES = 'https://www.googleapis.com/auth/cloud-platform https://www.googleapis.com/auth/userinfo.email openid';

/**
 * Answers OAuth's token endpoint: a service account's signed JWT or a person's refresh token for an access token.
 * https://developers.google.com/identity/protocols/oauth2/service-account#httprest
 * @param user the email of the person who uses the simulator, for whom every refresh token stands
 */
export async function exchange(sim: Sim, form: URLSearchParams, user: string): Promise<TokenAnswer> {
  const grant = form.get('grant_type') ?? '';
  if (grant === JWT_BEARER) return forJwt(sim, form.get('assertion') ?? '');
  if (grant === 'refresh_token') return forRefreshToken(sim, form, user);
  if (grant === '') return refused('invalid_request', 'Missing required parameter: grant_type');
  return refused('unsupported_grant_type', `Invalid grant_type: ${grant}`);
}

async function forJwt(sim: Sim, assertion: string): Promise<TokenAnswer> {
  const jwt = readJwt(assertion);
  if (!jwt) return refused('invalid_grant', 'Bad Request');
  const { iss, sub, aud, scope, target_audience: audience, iat, exp } = jwt.claims;
  const account = findAccount(sim, String(iss));
  if (!account) return refused('invalid_grant', 'Invalid grant: account not found');
  // Google's library for Node names no key.
  const { kid, alg } = jwt.header;
  const keys = verifyingKeys(sim, account.email, kid === undefined ? undefined : String(kid));
  if (alg !== 'RS256' || !keys.some((key) => verifyJwt(assertion, key)))
    return refused('invalid_grant', 'Invalid JWT Signature.');
  if (!TOKEN_URIS.includes(String(aud)))
    return refused(
      'invalid_grant',
      'Invalid JWT: Failed audience check. The right audience is https://oauth2.googleapis.com/token',
    );
  const now = sim.now().getTime() / 1000;
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > 3600 || exp < now || iat > now + MOST_SKEW_SECONDS) {
    return refused(
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    );
  }
  if (account.disabled) return refused('invalid_grant', 'Account disabled.');
  if (sub !== undefined && sub !== iss) {
    return refused(
      'unauthorized_client',
      'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
      401,
    );
  }
  if (typeof audience === 'string') return { status: 200, body: { id_token: await identityToken(sim, account, audience, true) } };
  if (typeof scope !== 'string' || scope.trim() === '') return refused('invalid_scope', 'Empty or missing scope not allowed.');
  const accessToken = sim.tokens.issue(account.email, { scopes: scope.trim().split(/\s+/), lifetimeSeconds: LIFETIME_SECONDS });
  return { status: 200, body: { access_token: accessToken, expires_in: LIFETIME_SECONDS, token_type: 'Bearer' } };
}

function forRefreshToken(sim: Sim, form: URLSearchParams, user: string): TokenAnswer {
  if (!form.get('refresh_token')) return refused('invalid_request', 'Missing required parameter: refresh_token');
  if (!form.get('client_id')) return refused('invalid_request', 'Could not determine client ID from request.');
  const scope = form.get('scope') ?? USER_SCOPES;
  const accessToken = sim.tokens.issue(user, { scopes: scope.split(/\s+/), lifetimeSeconds: LIFETIME_SECONDS });
  return { status: 200, body: { access_token: accessToken, expires_in: LIFETIME_SECONDS, scope, token_type: 'Bearer' } };
}

function refused(error: string, description: string, status = 400): TokenAnswer {
  return { status, body: { error, error_description: description } };
}
