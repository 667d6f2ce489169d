import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Arrival } from './arrival.ts';
import { readArrival } from './arrival.ts';
import type { ControlParts } from './control.ts';
import { control } from './control.ts';
import { dispatch } from './dispatch.ts';
import type { Engine } from './engine.ts';
import { errorBody } from './error-form.ts';
import { applyFault } from './faults.ts';
import { apiOfHost, hostName, isOwnHost } from './hosts.ts';
import { RawRoutes } from './raw-routes.ts';
import { withoutCredentials } from './request-log.ts';

/** Decides who answers a request, and notes it. */
export class Desk {
  private readonly engine: Engine;
  private readonly parts: ControlParts;
  private readonly routes: RawRoutes;
  private readonly cut: (socket: Duplex) => void;

  /** `cut` ends a connection so that its client sees a reset. */
  constructor(engine: Engine, parts: ControlParts, cut: (socket: Duplex) => void) {
    this.engine = engine;
    this.parts = parts;
    this.cut = cut;
    this.routes = new RawRoutes(engine);
  }

  /** Whether anything is simulated at this host. */
  knows(host: string): boolean {
    const api = apiOfHost(host, '/');
    return host === 'www.googleapis.com' || (api !== undefined && this.engine.discovery.has(api)) || this.routes.knows(host);
  }

  /** Answers one request. Never throws. */
  async receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrival = readArrival(message, response);
    // A client that goes away in the middle is no fault of the simulator.
    message.on('error', () => message.destroy());
    response.on('error', () => message.destroy());
    const refusal = this.refusal(arrival);
    if (refusal) return refuse(arrival, refusal);
    await this.parts.ready;
    const cut = () => this.cut(message.socket);
    if (isOwnHost(arrival.host) && arrival.path.startsWith('/_simulator/')) {
      const own = this.routes.find(arrival);
      return own ? this.routes.answer(arrival, own, cut) : control(arrival, this.parts);
    }
    this.logWhenDone(arrival);
    const fault = this.parts.faults.take(arrival);
    if (fault && !(await applyFault(fault, arrival, cut))) return;
    const found = this.routes.find(arrival);
    await (found ? this.routes.answer(arrival, found, cut) : dispatch(arrival, this.engine));
  }

  /** Hands a connection that wants another protocol (WebSocket) to the route of its path. */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const arrival = readArrival(message, undefined as never);
    const found = this.refusal(arrival) ? undefined : this.routes.find(arrival);
    if (found?.route.upgrade) this.routes.upgrade(arrival, found, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  }

  /** Keeps web pages out that have a browser on this machine ask: neither another page's origin nor a name of its own for 127.0.0.1 gets in. */
  private refusal({ message, host }: Arrival): { code: number; message: string } | undefined {
    if (!isOwnHost(host) && !this.knows(host)) {
      return { code: 421, message: `Nothing is simulated at ${JSON.stringify(host)}. Requests are never forwarded.` };
    }
    const { origin } = message.headers;
    if (origin === undefined || originHost(origin) === host) return undefined;
    return { code: 403, message: 'Requests of web pages from elsewhere are refused.' };
  }

  private logWhenDone({ message, response, host, path }: Arrival): void {
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

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? hostName(new URL(origin).host) : undefined;
}

function refuse({ message, response }: Arrival, facts: { code: number; message: string }): void {
  const body = `${JSON.stringify(errorBody({ ...facts, status: 'PERMISSION_DENIED' }, 'modern'), null, 2)}\n`;
  response.writeHead(facts.code, {
    'content-type': 'application/json; charset=UTF-8',
    ...(message.complete ? {} : { connection: 'close' }),
  });
  response.end(body);
}
