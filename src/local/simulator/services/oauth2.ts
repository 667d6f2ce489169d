import { createHash, createPublicKey } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sendJson } from '../answer.ts';
import { readBytes } from '../request-body.ts';
import type { Call, JsonObject, RawRequest, RawRoute, Service, Sim } from '../service.ts';
import { DEFAULT_PRINCIPAL } from '../tokens.ts';
import { findAccount } from './iam-accounts.ts';
import { listKeys, signingKey } from './iam-keys-store.ts';
import { ISSUER } from './identity-tokens.ts';
import { exchange } from './oauth2-token.ts';

const MOST_BYTES = 64 * 1024;
const USER_LIFETIME_SECONDS = 3600;
/** The client that gcloud and Application Default Credentials sign in with. */
const CLIENT_ID = '764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com';

/** Who a token stands for, and tokens for credentials. https://developers.google.com/identity/protocols/oauth2 */
export const oauth2: Service = {
  api: 'oauth2',
  versions: ['v2'],
  methods: {
    'oauth2.userinfo.get': userinfo,
    'oauth2.userinfo.v2.me.get': userinfo,
  },
  routes: [
    open(
      ['POST'],
      /^(?:oauth2|www|accounts)\.(?:googleapis|google)\.com$/,
      /^\/(?:token|oauth2\/v[34]\/token|o\/oauth2\/token)$/,
      token,
    ),
    open(['GET', 'POST'], /^(?:oauth2|www)\.googleapis\.com$/, /^\/(?:tokeninfo|oauth2\/v[123]\/tokeninfo)$/, tokeninfo),
    open(['GET', 'POST'], /^oauth2\.googleapis\.com$/, /^\/revoke$/, (_request, _sim) => ({ status: 200, body: {} })),
    open(['GET'], /^www\.googleapis\.com$/, /^\/oauth2\/v3\/certs$/, async (_request, sim) => {
      await signingKey(sim, ISSUER);
      return { status: 200, body: jwks(sim, ISSUER) };
    }),
    open(['GET'], /^www\.googleapis\.com$/, /^\/service_accounts\/v1\/jwk\/(?<email>[^/]+)$/, ({ groups }, sim) => {
      const email = decodeURIComponent(groups['email'] ?? '');
      return findAccount(sim, email) ? { status: 200, body: jwks(sim, email) } : { status: 404, body: { error: 'not_found' } };
    }),
    {
      httpMethod: ['GET', 'POST'],
      host: /^(?:www|openidconnect)\.googleapis\.com$/,
      path: /^\/(?:oauth2\/v[13]\/userinfo|v1\/userinfo)$/,
      handle: ({ message, response, principal }, sim) => {
        sendJson(message, response, {
          status: 200,
          body: { sub: idOf(sim, principal), email: principal, email_verified: true },
          pretty: true,
        });
      },
    },
  ],
};

type Answering = (
  request: RawRequest,
  sim: Sim,
) => { status: number; body: JsonObject } | Promise<{ status: number; body: JsonObject }>;

/** A route that needs no token. */
function open(httpMethod: string[], host: RegExp, path: RegExp, answer: Answering): RawRoute {
  return {
    httpMethod,
    host,
    path,
    authenticated: false,
    async handle(request, sim) {
      const { status, body } = await answer(request, sim);
      sendJson(request.message, request.response, { status, body, pretty: true });
    },
  };
}

async function token(request: RawRequest, sim: Sim): Promise<{ status: number; body: JsonObject }> {
  const text = await readText(request.body);
  const form = /json/.test(String(request.message.headers['content-type'])) ? fromJson(text) : new URLSearchParams(text);
  return exchange(sim, form, DEFAULT_PRINCIPAL);
}

function fromJson(text: string): URLSearchParams {
  try {
    return new URLSearchParams(JSON.parse(text) as Record<string, string>);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return new URLSearchParams();
    throw error;
  }
}

async function tokeninfo(request: RawRequest, sim: Sim): Promise<{ status: number; body: JsonObject }> {
  const form = request.message.method === 'POST' ? new URLSearchParams(await readText(request.body)) : new URLSearchParams();
  const accessToken = request.url.searchParams.get('access_token') ?? form.get('access_token') ?? '';
  if (accessToken === '')
    return {
      status: 400,
      body: { error: 'invalid_request', error_description: 'Either access_token, id_token, or token_handle required' },
    };
  const { email, scopes, azp, id, expiresIn, expired } = about(sim, accessToken);
  if (expired) return { status: 400, body: { error: 'invalid_token', error_description: 'Invalid Value' } };
  // The older versions have names of their own.
  if (/v[12]/.test(request.url.pathname)) {
    const body = {
      issued_to: azp,
      audience: azp,
      user_id: id,
      scope: scopes.join(' '),
      expires_in: expiresIn,
      email,
      verified_email: true,
    };
    return { status: 200, body };
  }
  const exp = String(Math.floor(sim.now().getTime() / 1000) + expiresIn);
  const times = { exp, expires_in: String(expiresIn) };
  return {
    status: 200,
    body: { azp, aud: azp, sub: id, scope: scopes.join(' '), ...times, email, email_verified: 'true', access_type: 'online' },
  };
}

function userinfo(call: Call, sim: Sim): JsonObject {
  return { id: idOf(sim, call.principal), email: call.principal, verified_email: true };
}

function about(
  sim: Sim,
  accessToken: string,
): { email: string; scopes: string[]; azp: string; id: string; expiresIn: number; expired: boolean } {
  const { email, scopes, expireTime } = sim.tokens.describe(accessToken);
  const id = idOf(sim, email);
  const left =
    expireTime === undefined ? USER_LIFETIME_SECONDS - 1 : Math.floor((Date.parse(expireTime) - sim.now().getTime()) / 1000);
  return { email, scopes, azp: findAccount(sim, email) ? id : CLIENT_ID, id, expiresIn: Math.max(0, left), expired: left < 0 };
}

/** The number that stands for an account at Google; people have one too. */
function idOf(sim: Sim, email: string): string {
  const account = findAccount(sim, email);
  if (account) return account.uniqueId;
  return `1${(BigInt(`0x${createHash('sha256').update(email).digest('hex').slice(0, 16)}`) % 10n ** 20n).toString().padStart(20, '0')}`;
}

function jwks(sim: Sim, signer: string): JsonObject {
  const keys = listKeys(sim, signer).map((key) => ({
    ...(createPublicKey(key.publicKey).export({ format: 'jwk' }) as JsonObject),
    kid: key.id,
    alg: 'RS256',
    use: 'sig',
  }));
  return { keys };
}

async function readText(body: Readable): Promise<string> {
  return (await readBytes(body, MOST_BYTES)).toString();
}
