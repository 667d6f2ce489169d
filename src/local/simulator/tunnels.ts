import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { createSecureContext, TLSSocket } from 'node:tls';
import { hostName } from './hosts.ts';
import type { Authority } from './service.ts';

const HANDSHAKE_TIMEOUT_MS = 20_000;

/**
 * Answers CONNECT itself: to a simulated host on 443 with TLS by a certificate of the simulator's authority, on 80 in the clear; to
 * anything else with 502. Nothing is ever forwarded.
 */
export class Tunnels {
  private readonly server: Server;
  private readonly authority: Authority;
  private readonly contexts = new Map<string, Promise<SecureContext>>();
  private readonly below = new WeakMap<Duplex, Duplex>();

  constructor(server: Server, authority: Authority) {
    this.server = server;
    this.authority = authority;
  }

  /** `knows` says whether anything is simulated at a host. */
  open(message: IncomingMessage, socket: Duplex, head: Buffer, knows: (host: string) => boolean): void {
    socket.on('error', () => socket.destroy());
    const target = /^(.*):(\d+)$/.exec(message.url ?? '');
    const host = hostName(target?.[1]);
    const port = target?.[2];
    if (!host || !knows(host) || (port !== '443' && port !== '80')) {
      const text = `${JSON.stringify(message.url)} is not simulated, and the simulator forwards nothing.\n`;
      socket.end(
        `HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
      return;
    }
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) socket.unshift(head);
    if (port === '80') this.server.emit('connection', socket);
    else void this.secure(host, socket);
  }

  private async secure(host: string, socket: Duplex): Promise<void> {
    let secureContext: SecureContext;
    try {
      secureContext = await this.context(host);
    } catch {
      // No certificate could be made for the name: the client sees a handshake that fails.
      socket.destroy();
      return;
    }
    if (socket.destroyed) return;
    const secure = new TLSSocket(socket as Socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] });
    this.below.set(secure, socket);
    const timer = setTimeout(() => secure.destroy(), HANDSHAKE_TIMEOUT_MS);
    secure.once('secure', () => clearTimeout(timer));
    secure.once('close', () => {
      clearTimeout(timer);
      socket.destroy();
    });
    secure.on('error', () => secure.destroy());
    this.server.emit('connection', secure);
  }

  private context(host: string): Promise<SecureContext> {
    const name = certificateName(host);
    const known = this.contexts.get(name);
    if (known) return known;
    const made = this.authority
      .issue([name])
      .then(({ key, certificate }) => createSecureContext({ key, cert: `${certificate}\n${this.authority.certificate}` }));
    this.contexts.set(name, made);
    made.catch(() => this.contexts.delete(name));
    return made;
  }

  /** Cuts the connection under a request, so that the client sees a reset. */
  cut(socket: Duplex): void {
    const base = this.below.get(socket) ?? socket;
    if (base instanceof Socket && !(base instanceof TLSSocket)) base.resetAndDestroy();
    else base.destroy();
    socket.destroy();
  }
}

/** Google's APIs share one certificate too; making one for each took longer than the calls that followed. */
function certificateName(host: string): string {
  return host.replace(/^[^.]+(?=\.googleapis\.com$)/, '*');
}
