import { createPublicKey, verify } from 'node:crypto';
import type { JsonObject, Sim } from '../service.ts';
import { type FederationRecord, findRecord, isUsable } from './iam-workload-identity-records.ts';
import { readJwt } from './jwt.ts';
import { evaluate, holds, UnknownExpression } from './sts-condition.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT_TYPES = ['urn:ietf:params:oauth:token-type:jwt', 'urn:ietf:params:oauth:token-type:id_token'];
const AUDIENCE =
  /^\/\/iam\.googleapis\.com\/(projects\/[^/]+\/locations\/global\/workloadIdentityPools\/[^/]+)\/providers\/[^/]+$/;
const LIFETIME_SECONDS = 3600;
const MOST_SUBJECT = 127;

export interface Exchange {
  status: number;
  body: JsonObject;
}

/** A refusal of the exchange, in OAuth's words. */
class Refused extends Error {
  readonly code: string;
  constructor(code: string, description: string) {
    super(description);
    this.code = code;
  }
}

/**
 * A token of another identity provider for one of Google's. The issuer's own keys are out of reach here, so a signature is only
 * checked where the provider holds the keys (`oidc.jwksJson`); issuer, audience, times, mapping and condition always are.
 * https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 * @param request its fields in camel case
 */
export function exchangeToken(sim: Sim, request: Record<string, string>): Exchange {
  try {
    const provider = providerOf(sim, request);
    const claims = claimsOf(sim, provider, request['subjectToken'] ?? '');
    const { principal, principalSets } = principalOf(provider, claims);
    const scopes = (request['scope'] ?? 'https://www.googleapis.com/auth/cloud-platform').split(/\s+/);
    const accessToken = sim.tokens.issue(principal, { scopes, lifetimeSeconds: LIFETIME_SECONDS, principalSets });
    const answer = { access_token: accessToken, issued_token_type: ACCESS_TOKEN, token_type: 'Bearer' };
    return { status: 200, body: { ...answer, expires_in: LIFETIME_SECONDS } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { status: 400, body: { error: error.code, error_description: error.message } };
  }
}

function providerOf(sim: Sim, request: Record<string, string>): FederationRecord {
  if (request['grantType'] !== GRANT) throw new Refused('unsupported_grant_type', 'Invalid value for "grant_type".');
  if ((request['requestedTokenType'] ?? '') !== ACCESS_TOKEN)
    throw new Refused('invalid_request', 'Invalid value for "requested_token_type".');
  if (!JWT_TYPES.includes(request['subjectTokenType'] ?? ''))
    throw new Refused('invalid_request', 'Invalid value for "subject_token_type".');
  const audience = request['audience'] ?? '';
  const pool = AUDIENCE.exec(audience)?.[1];
  if (!pool) throw new Refused('invalid_request', 'Invalid value for "audience".');
  const provider = findRecord(sim, audience.replace('//iam.googleapis.com/', ''));
  if (!isUsable(findRecord(sim, pool)) || !isUsable(provider)) {
    throw new Refused(
      'invalid_target',
      'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    );
  }
  sim.requireEnabled(sim.findProject(pool.split('/')[1] ?? '').projectId, 'sts.googleapis.com');
  return provider;
}

function claimsOf(sim: Sim, provider: FederationRecord, token: string): JsonObject {
  const jwt = readJwt(token);
  if (!jwt) throw new Refused('invalid_grant', 'Error connecting to the given credential: the subject token is not a JWT.');
  const oidc = provider.settings['oidc'] as JsonObject | undefined;
  if (!oidc) throw new Refused('invalid_request', 'The provider does not take tokens of this type.');
  const { iss, aud, exp, iat } = jwt.claims;
  if (iss !== oidc['issuerUri']) {
    throw new Refused('invalid_grant', `The issuer in ID Token ${String(iss)} does not match the expected ones.`);
  }
  const allowed = (oidc['allowedAudiences'] ?? []) as string[];
  const expected =
    allowed.length > 0 ? allowed : [`https://iam.googleapis.com/${provider.name}`, `//iam.googleapis.com/${provider.name}`];
  const given = [aud ?? []].flat().map(String);
  if (!given.some((one) => expected.includes(one))) {
    throw new Refused(
      'invalid_grant',
      `The audience in ID Token [${given.join(', ')}] does not match the expected audience ${expected[0]}.`,
    );
  }
  const now = sim.now().getTime() / 1000;
  if (typeof exp !== 'number' || exp < now)
    throw new Refused('invalid_grant', `ID Token issued at ${String(iat)} is stale to sign-in.`);
  if (typeof oidc['jwksJson'] === 'string' && !isSigned(token, jwt.header, oidc['jwksJson'])) {
    throw new Refused('invalid_grant', 'Unable to verify the ID Token signature.');
  }
  return jwt.claims;
}

function isSigned(token: string, header: JsonObject, jwks: string): boolean {
  const { keys = [] } = JSON.parse(jwks) as { keys?: Array<JsonObject & { kid?: string }> };
  const end = token.lastIndexOf('.');
  const key = keys.find(({ kid }) => header['kid'] === undefined || kid === header['kid']);
  if (!key || !['RS256', 'ES256'].includes(String(header['alg']))) return false;
  const publicKey = createPublicKey({ key, format: 'jwk' });
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify('sha256', Buffer.from(token.slice(0, end)), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

/** Who the token stands for, and the sets that it belongs to, as IAM policies name them. https://docs.cloud.google.com/iam/docs/principal-identifiers */
function principalOf(
  { name, settings }: FederationRecord,
  assertion: JsonObject,
): { principal: string; principalSets: string[] } {
  const scope: JsonObject = { assertion, google: {}, attribute: {} };
  try {
    for (const [target, expression] of Object.entries((settings['attributeMapping'] ?? {}) as Record<string, string>)) {
      const [space = '', field = ''] = target.split('.');
      (scope[space] as JsonObject)[field] = evaluate(expression, scope) ?? null;
    }
    const condition = settings['attributeCondition'];
    if (typeof condition === 'string' && condition !== '' && !holds(condition, scope)) {
      throw new Refused('unauthorized_client', 'The given credential is rejected by the attribute condition.');
    }
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
    throw new Refused('invalid_grant', `The simulator does not understand the expression ${JSON.stringify(error.message)}.`);
  }
  const subject = (scope['google'] as JsonObject)['subject'];
  if (typeof subject !== 'string' || subject === '' || subject.length > MOST_SUBJECT) {
    throw new Refused('invalid_grant', 'The mapped attribute google.subject must be a text of 1 to 127 characters.');
  }
  const pool = `//iam.googleapis.com/${name.replace(/\/providers\/.*$/, '')}`;
  const attributes = Object.entries(scope['attribute'] as JsonObject).filter(([, value]) => typeof value === 'string');
  return {
    principal: `principal:${pool}/subject/${subject}`,
    principalSets: [
      ...attributes.map(([key, value]) => `principalSet:${pool}/attribute.${key}/${value}`),
      `principalSet:${pool}/*`,
    ],
  };
}
