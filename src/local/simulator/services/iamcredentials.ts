import { createPrivateKey, sign } from 'node:crypto';
import type { Call, JsonObject, Service, Sim } from '../service.ts';
import { type AccountRecord, findAccount } from './iam-accounts.ts';
import { type SigningKey, signingKey } from './iam-keys-store.ts';
import { identityToken } from './identity-tokens.ts';
import { signJwt } from './jwt.ts';
import { badRequest, failedPrecondition, invalidField, notFound } from './refusals.ts';

const LONGEST_SECONDS = 3600;
/** Longer than this, `signJwt` signs nothing. */
const LONGEST_JWT_SECONDS = 12 * 3600;

/** https://docs.cloud.google.com/iam/docs/reference/credentials/rest */
export const iamcredentials: Service = {
  api: 'iamcredentials',
  versions: ['v1'],
  methods: {
    'iamcredentials.projects.serviceAccounts.generateAccessToken': (call, sim) => {
      const account = accountOf(call, sim);
      const scopes = (call.body['scope'] ?? []) as string[];
      if (scopes.length === 0) throw invalidField('scope', 'Scope required.');
      const seconds = Number.parseFloat(String(call.body['lifetime'] ?? '3600s'));
      if (seconds <= 0 || seconds > LONGEST_SECONDS) {
        throw invalidField('lifetime', 'The access token lifetime must be greater than 0 and at most 1 hour (3600 seconds).');
      }
      const accessToken = sim.tokens.issue(account.email, { scopes, lifetimeSeconds: seconds });
      return { accessToken, expireTime: `${new Date(sim.now().getTime() + seconds * 1000).toISOString().slice(0, 19)}Z` };
    },
    'iamcredentials.projects.serviceAccounts.generateIdToken': async (call, sim) => {
      const account = accountOf(call, sim);
      const audience = String(call.body['audience'] ?? '');
      if (audience === '') throw invalidField('audience', 'Audience required.');
      return { token: await identityToken(sim, account, audience, call.body['includeEmail'] === true) };
    },
    'iamcredentials.projects.serviceAccounts.signBlob': async (call, sim) => {
      const key = await signingKey(sim, accountOf(call, sim).email);
      return { keyId: key.id, signedBlob: signature(key, call.body['payload']) };
    },
    'iamcredentials.projects.serviceAccounts.signJwt': async (call, sim) => {
      const account = accountOf(call, sim);
      const payload = String(call.body['payload'] ?? '');
      checkClaims(payload, sim.now());
      const key = await signingKey(sim, account.email);
      return { keyId: key.id, signedJwt: signJwt(key, payload) };
    },
  },
};

function accountOf(call: Call, sim: Sim): AccountRecord {
  const key = /^projects\/-\/serviceAccounts\/([^/]+)$/.exec(String(call.params['name']))?.[1];
  if (key === undefined)
    throw badRequest(
      'Request contains an invalid argument: the name must be of the form `projects/-/serviceAccounts/{ACCOUNT}`.',
    );
  const account = findAccount(sim, decodeURIComponent(key));
  if (!account) throw notFound(`Not found; Gaia id not found for email ${key}`);
  sim.requireEnabled(account.projectId, 'iamcredentials.googleapis.com');
  if (account.disabled) throw failedPrecondition(`Service account ${account.email} is disabled.`);
  return account;
}

function signature(key: SigningKey, payload: unknown): string {
  return sign('sha256', Buffer.from(String(payload ?? ''), 'base64'), createPrivateKey(key.privateKey)).toString('base64');
}

function checkClaims(payload: string, now: Date): void {
  let claims: JsonObject;
  try {
    claims = JSON.parse(payload) as JsonObject;
  } catch (error) {
    if (error instanceof SyntaxError) throw invalidField('payload', 'The payload must be a JSON object.');
    throw error;
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw invalidField('payload', 'The payload must be a JSON object.');
  const { exp } = claims;
  if (exp !== undefined && (typeof exp !== 'number' || exp > now.getTime() / 1000 + LONGEST_JWT_SECONDS)) {
    throw invalidField('payload', 'The exp claim must be a number and at most 12 hours in the future.');
  }
}
