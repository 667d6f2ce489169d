import type { IncomingMessage, RequestOptions } from 'node:http';
import { Readable } from 'node:stream';
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

export interface ServerRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its leading slash. */
  path: string;
  headers?: Record<string, string>;
  /** Its length in bytes, and the bytes themselves, once for each attempt. */
  body?: { length: number; chunks(): Iterable<Buffer> };
  /** Takes the answer's body where it is long; it is then left out of {@link ServerAnswer}. */
  onChunk?(chunk: Buffer): void;
}

export interface ServerAnswer {
  status: number;
  body: string;
}

// Without a sign of life. A service without a running instance has to start one first.
const TIMEOUT_MS = 60_000;
const PAUSES_MS = [1000, 3000];
const PASSING = [429, 502, 503, 504];
const LONGEST_BODY = 1_000_000;

/**
 * Sends one request to a tracking server, with the settings' credentials where they have some. Answers of an overloaded or starting
 * server are asked for again. Throws the errors of {@link serverError} that tell of the way there, {@link InterruptedError}.
 */
export async function askServer(settings: ClientSettings, route: ServerRoute, request: ServerRequest): Promise<ServerAnswer> {
  for (let attempt = 0; ; attempt++) {
    const answer = await send(settings, route, request);
    const pause = PAUSES_MS[attempt];
    if (!PASSING.includes(answer.status) || pause === undefined) return answer;
    await sleep(pause, undefined, { signal: route.signal }).catch(() => undefined);
  }
}

async function send(settings: ClientSettings, route: ServerRoute, asked: ServerRequest): Promise<ServerAnswer> {
  const url = new URL(`${settings.trackingUri}${asked.path}`);
  const secure = url.protocol === 'https:';
  const { request } = secure ? await import('node:https') : await import('node:http');
  const options: RequestOptions = {
    method: asked.method,
    headers: {
      ...asked.headers,
      ...(asked.body && { 'content-length': asked.body.length }),
      ...authorization(settings),
    },
    signal: route.signal,
    timeout: TIMEOUT_MS,
    ...(secure ? await tlsOptions(url, route) : {}),
  };
  return new Promise<ServerAnswer>((resolve, reject) => {
    const sent = request(url, options, (response) => read(response, asked.onChunk).then(resolve, reject));
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    sent.on('error', reject);
    if (asked.body === undefined) sent.end();
    else Readable.from(asked.body.chunks()).pipe(sent);
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

async function read(response: IncomingMessage, onChunk: ServerRequest['onChunk']): Promise<ServerAnswer> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (onChunk !== undefined && status === 200) {
      onChunk(chunk);
      continue;
    }
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_BODY) response.destroy();
  }
  return { status, body: Buffer.concat(chunks).toString('utf8') };
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
