import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestSimulator } from '../support/simulator.ts';
import { startTestSimulator } from '../support/simulator.ts';
import { testService } from './kernel-service.ts';

const HOST = 'secretmanager.googleapis.com';
const SECRETS = `https://${HOST}/v1/projects/mlflow-local/secrets`;
const HEAD = `host: ${HOST}\r\nauthorization: Bearer x\r\n`;

let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator({ services: [testService] });
});
afterAll(async () => {
  // Still well, and nothing of it was taken for a fault of the simulator.
  expect((await sim.call('GET', SECRETS)).status).toBe(200);
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});

async function raw(...parts: Array<string | Buffer>): Promise<string> {
  const socket = connect(sim.port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  for (const part of parts) socket.write(part);
  return text(socket).catch(() => '');
}

test('headers of a megabyte are 431', async () => {
  expect(await raw(`GET / HTTP/1.1\r\n${HEAD}x-long: ${'a'.repeat(1_000_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 |^$/);
  expect(await raw(`GET / HTTP/1.1\r\n${HEAD}x-long: ${'a'.repeat(70_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
});

test('what is no HTTP is 400', async () => {
  expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(`GET /\0 HTTP/1.1\r\n${HEAD}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
});

test('a request that names no host finds nothing', async () => {
  expect(await raw('GET /_simulator/state HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /);
  expect(await raw('GET /_simulator/state HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /);
});

test('a body beyond the limit is 413 in Google’s form, announced or not', async () => {
  const announced = await raw(
    `POST /v1/projects/mlflow-local/secrets?secretId=a HTTP/1.1\r\n${HEAD}content-length: 99999999999\r\n\r\n`,
  );
  expect(announced).toMatch(/^HTTP\/1\.1 413 /);
  expect(announced).toContain('"code": 413');
  const chunk = Buffer.from(`100000\r\n${'a'.repeat(0x100000)}\r\n`);
  const streamed = await raw(
    `POST /v1/projects/mlflow-local/secrets?secretId=a HTTP/1.1\r\n${HEAD}transfer-encoding: chunked\r\n\r\n`,
    ...Array.from({ length: 12 }, () => chunk),
  );
  expect(streamed).toMatch(/^(HTTP\/1\.1 413 |$)/);
});

test('a body that unpacks beyond the limit is 413', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20));
  expect((await sim.call('POST', `${SECRETS}?secretId=a`, bomb, { headers: { 'content-encoding': 'gzip' } })).status).toBe(413);
  expect((await sim.call('POST', `${SECRETS}?secretId=a`, 'no gzip', { headers: { 'content-encoding': 'gzip' } })).status).toBe(
    400,
  );
});

test('JSON nested without end is 400', async () => {
  const nested = `{"policy":${'{"bindings":['.repeat(20_000)}`;
  expect((await sim.call('POST', `${SECRETS}/x:setIamPolicy`, nested)).status).toBe(400);
  const closed = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect((await sim.call('POST', `${SECRETS}/x:setIamPolicy`, closed)).status).toBe(400);
  expect((await sim.call('POST', `${SECRETS}/x:setIamPolicy`, `{"policy":${closed}}`)).status).toBe(400);
});

test.each([
  ['/v1/projects/mlflow-local/secrets/%00', 400],
  ['/v1/projects/mlflow-local/secrets/a%00b', 400],
  ['/v1/projects/mlflow-local/secrets/%', 400],
  ['/v1/projects/mlflow-local/secrets/%ff', 400],
  ['/v1/projects/mlflow-local/secrets/..%2f..%2fetc%2fpasswd', 404],
  ['/v1/projects/mlflow-local/secrets/../../../etc/passwd', 404],
  ['/../../../../etc/passwd', 404],
  ['//etc/passwd', 404],
  ['/_simulator/../v1/projects/mlflow-local/secrets', 404],
  ['/v1/projects/mlflow-local/secrets/', 404],
  [`/v1/projects/mlflow-local/secrets/${'a'.repeat(20_000)}`, 404],
])('the path %.60s is %i', async (path, status) => {
  const answer = await raw(`GET ${path} HTTP/1.1\r\n${HEAD}connection: close\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test('names of secrets never become names of files', async () => {
  const before = await readdir(sim.dataDir, { recursive: true });
  for (const id of ['..%2F..%2Fx', '%2Fetc%2Fx', 'a%0Ab', '💥', 'con', '.'])
    await sim.call('POST', `${SECRETS}?secretId=${encodeURI(id)}`, {});
  expect(await readdir(sim.dataDir, { recursive: true })).toEqual(before);
});

test('a hundred connections that say nothing, or half a sentence, are in nobody’s way', async () => {
  const silent: Socket[] = [];
  for (let n = 0; n < 100; n++) {
    const socket = connect(sim.port, '127.0.0.1');
    await once(socket, 'connect');
    if (n % 3 === 1) socket.write('GET /v1/proj');
    if (n % 3 === 2)
      socket.write(`POST /v1/projects/mlflow-local/secrets?secretId=a HTTP/1.1\r\n${HEAD}content-length: 100\r\n\r\n{`);
    silent.push(socket);
  }
  const begin = performance.now();
  expect((await sim.call('GET', SECRETS)).status).toBe(200);
  expect(performance.now() - begin).toBeLessThan(1000);
  for (const socket of silent) socket.destroy();
});

test('clients that go away in the middle are no fault', async () => {
  for (let n = 0; n < 20; n++) {
    const socket = connect(sim.port, '127.0.0.1');
    socket.write(`POST /v1/projects/mlflow-local/secrets?secretId=gone HTTP/1.1\r\n${HEAD}content-length: 100\r\n\r\n{`);
    await once(socket, 'connect');
    socket.resetAndDestroy();
  }
  expect((await sim.call('GET', `${SECRETS}/gone`)).status).toBe(404);
});
