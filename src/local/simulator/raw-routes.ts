import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Arrival } from './arrival.ts';
import { urlOf } from './arrival.ts';
import { sendError } from './dispatch.ts';
import type { Engine } from './engine.ts';
import { familyOf, unauthenticated } from './error-form.ts';
import { apiOfHost } from './hosts.ts';
import { authorizePath } from './permissions.ts';
import type { RawRequest, RawRoute, Sim } from './service.ts';
import { tokenOf } from './tokens.ts';

const REST_BYTES = 16 << 20;

export interface FoundRoute {
  route: RawRoute;
  groups: Record<string, string>;
}

/** What no discovery document lists. */
export class RawRoutes {
  private readonly engine: Engine;
  private readonly routes: RawRoute[];

  constructor(engine: Engine) {
    this.engine = engine;
    this.routes = engine.services.flatMap((service) => service.routes ?? []);
  }

  /** Whether a route answers at this host. */
  knows(host: string): boolean {
    return this.routes.some((route) => route.host.test(host));
  }

  /** The first route that takes this request. */
  find(arrival: Arrival): FoundRoute | undefined {
    const { message, host, path } = arrival;
    for (const route of this.routes) {
      if (!methodFits(route.httpMethod, message.method ?? 'GET') || !route.host.test(host)) continue;
      const match = route.path.exec(path);
      if (!match || (route.when && !route.when(urlOf(arrival), message))) continue;
      return { route, groups: { ...match.groups } as Record<string, string> };
    }
    return undefined;
  }

  /** Has the route answer. What it wrote to the store is on disk before the head of its answer leaves. Never throws. */
  async answer(arrival: Arrival, { route, groups }: FoundRoute, cut: () => void): Promise<void> {
    const api = apiOfHost(arrival.host, arrival.path) ?? '';
    try {
      await this.engine.transact((sim, commit) => {
        const request = this.request(arrival, groups, commit);
        if (route.authenticated !== false && request.principal === '') throw unauthenticated(api, arrival.path, familyOf(api));
        if (route.authenticated !== false) this.authorize(sim, arrival, request.principal);
        beforeHead(arrival.response, commit);
        return route.handle(request, sim);
      });
    } catch (error) {
      if (!arrival.response.headersSent) return sendError(arrival, error, familyOf(api), this.engine);
      this.engine.onBug(error);
      cut();
    } finally {
      if (arrival.response.writableEnded) boundRest(arrival.message);
    }
  }

  private authorize(sim: Sim, { message, host, path }: Arrival, principal: string): void {
    authorizePath(this.engine.services, sim, { httpMethod: message.method ?? 'GET', host, path, principal });
  }

  upgrade(arrival: Arrival, { route, groups }: FoundRoute, socket: Duplex, head: Buffer): void {
    route.upgrade?.(
      this.request(arrival, groups, () => undefined),
      socket,
      head,
      this.engine.sim,
    );
  }

  private request(arrival: Arrival, groups: Record<string, string>, commit: () => void): RawRequest {
    const { message, response, host } = arrival;
    const token = tokenOf(message.headers.authorization, arrival.query);
    // Some routes take tokens of kinds of their own.
    const principal = token === undefined ? '' : (this.engine.bearer(token) ?? this.engine.tokens.describe(token)).email;
    return { message, body: message, response, url: urlOf(arrival), host, groups, principal, commit };
  }
}

/** Lets a client that was answered before its end say the rest, so that it reads the answer; not for ever. */
function boundRest(message: IncomingMessage): void {
  if (message.complete) return;
  let left = REST_BYTES;
  message.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) message.socket.destroy();
  });
}

/** Calls `work` once, when the first byte of the answer is about to leave: Node.js writes every head through `writeHead`. */
function beforeHead(response: ServerResponse, work: () => void): void {
  const { writeHead } = response;
  response.writeHead = ((...args: unknown[]) => {
    response.writeHead = writeHead;
    work();
    return Reflect.apply(writeHead, response, args);
  }) as typeof writeHead;
}

function methodFits(wanted: string | string[], given: string): boolean {
  return wanted === '*' || (Array.isArray(wanted) ? wanted.includes(given) : wanted === given);
}
