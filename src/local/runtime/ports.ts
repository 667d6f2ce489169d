import { createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** A TCP port of the loopback address that is free at this moment: the preferred one if it is, else one that the system picks. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined) {
    const port = await tryPort(preferred);
    if (port !== undefined) return port;
  }
  const port = await tryPort(0);
  if (port === undefined) throw new Error('The system has no free TCP port.');
  return port;
}

/** Undefined when the port is taken or not allowed. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
