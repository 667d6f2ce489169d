import type { IncomingMessage, RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { InterruptedError } from '../errors.ts';
import type { ClientSettings } from './client-settings.ts';
import { serverError } from './server-errors.ts';

/** How to get to the server: the part of a target that matters here. */
export interface ServerRoute {
  proxyFor(host: string): URL | undefined;
  authorities: string[];
  signal: AbortSignal;
}

interface Answer {
  status: number;
  body: string;
}

// A service without a running instance has to start one first.
const TIMEOUT_MS = 60_000;
const PAUSES_MS = [1000, 3000];
const PASSING = [429, 502, 503, 504];
const LONGEST_BODY = 1_000_000;
const SEARCH = '/api/2.0/mlflow/experiments/search';

/**
 * Proves that the settings work by one call that needs them, which reads one experiment
 * (https://mlflow.org/docs/latest/api_reference/rest-api.html). Answers of an overloaded or starting server are asked for again.
 * Throws the errors of {@link serverError}, {@link InterruptedError}.
 */
export async function checkServer(settings: ClientSettings, route: ServerRoute): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const answer = await ask(settings, route);
    const pause = PAUSES_MS[attempt];
    if (!PASSING.includes(answer.status) || pause === undefined) return judge(settings.trackingUri, answer);
    await sleep(pause, undefined, { signal: route.signal }).catch(() => undefined);
  }
}

function judge(uri: string, { status, body }: Answer): void {
  if (status === 401) throw serverError('unauthorized', `${uri} does not accept the username and password (401).`);
  if (status === 403) throw serverError('forbidden', `${uri} refuses access from here (403).${reason(body)}`);
  if (status === 407) throw serverError('server_unreachable', 'The proxy of HTTPS_PROXY wants a username and password (407).');
  // IAP sends those who are not signed in to Google's sign-in page.
  if (status >= 300 && status < 400) throw serverError('forbidden', `${uri} asks for a sign-in in a browser (${status}).`);
  if (status === 404) throw serverError('not_mlflow', `There is no MLflow tracking server at ${uri} (404).`);
  if (status !== 200) throw serverError('server_error', `${uri} answers with an error (${status}).${reason(body)}`);
  if (!isObject(body)) throw serverError('not_mlflow', `${uri} answers, but not as an MLflow tracking server does.`);
}

async function ask(settings: ClientSettings, route: ServerRoute): Promise<Answer> {
  const url = new URL(`${settings.trackingUri}${SEARCH}`);
  const secure = url.protocol === 'https:';
  const { request } = secure ? await import('node:https') : await import('node:http');
  const body = JSON.stringify({ max_results: 1 });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...authorization(settings) };
  const options: RequestOptions = {
    method: 'POST',
    headers,
    signal: route.signal,
    timeout: TIMEOUT_MS,
    ...(secure ? await tlsOptions(url, route) : {}),
  };
  return new Promise<Answer>((resolve, reject) => {
    const sent = request(url, options, (response) => read(response).then(resolve, reject));
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    sent.on('error', reject);
    sent.end(body);
  }).catch((error: NodeJS.ErrnoException) => {
    if (route.signal.aborted)
      throw new InterruptedError({
        message: 'Interrupted while the server was asked.',
        hint: 'Run the command again, or add --no-check.',
      });
    throw networkError(settings.trackingUri, error);
  });
}

async function tlsOptions(url: URL, route: ServerRoute): Promise<object> {
  const proxy = route.proxyFor(url.hostname);
  const tls = await import('node:tls');
  const ca = route.authorities.length > 0 ? { ca: [...tls.getCACertificates('default'), ...route.authorities] } : {};
  if (!proxy) return ca;
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return { ...ca, agent: new HttpsProxyAgent(proxy, ca) };
}

async function read(response: IncomingMessage): Promise<Answer> {
  let body = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length > LONGEST_BODY) response.destroy();
  }
  return { status: response.statusCode ?? 0, body };
}

function networkError(uri: string, error: NodeJS.ErrnoException): Error {
  const code = error.code ?? 'unknown';
  if (/^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(code)) {
    return serverError(
      'tls_failed',
      `No safe connection to ${uri}: its certificate could not be verified, or it does not speak TLS (${code}).`,
      error,
    );
  }
  if (code === 'ETIMEDOUT') return serverError('server_unreachable', `${uri} did not answer in time.`, error);
  return serverError('server_unreachable', `${uri} could not be reached (${code}).`, error);
}

function authorization({ username, password }: ClientSettings): Record<string, string> {
  if (username === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

/** MLflow's own message, or a line of plain text; a page of HTML says nothing here. */
function reason(body: string): string {
  const object = isObject(body) ? (JSON.parse(body) as { message?: unknown }) : undefined;
  const text = object ? String(object.message ?? '') : body.includes('<') ? '' : body;
  const line = text.trim().split('\n')[0] ?? '';
  return line === '' ? '' : ` It says: ${line.slice(0, 300)}`;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
