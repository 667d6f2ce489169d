import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { AccessError, InterruptedError } from '../../src/errors.ts';
import { checkServer, type ServerRoute } from '../../src/project/server-check.ts';

const route = (signal = new AbortController().signal): ServerRoute => ({ proxyFor: () => undefined, authorities: [], signal });

/** Runs `work` with the address of a server that answers with `handle`, and what was asked of it. */
async function withServer(
  handle: (request: IncomingMessage, answer: ServerResponse, count: number) => void,
  work: (url: string) => Promise<void>,
): Promise<IncomingMessage[]> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, answer) => {
    request.resume();
    request.on('end', () => handle(request, answer, asked.push(request)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return asked;
}

const answering = (status: number, body: string) => (_request: IncomingMessage, answer: ServerResponse) =>
  answer.writeHead(status).end(body);

describe('checkServer', () => {
  test('makes one authenticated call', async () => {
    const asked = await withServer(answering(200, '{"experiments":[]}'), (trackingUri) =>
      checkServer({ trackingUri, username: 'ann', password: 'p:ä' }, route()),
    );
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /api/2.0/mlflow/experiments/search']);
    expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ann:p:ä').toString('base64')}`);
  });

  test.each([
    [401, 'Unauthorized', 'SERVER_UNAUTHORIZED'],
    [403, 'Invalid Host header', 'SERVER_FORBIDDEN'],
    [302, '', 'SERVER_FORBIDDEN'],
  ])('%i ends with status 3', async (status, body, code) => {
    await withServer(answering(status, body), async (trackingUri) => {
      const error = await checkServer({ trackingUri }, route()).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(AccessError);
      expect(error).toMatchObject({ code, exitStatus: 3 });
    });
  });

  test.each([
    [404, 'nothing here', 'SERVER_NOT_MLFLOW'],
    [200, '<html>Sign in</html>', 'SERVER_NOT_MLFLOW'],
    [200, '[]', 'SERVER_NOT_MLFLOW'],
    [500, '{"message":"no database"}', 'SERVER_FAILED'],
  ])('%i %s is %s', async (status, body, code) => {
    await withServer(answering(status, body), async (trackingUri) => {
      await expect(checkServer({ trackingUri }, route())).rejects.toMatchObject({ code, exitStatus: 1 });
    });
  });

  test('tells what the server says, but no page of HTML', async () => {
    await withServer(answering(500, '{"message":"no database\\nmore"}'), async (trackingUri) => {
      await expect(checkServer({ trackingUri }, route())).rejects.toThrow(/\(500\)\. It says: no database$/);
    });
    await withServer(answering(403, '<html><body>no</body></html>'), async (trackingUri) => {
      await expect(checkServer({ trackingUri }, route())).rejects.toThrow(/\(403\)\.$/);
    });
  });

  test('asks again while a service starts', async () => {
    const starting = (_request: IncomingMessage, answer: ServerResponse, count: number) =>
      answer.writeHead(count === 1 ? 503 : 200).end('{}');
    const asked = await withServer(starting, (trackingUri) => checkServer({ trackingUri }, route()));
    expect(asked).toHaveLength(2);
  });

  test('nothing listens, or the connection is cut', async () => {
    const tcp = createTcpServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const trackingUri = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}`;
    await expect(checkServer({ trackingUri }, route())).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await new Promise((resolve) => tcp.close(resolve));
    await expect(checkServer({ trackingUri }, route())).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('TLS where there is none', async () => {
    await withServer(answering(200, '{}'), async (url) => {
      await expect(checkServer({ trackingUri: url.replace('http:', 'https:') }, route())).rejects.toMatchObject({
        code: 'SERVER_TLS_FAILED',
      });
    });
  });

  test('Ctrl-C ends the wait', async () => {
    const abort = new AbortController();
    await withServer(
      () => abort.abort(),
      async (trackingUri) => {
        await expect(checkServer({ trackingUri }, route(abort.signal))).rejects.toBeInstanceOf(InterruptedError);
      },
    );
  });

  test('goes through the proxy', async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const through: ServerRoute = { ...route(), proxyFor: (host) => (host === 'mlflow.example.com' ? url : undefined) };
    await expect(checkServer({ trackingUri: 'https://mlflow.example.com' }, through)).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('407'),
    });
    proxy.close();
    expect(asked).toEqual(['mlflow.example.com:443']);
  });
});
