import { type ClientRequest, Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { Socket } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Target } from '../target.ts';

/** The connections of one target: through its proxy or direct, kept alive, trusting its authorities beside those that Node.js trusts. */
export interface Agents {
  for(url: URL): HttpAgent;
  /** Resolves once no connection is being opened any more, after one was: what was asked first is on its way then. */
  opened(): Promise<void>;
  destroy(): void;
}

/** Thrown into the request when the proxy does not open a tunnel, before anything was sent to Google. */
export class ProxyRefusal extends Error {
  readonly code = 'PROXY_REFUSED';
  readonly proxyStatus: number;
  constructor(proxyStatus: number) {
    super(`the proxy answered ${proxyStatus} to CONNECT`);
    this.proxyStatus = proxyStatus;
  }
}

/** Makes the agents of a target; no connection is opened before the first request. */
export function makeAgents(target: Target): Agents {
  const made = new Map<string, HttpAgent>();
  const secureContext = contextFor(target);
  const openings = new Openings();
  const make = (proxy: URL | undefined, protocol: string): HttpAgent => {
    if (proxy !== undefined) return new TunnelAgent(proxy, secureContext, openings);
    if (protocol === 'http:') return new HttpAgent({ keepAlive: true });
    return new DirectAgent({ keepAlive: true, ...(secureContext && { secureContext }) }, openings);
  };
  return {
    for(url) {
      // Plain http is for services on this machine (a metadata server); proxies are for what leaves it.
      const proxy = url.protocol === 'https:' ? target.proxyFor(url.hostname) : undefined;
      const key = proxy?.href ?? url.protocol;
      const agent = made.get(key) ?? make(proxy, url.protocol);
      made.set(key, agent);
      return agent;
    },
    opened: () => openings.over,
    destroy() {
      for (const agent of made.values()) agent.destroy();
    },
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** One context for all connections, because reading a hundred authorities takes milliseconds; undefined: Node's own. */
function contextFor(target: Target): SecureContext | undefined {
  if (target.authorities.length === 0) return undefined;
  // Those of NODE_EXTRA_CA_CERTS are Node's own already, where they were there when it started: it reads them ten times quicker.
  const known = new Set(getCACertificates('extra').map((one) => one.trim()));
  const further = target.authorities.filter((text) => !(text.match(CERTIFICATE) ?? [text]).every((one) => known.has(one)));
  if (further.length === 0) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ...further] });
}

/** Connections that are being opened. */
class Openings {
  readonly over: Promise<void>;
  #waiting = 0;
  readonly #end: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#end = resolve;
  }

  begin(): () => void {
    this.#waiting += 1;
    let ended = false;
    return () => {
      if (!ended) this.#waiting -= 1;
      ended = true;
      if (this.#waiting === 0) this.#end();
    };
  }

  watch(socket: Socket, ended: () => void): void {
    socket.once('secureConnect', ended).once('close', ended);
  }
}

class DirectAgent extends HttpsAgent {
  readonly #openings: Openings;

  constructor(options: AgentOptions, openings: Openings) {
    super(options);
    this.#openings = openings;
  }

  override createConnection(...args: Parameters<HttpsAgent['createConnection']>): ReturnType<HttpsAgent['createConnection']> {
    const socket = super.createConnection(...args);
    if (socket instanceof Socket) this.#openings.watch(socket, this.#openings.begin());
    return socket;
  }
}

class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #context: SecureContext | undefined;
  readonly #openings: Openings;

  constructor(proxy: URL, context: SecureContext | undefined, openings: Openings) {
    // The options given here reach the connection to the proxy only (an https proxy may have a private authority too).
    super(proxy.href, { keepAlive: true, ...(context && { secureContext: context }) });
    this.#context = context;
    this.#openings = openings;
  }

  override async connect(req: ClientRequest, opts: Parameters<HttpsProxyAgent<string>['connect']>[1]): Promise<Socket> {
    // The base class would hand the proxy's refusal on as if the host had answered it.
    req.once('proxyConnect', (answer: { statusCode: number }) => {
      if (answer.statusCode !== 200) req.destroy(new ProxyRefusal(answer.statusCode));
    });
    const ended = this.#openings.begin();
    try {
      const trusting = this.#context === undefined ? opts : ({ ...opts, secureContext: this.#context } as typeof opts);
      const socket = await super.connect(req, trusting);
      this.#openings.watch(socket, ended);
      return socket;
    } catch (error) {
      ended();
      // A proxy that hangs up before it answered is the one failure here that the base class gives no code.
      if (error instanceof Error && !('code' in error)) throw Object.assign(error, { code: 'ECONNRESET' });
      throw error;
    }
  }
}
