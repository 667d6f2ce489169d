import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { LOOPBACK } from '../ports.ts';
import { forwardedHeaders, originForm, responseHeaders } from './proxy-headers.ts';

export interface Upstream {
  port: number;
  timeoutSeconds: number;
  /** Keeps connections to the container for small requests. */
  connections: Agent;
  /** Bytes that a request or an answer of known length may have; undefined: any number. */
  largestBody: number | undefined;
  /** Changes an answer's header on its way. */
  rewrite?: (name: string, value: string) => string;
}

/** Well below the 30 s after which the server closes a connection that says nothing: it must not do so just as a request sets out. */
const IDLE_MS = 5_000;

/**
 * Connections to one container. They are used again: with a new one for each request, granian reaches its limit of open connections and
 * stands still until it has noticed that the old ones are gone, some twenty seconds.
 */
export function containerConnections(): Agent {
  return new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: IDLE_MS });
}

const LARGE_BODY = 64 * 1024;
/** For a server that does not know how to ask. */
const CONTINUE_MS = 1_000;
const TOO_LARGE = 'Request Entity Too Large: 32 MiB at most over HTTP/1.1.';

/**
 * Passes a request on to a container and its answer back, streaming both. When the client goes away the container is told by a closed
 * connection. Resolves when the exchange is over, however it ended; what goes wrong before the answer's beginning is answered as on Cloud Run.
 */
export function passOn(request: IncomingMessage, response: ServerResponse, upstream: Upstream): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    if (isTooLarge(request.headers['content-length'], upstream)) {
      request.resume();
      refuse(response, 413, TOO_LARGE);
      return;
    }
    const outgoing = attempt(() => openRequest(request, upstream));
    if (outgoing === undefined) {
      request.resume();
      refuse(response, 400, 'Bad Request');
      return;
    }
    const timer = setTimeout(() => {
      refuse(response, 504, 'The request has been terminated because it has reached the maximum request timeout.');
      outgoing.destroy();
    }, upstream.timeoutSeconds * 1000);
    response.once('close', () => {
      clearTimeout(timer);
      outgoing.destroy();
    });
    outgoing.once('response', (answer) => passBack(answer, response, upstream));
    outgoing.on('error', () => {
      // The answer may be there although the server did not want the rest of the request; one that breaks off is seen in passBack.
      if (!response.headersSent) refuse(response, 503, 'The service does not answer.');
      request.unpipe(outgoing).resume();
    });
    request.once('error', () => outgoing.destroy());
    sendBody(request, outgoing, () => limitBody(request, response, upstream));
  });
}

/**
 * Sends the body, a large one when the server has asked for it: one that refuses the request unread, for want of credentials say, closes the
 * connection, and its answer would be lost under what was still being sent. https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
 */
function sendBody(request: IncomingMessage, outgoing: ClientRequest, watch: () => void): void {
  const send = () => {
    clearTimeout(unasked);
    outgoing.off('response', unwanted);
    // Not before: whoever listens to a body makes it flow.
    watch();
    request.pipe(outgoing);
  };
  const unwanted = () => {
    clearTimeout(unasked);
    outgoing.off('continue', send);
    // It is read all the same: the client may look for the answer only then.
    request.resume();
  };
  const unasked = setTimeout(send, CONTINUE_MS);
  if (!isLarge(request)) {
    send();
    return;
  }
  outgoing.once('continue', send).once('response', unwanted);
  outgoing.once('close', () => clearTimeout(unasked));
  outgoing.flushHeaders();
}

function isLarge(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > LARGE_BODY;
}

/** Undefined for what Node takes in as a request but refuses to send: it throws then. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function openRequest(request: IncomingMessage, upstream: Upstream) {
  const headers = forwardedHeaders(request);
  if (!isLarge(request)) return httpRequest({ ...targetOf(request, upstream), headers, agent: upstream.connections });
  // A connection for a large request alone, which may end half way. The server is not told so: it would then close it before an upload that
  // it refuses has been read, and its answer be lost.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 0 });
  return httpRequest({ ...targetOf(request, upstream), headers: [...headers, 'Expect', '100-continue'], agent });
}

function targetOf(request: IncomingMessage, { port }: Upstream) {
  return { host: LOOPBACK, port, method: request.method ?? 'GET', path: originForm(request.url ?? '/') };
}

function passBack(answer: IncomingMessage, response: ServerResponse, upstream: Upstream): void {
  if (response.headersSent || response.destroyed) {
    answer.destroy();
    return;
  }
  if (isTooLarge(answer.headers['content-length'], upstream)) {
    answer.destroy();
    refuse(response, 500, 'Response size was too large. Please consider reducing response size.');
    return;
  }
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, responseHeaders(answer, upstream.rewrite));
  response.flushHeaders();
  // An answer that breaks off must not look whole.
  answer.once('error', () => response.destroy());
  answer.once('aborted', () => response.destroy());
  answer.pipe(response);
}

function isTooLarge(length: string | undefined, { largestBody }: Upstream): boolean {
  return largestBody !== undefined && length !== undefined && Number(length) > largestBody;
}

/** Counts a body of unknown length. */
function limitBody(request: IncomingMessage, response: ServerResponse, { largestBody }: Upstream): void {
  if (largestBody === undefined || request.headers['content-length'] !== undefined) return;
  let total = 0;
  request.on('data', (chunk: Buffer) => {
    total += chunk.length;
    if (total > largestBody) refuse(response, 413, TOO_LARGE);
  });
}

/** Answers by ourselves, or breaks the answer off when it has begun. */
export function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}

/** Passes a WebSocket (or another upgrade) on and joins both ends; a refusal by the container is passed back. */
export function passUpgradeOn(request: IncomingMessage, socket: Duplex, head: Buffer, upstream: Upstream): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', resolve);
    const headers = [...forwardedHeaders(request), 'Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? ''];
    const outgoing = attempt(() => httpRequest({ ...targetOf(request, upstream), headers, agent: false }));
    if (outgoing === undefined) {
      refuseUpgrade(socket, 400, 'Bad Request');
      return;
    }
    socket.once('close', () => outgoing.destroy());
    socket.on('error', () => outgoing.destroy());
    outgoing.on('error', () => refuseUpgrade(socket, 503, 'Service Unavailable'));
    outgoing.once('response', (answer) => {
      socket.write(statusLine(answer) + headerLines([...responseHeaders(answer), 'Connection', 'close']));
      answer.pipe(socket);
      // Unread, the client's end would never be seen.
      socket.resume();
    });
    outgoing.once('upgrade', (answer, container, first) => {
      socket.write(statusLine(answer) + headerLines(answer.rawHeaders));
      socket.write(first);
      container.write(head);
      container.on('error', () => socket.destroy());
      container.once('close', () => socket.destroy());
      socket.once('close', () => container.destroy());
      container.pipe(socket).pipe(container);
    });
    outgoing.end();
  });
}

export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  socket.resume();
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function statusLine(answer: IncomingMessage): string {
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;
}

function headerLines(raw: string[]): string {
  let text = '';
  for (let at = 0; at < raw.length; at += 2) text += `${raw[at]}: ${raw[at + 1]}\r\n`;
  return `${text}\r\n`;
}
