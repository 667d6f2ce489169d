import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { proveServer } from '../../src/project/server-proof.ts';
import { during, type Scenario } from './scenario.ts';

/** A server that is called after a deployment; it gives these answers by path, to strangers and to those with credentials. */
function proven(code: string, answers: { strangers: number; version: string }): Scenario {
  return during(code, async () => {
    const server = createServer((request, answer) => {
      const known = request.headers.authorization !== undefined || request.url === '/health';
      answer.writeHead(known ? 200 : answers.strangers);
      answer.end(request.url === '/version' ? answers.version : '{"experiments":[]}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const trackingUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const route = { proxyFor: () => undefined, authorities: [], signal: new AbortController().signal };
    try {
      const options = { version: '3.17.2', artifactMb: 0, progress: () => undefined };
      await proveServer({ trackingUri, username: 'ann', password: 'p' }, route, options);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
}

export const serverScenarios: Scenario[] = [
  proven('SERVER_OPEN', { strangers: 200, version: '3.17.2' }),
  proven('SERVER_OTHER_VERSION', { strangers: 401, version: '3.1.0' }),
];
