import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ControlParts } from './control.ts';
import { Desk } from './desk.ts';
import type { Engine } from './engine.ts';
import { Tunnels } from './tunnels.ts';

/** Google's own limit is of this order; beyond it Node.js answers 431. */
const MAX_HEADER_BYTES = 64 * 1024;
/** A connection that does not say what it wants in this time is closed. */
const HEADERS_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 65_000;

export interface Front {
  port: number;
  close(): Promise<void>;
}

/** Opens the simulator's one port, on 127.0.0.1 alone. Rejects with the system's error (EADDRINUSE) when it cannot. */
export async function openFront(port: number, engine: Engine, parts: ControlParts): Promise<Front> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: 5_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // Uploads and long waits take what they take; what must end in time is bounded where it is read.
  server.requestTimeout = 0;
  const tunnels = new Tunnels(server, engine.sim.authority);
  const desk = new Desk(engine, parts, (socket) => tunnels.cut(socket));
  server.on('request', (message, response) => void desk.receive(message, response));
  server.on('connect', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.open(message, socket, head, (host) => desk.knows(host));
  });
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => desk.upgrade(message, socket, head));
  server.on('clientError', answerNonsense);
  const sockets = openSockets(server);
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

const NONSENSE: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is no HTTP, does not come to an end, or has more headers than anybody needs. */
function answerNonsense(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status = (error.code && NONSENSE[error.code]) || '400 Bad Request';
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
  else socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

/** Every connection that is open, those inside of tunnels too. */
function openSockets(server: Server): Set<Duplex> {
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
