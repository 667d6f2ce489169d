import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { runInMemory } from '../support/program.ts';
import { line, type Scenario } from './scenario.ts';

/** A proxy that does this with whoever wants to reach Google through it. */
function throughProxy(code: string, handle: (socket: Socket) => void): Scenario {
  return {
    code,
    async run(stage) {
      const proxy = createHttpServer();
      proxy.on('connect', (_request, socket) => handle(socket as Socket));
      return withServer(proxy, (port) => line(code, ['connect'], { HTTPS_PROXY: `http://127.0.0.1:${port}` }).run(stage));
    },
  };
}

async function withServer<T>(server: Server, work: (port: number) => Promise<T>): Promise<T> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

/** The way to Google, and what stands in it. */
export const networkScenarios: Scenario[] = [
  throughProxy('PROXY_REFUSED', (socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')),
  throughProxy('TLS_FAILED', (socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.once('data', () => socket.end('this is no TLS'));
  }),
  {
    code: 'TLS_UNTRUSTED',
    run: ({ env: { NODE_EXTRA_CA_CERTS: _, ...env } }) => runInMemory(['connect', '--json'], {}, { env }),
  },
];
