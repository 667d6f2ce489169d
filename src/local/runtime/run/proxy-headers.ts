import type { IncomingMessage } from 'node:http';

// https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and Expect, which Node's server has answered already.
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
];

/** A header as Node keeps it raw: names and values in turn, doubles and spelling as they were sent. */
type RawHeaders = string[];

/**
 * The headers of a request for the container: as they came, less those that are between neighbours, plus what Google's front adds.
 * Doubled ones stay doubled: whether that is a fault is for the server to say.
 */
export function forwardedHeaders(request: IncomingMessage): RawHeaders {
  const kept = without(request, ['host', 'x-forwarded-for', 'x-forwarded-proto']);
  const before = request.headers['x-forwarded-for'];
  const client = request.socket.remoteAddress ?? '127.0.0.1';
  const headers = ['Host', request.headers.host ?? '', ...kept];
  headers.push('X-Forwarded-For', [before, client].filter(Boolean).join(', '), 'X-Forwarded-Proto', 'https');
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  else if (request.headers['content-length'] === undefined && hasBodyByNature(request.method))
    headers.push('Content-Length', '0');
  return headers;
}

export function responseHeaders(
  answer: IncomingMessage,
  rewrite: (name: string, value: string) => string = (_, value) => value,
): RawHeaders {
  const headers = without(answer, []);
  for (let at = 0; at < headers.length; at += 2)
    headers[at + 1] = rewrite((headers[at] ?? '').toLowerCase(), headers[at + 1] ?? '');
  return headers;
}

function without(message: IncomingMessage, names: string[]): RawHeaders {
  const named = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named, ...names]);
  const kept: RawHeaders = [];
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    const name = message.rawHeaders[at] ?? '';
    if (!dropped.has(name.toLowerCase()) && !name.startsWith(':')) kept.push(name, message.rawHeaders[at + 1] ?? '');
  }
  return kept;
}

function hasBodyByNature(method: string | undefined): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

/** The request target as a server expects it: a client that thinks it talks to a proxy sends the whole URL. */
export function originForm(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return path === target && (target.startsWith('/') || target === '*') ? target : path.startsWith('/') ? path : `/${path}`;
}
