import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { containerConnections, passOn } from '../../../src/local/runtime/run/proxy.ts';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function ask(port: number, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method: body.length > 0 ? 'POST' : 'GET', agent: new Agent() }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    call.once('error', reject).end(body);
  });
}

test('small requests one after another share a connection to the container; large ones have their own', async () => {
  let opened = 0;
  const container = createServer((message, response) => void message.resume().once('end', () => response.end('ok')));
  container.on('connection', () => opened++);
  const port = await listening(container);
  const connections = containerConnections();
  onTestFinished(() => connections.destroy());
  const front = await listening(
    createServer(
      (message, response) => void passOn(message, response, { port, timeoutSeconds: 10, connections, largestBody: undefined }),
    ),
  );
  for (let round = 0; round < 50; round++) expect(await ask(front, Buffer.alloc(round % 2))).toBe(200);
  expect(opened).toBe(1);
  for (let round = 0; round < 3; round++) expect(await ask(front, Buffer.alloc(200_000))).toBe(200);
  expect(opened).toBe(4);
});
