import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { freePort, LOOPBACK } from '../ports.ts';
import { refuse, refuseUpgrade } from './proxy.ts';

export interface Door {
  port: number;
  close(): void;
}

export interface DoorOptions {
  /** The port that it had before. */
  preferredPort: number | undefined;
  /** The service's own address, `https://…run.app`. */
  serviceUrl(): string | undefined;
  forward(request: IncomingMessage, response: ServerResponse, rewrite: Rewrite): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}
/** Changes a header of the answer. */
export type Rewrite = (name: string, value: string) => string;

/**
 * Opens a service's plain loopback address for browsers and clients on this machine. To the server each request looks as if it came for the
 * service's own address: Host, Origin and Referer are rewritten, so that the server's checks of them stay on. For that reason only
 * requests for this very address are let in, and none from a page of another origin: a name that somebody points at 127.0.0.1 is refused.
 */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const port = await freePort(options.preferredPort);
  const own = [`${LOOPBACK}:${port}`, `localhost:${port}`];
  // No limit on the time of a request: an upload takes as long as it takes, and the service has its own limit.
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    const refusal = strangers(request, own);
    if (refusal !== undefined) {
      refuse(response, 403, refusal);
      return;
    }
    const back = rewriteLocation(options.serviceUrl(), `http://${request.headers.host}`);
    asOwnRequest(request, own, options.serviceUrl());
    options.forward(request, response, back);
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    if (strangers(request, own) !== undefined) {
      refuseUpgrade(socket, 403, 'Forbidden');
      return;
    }
    asOwnRequest(request, own, options.serviceUrl());
    options.upgrade(request, socket, head);
  });
  await listen(server, port);
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => resolve());
  });
}

/** Why this request is not let in; undefined when it is. */
function strangers(request: IncomingMessage, own: string[]): string | undefined {
  const hosts = request.headersDistinct['host'] ?? [];
  const origins = request.headersDistinct['origin'] ?? [];
  if (hosts.length !== 1 || !own.includes(hosts[0]?.toLowerCase() ?? ''))
    return `This address is for ${own.join(' and ')} alone.`;
  if (
    origins.some(
      (origin) => !own.includes(origin.toLowerCase().replace(/^http:\/\//, '')) || !origin.toLowerCase().startsWith('http://'),
    )
  ) {
    return 'Pages of another origin have no access.';
  }
  return undefined;
}

/** Makes the raw headers those of a request for the service's own address. */
function asOwnRequest(request: IncomingMessage, own: string[], serviceUrl: string | undefined): void {
  if (serviceUrl === undefined) return;
  const headers = request.rawHeaders;
  for (let at = 0; at < headers.length; at += 2) {
    const value = headers[at + 1] ?? '';
    switch (headers[at]?.toLowerCase()) {
      case 'host':
        headers[at + 1] = new URL(serviceUrl).host;
        request.headers.host = new URL(serviceUrl).host;
        break;
      case 'origin':
        headers[at + 1] = serviceUrl;
        break;
      case 'referer':
        headers[at + 1] = own.reduce(
          (text, host) => (text.startsWith(`http://${host}/`) ? serviceUrl + text.slice(`http://${host}`.length) : text),
          value,
        );
        break;
    }
  }
}

/** The server answers with its own address where it redirects: a browser here has to stay here. */
function rewriteLocation(serviceUrl: string | undefined, doorUrl: string): Rewrite {
  return (name, value) => {
    if (name !== 'location' || serviceUrl === undefined) return value;
    const { host } = new URL(serviceUrl);
    const prefix = [`https://${host}`, `http://${host}`].find((start) => value === start || value.startsWith(`${start}/`));
    return prefix === undefined ? value : doorUrl + value.slice(prefix.length);
  };
}
