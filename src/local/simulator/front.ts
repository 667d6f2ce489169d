import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ControlParts } from './control.ts';
import { control } from './control.ts';
import type { Arrival } from './dispatch.ts';
import { dispatch, sendError } from './dispatch.ts';
import type { Engine } from './engine.ts';
import { errorBody, familyOf, unauthenticated } from './error-form.ts';
import { applyFault } from './faults.ts';
import { apiOfHost, hostName, isOwnHost } from './hosts.ts';
import { withoutCredentials } from './request-log.ts';
import type { RawRequest, RawRoute } from './service.ts';
import { tokenOf } from './tokens.ts';
import { Tunnels } from './tunnels.ts';

/** Google's own limit is of this order; beyond it Node.js answers 431. */
const MAX_HEADER_BYTES = 64 * 1024;
/** A connection that does not say what it wants in this time is closed. */
const HEADERS_TIMEOUT_MS = 20_000;

export interface Front {
  port: number;
  close(): Promise<void>;
}

/** Opens the simulator's one port, on 127.0.0.1 alone. Rejects with the system's error (EADDRINUSE) when it cannot. */
export async function openFront(port: number, engine: Engine, parts: ControlParts): Promise<Front> {
  const desk = new Desk(engine, parts);
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, connectionsCheckingInterval: 5_000, keepAliveTimeout: 65_000 },
    (message, response) => {
      void desk.receive(message, response);
    },
  );
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // Uploads and long waits take what they take; what must end in time is bounded where it is read.
  server.requestTimeout = 0;
  const tunnels = new Tunnels(server, engine.sim.authority, (host) => desk.knows(host));
  server.on('connect', (message: IncomingMessage, socket: Duplex, head: Buffer) => tunnels.open(message, socket, head));
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => desk.upgrade(message, socket, head));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  });
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  desk.cut = (message) => tunnels.cut(message.socket);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Decides who answers a request. */
class Desk {
  cut: (message: IncomingMessage) => void = (message) => message.socket.destroy();
  private readonly engine: Engine;
  private readonly parts: ControlParts;
  private readonly routes: RawRoute[];

  constructor(engine: Engine, parts: ControlParts) {
    this.engine = engine;
    this.parts = parts;
    this.routes = engine.services.flatMap((service) => service.routes ?? []);
  }

  /** Whether anything is simulated at this host. */
  knows(host: string): boolean {
    const api = apiOfHost(host, '/');
    return (
      host === 'www.googleapis.com' ||
      (api !== undefined && this.engine.discovery.has(api)) ||
      this.routes.some((route) => route.host.test(host))
    );
  }

  async receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrival = arrive(message, response);
    // A client that goes away in the middle is no fault of the simulator.
    message.on('error', ignore);
    response.on('error', ignore);
    const refusal = this.refusal(arrival);
    if (refusal) {
      refuse(arrival, refusal);
      return;
    }
    if (isOwnHost(arrival.host) && arrival.path.startsWith('/_simulator/')) return control(arrival, this.parts);
    this.logWhenDone(arrival);
    const fault = this.parts.faults.take(arrival);
    if (fault && !(await applyFault(fault, arrival, () => this.cut(message)))) return;
    await this.answer(arrival);
  }

  private async answer(arrival: Arrival): Promise<void> {
    const found = this.route(arrival);
    if (!found) return dispatch(arrival, this.engine);
    const { route, groups } = found;
    const api = apiOfHost(arrival.host, arrival.path) ?? '';
    const token = tokenOf(arrival.message.headers.authorization, arrival.query);
    try {
      if (route.authenticated !== false && token === undefined) throw unauthenticated(api, arrival.path, familyOf(api));
      const principal = token === undefined ? '' : this.engine.tokens.describe(token).email;
      await this.engine.transact((sim, commit) => route.handle(rawRequest(arrival, groups, principal, commit), sim));
    } catch (error) {
      if (arrival.response.headersSent) this.cut(arrival.message);
      sendError(arrival, error, familyOf(api), this.engine);
    }
  }

  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignore);
    const arrival = arrive(message, undefined as never);
    const found = this.refusal(arrival) ? undefined : this.route(arrival);
    if (!found?.route.upgrade) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const token = tokenOf(message.headers.authorization, arrival.query);
    const principal = token === undefined ? '' : this.engine.tokens.describe(token).email;
    const request = rawRequest(arrival, found.groups, principal, ignore);
    found.route.upgrade(request, socket, head, this.engine.sim);
  }

  private route(arrival: Arrival): { route: RawRoute; groups: Record<string, string> } | undefined {
    const { message, host, path } = arrival;
    for (const route of this.routes) {
      if (!methodFits(route.httpMethod, message.method ?? 'GET') || !route.host.test(host)) continue;
      const match = route.path.exec(path);
      if (!match || (route.when && !route.when(urlOf(arrival), message))) continue;
      return { route, groups: { ...match.groups } as Record<string, string> };
    }
    return undefined;
  }

  /** A browser that some web page set on this port: neither a foreign page nor a name of its own for 127.0.0.1 gets in. */
  private refusal({ message, host }: Arrival): { status: number; text: string } | undefined {
    if (!isOwnHost(host) && !this.knows(host)) {
      return { status: 421, text: `Nothing is simulated at ${JSON.stringify(host)}. Requests are never forwarded.` };
    }
    const { origin } = message.headers;
    if (origin === undefined || originHost(origin) === host) return undefined;
    return { status: 403, text: 'Requests of web pages from elsewhere are refused.' };
  }

  private logWhenDone(arrival: Arrival): void {
    const { message, response, host, path } = arrival;
    const begin = performance.now();
    const time = new Date().toISOString();
    const query = withoutCredentials(message.url?.split('?')[1] ?? '');
    response.once('close', () => {
      this.parts.log.add({
        time,
        method: message.method ?? 'GET',
        host,
        path,
        ...(query ? { query } : {}),
        status: response.headersSent ? response.statusCode : 0,
        userAgent: message.headers['user-agent'] ?? '',
        durationMs: Math.round((performance.now() - begin) * 1000) / 1000,
      });
    });
  }
}

/** Errors of a connection show in what is read from it or written to it. */
function ignore(): void {
  return undefined;
}

function methodFits(wanted: string | string[], given: string): boolean {
  return wanted === '*' || (Array.isArray(wanted) ? wanted.includes(given) : wanted === given);
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? hostName(new URL(origin).host) : undefined;
}

function arrive(message: IncomingMessage, response: ServerResponse): Arrival {
  const raw = message.url ?? '/';
  // What is sent to a proxy names the host in the request line.
  const absolute = /^[a-z]+:\/\/([^/?#]*)(.*)$/is.exec(raw);
  const target = absolute ? absolute[2] || '/' : raw;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  return {
    message,
    response,
    host: hostName(absolute ? absolute[1] : message.headers.host),
    path: path.startsWith('/') ? path : `/${path}`,
    query,
  };
}

function urlOf({ host, path, query }: Arrival): URL {
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}`);
  url.pathname = path;
  url.search = query.toString();
  return url;
}

function rawRequest(arrival: Arrival, groups: Record<string, string>, principal: string, commit: () => void): RawRequest {
  const { message, response, host } = arrival;
  return { message, body: message, response, url: urlOf(arrival), host, groups, principal, commit };
}

function refuse({ message, response }: Arrival, { status, text }: { status: number; text: string }): void {
  const body = `${JSON.stringify(errorBody({ code: status, status: 'PERMISSION_DENIED', message: text }, 'modern'), null, 2)}\n`;
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=UTF-8',
      ...(message.complete ? {} : { connection: 'close' }),
    })
    .end(body);
}
