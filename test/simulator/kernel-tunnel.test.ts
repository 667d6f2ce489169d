import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { connect as tlsConnect } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../../src/local/simulator/service.ts';
import type { TestSimulator } from '../support/simulator.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const HOST = 'secretmanager.googleapis.com';
const LIST = '/v1/projects/mlflow-local/secrets';

const sockets: Service = {
  api: 'run',
  versions: [],
  methods: {},
  routes: [
    {
      httpMethod: 'GET',
      host: /^hello-12\.us-central1\.run\.app$/,
      path: /^\/ws$/,
      authenticated: false,
      handle: ({ response }) => void response.end('plain'),
      upgrade: (_request, socket, head) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
        if (head.length > 0) socket.write(head);
        socket.pipe(socket);
      },
    },
  ],
};

let sim: TestSimulator;
let ca: string;
beforeAll(async () => {
  sim = await startTestSimulator({ services: [testService, sockets] });
  ca = await readFile(sim.ca, 'utf8');
});
afterAll(() => sim.remove());

/** The answer of the proxy, and the connection behind it. */
async function tunnel(target: string): Promise<{ status: number; socket: Socket; text: string }> {
  const call = httpRequest({ host: '127.0.0.1', port: sim.port, method: 'CONNECT', path: target }).end();
  const [response, socket, head] = (await Promise.race([once(call, 'connect'), once(call, 'response')])) as [
    { statusCode: number },
    Socket,
    Buffer,
  ];
  return { status: response.statusCode, socket, text: head?.toString() ?? '' };
}

async function secured(target: string): Promise<TLSSocket> {
  const { socket } = await tunnel(target);
  const secure = tlsConnect({ socket, servername: target.split(':')[0], ca });
  await once(secure, 'secureConnect');
  return secure;
}

describe('CONNECT', () => {
  test('is answered with TLS that the authority vouches for, keep-alive included', async () => {
    const agent = new HttpsProxyAgent(sim.url, { keepAlive: true });
    for (let n = 0; n < 3; n++) {
      const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
        const call = httpsRequest(
          { host: HOST, path: LIST, agent, ca, headers: { authorization: 'Bearer x' } },
          async (response) => {
            resolve({ status: response.statusCode, body: await text(response) });
          },
        );
        call.on('error', reject).end();
      });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toHaveProperty('secrets');
    }
    agent.destroy();
  });

  test('names each host in its own certificate, from one authority that can be checked strictly', async () => {
    for (const host of [HOST, 'us-central1-run.googleapis.com', 'hello-12.us-central1.run.app']) {
      const secure = await secured(`${host}:443`);
      expect(secure.authorized).toBe(true);
      const certificate = secure.getPeerCertificate(true);
      expect(certificate.subjectaltname).toBe(`DNS:${host.replace(/^[^.]+(?=\.googleapis\.com$)/, '*')}`);
      expect(certificate.issuerCertificate.subject.CN).toBe('mlflow-gcp simulator');
      expect(secure.alpnProtocol).toBe(false);
      secure.destroy();
    }
  });

  test('keeps its authority and certificates over a restart', async () => {
    const before = await secured(`${HOST}:443`);
    const { fingerprint256 } = before.getPeerCertificate();
    before.destroy();
    await sim.restart();
    expect(await readFile(sim.ca, 'utf8')).toBe(ca);
    const after = await secured(`${HOST}:443`);
    expect(after.getPeerCertificate().fingerprint256).toBe(fingerprint256);
    after.destroy();
  });

  test.each(['example.com:443', 'google.com:443', `${HOST}:22`, '127.0.0.1:443', 'nonsense', ':443', '169.254.169.254:80'])(
    'to %s is refused, never forwarded',
    async (target) => {
      const { status } = await tunnel(target);
      expect(status).toBe(502);
    },
  );

  test('to port 80 is plain HTTP', async () => {
    const { status, socket } = await tunnel(`${HOST}:80`);
    expect(status).toBe(200);
    socket.write(`GET ${LIST} HTTP/1.1\r\nhost: ${HOST}\r\nauthorization: Bearer x\r\nconnection: close\r\n\r\n`);
    expect(await text(socket)).toContain('HTTP/1.1 200');
  });

  test('with something else than TLS behind it harms nobody', async () => {
    const { socket } = await tunnel(`${HOST}:443`);
    socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(10));
    socket.on('error', () => socket.destroy());
    await once(socket, 'close');
    expect((await sim.call('GET', `https://${HOST}${LIST}`)).status).toBe(200);
  });

  test('is not needed: a proxy is asked with the whole address too', async () => {
    const socket = connect(sim.port, '127.0.0.1');
    socket.write(
      `GET http://${HOST}${LIST}?pageSize=3 HTTP/1.1\r\nhost: elsewhere.example\r\nauthorization: Bearer x\r\nconnection: close\r\n\r\n`,
    );
    expect(await text(socket)).toContain('"totalSize": 3');
    const other = connect(sim.port, '127.0.0.1');
    other.write('GET http://example.com/ HTTP/1.1\r\nhost: example.com\r\nconnection: close\r\n\r\n');
    expect(await text(other)).toContain('HTTP/1.1 421');
  });
});

describe('WebSocket', () => {
  test('goes to the route of its path, through TLS too; elsewhere it is 404', async () => {
    const secure = await secured('hello-12.us-central1.run.app:443');
    secure.write('GET /ws HTTP/1.1\r\nhost: hello-12.us-central1.run.app\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nfirst');
    let received = '';
    secure.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    await expect.poll(() => received).toMatch(/101 Switching Protocols[\s\S]*first$/);
    secure.write(' second');
    await expect.poll(() => received).toMatch(/first second$/);
    secure.destroy();
    const socket = connect(sim.port, '127.0.0.1');
    socket.write(`GET ${LIST} HTTP/1.1\r\nhost: ${HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    expect(await text(socket)).toContain('HTTP/1.1 404');
  });
});
