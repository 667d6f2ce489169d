import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';
import { B, objectsOf, U } from './storage-bucket.ts';

const BUCKET = 'uploads-1';
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator();
  await sim.call('POST', `${B}?project=${sim.project.projectId}`, { name: BUCKET });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const { put, at } = objectsOf(() => sim, BUCKET);

test('a media upload answers with the object, its checksums computed', async () => {
  const { status, body } = await put('a/hello.txt', '123456789');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    kind: 'storage#object',
    name: 'a/hello.txt',
    bucket: BUCKET,
    size: '9',
    contentType: 'text/plain',
    crc32c: '4waSgw==',
    md5Hash: createHash('md5').update('123456789').digest('base64'),
    metageneration: '1',
    storageClass: 'STANDARD',
  });
  expect(body.id).toBe(`${BUCKET}/a/hello.txt/${body.generation}`);
  expect(body.mediaLink).toBe(
    `https://storage.googleapis.com/download/storage/v1/b/${BUCKET}/o/a%2Fhello.txt?generation=${body.generation}&alt=media`,
  );
  expect((await sim.call('GET', at('a/hello.txt'))).body).toEqual(body);
});

test('a multipart upload takes metadata and bytes, also bytes that look like its boundary', async () => {
  const media = 'one\r\n--almost\r\n--edgy two\n--edg';
  const body = `--edge\r\nContent-Type: application/json\r\n\r\n{"name":"multi","metadata":{"who":"me"},"cacheControl":"no-store"}\r\n--edge\r\nContent-Type: image/png\r\n\r\n${media}\r\n--edge--\r\n`;
  const { status, body: object } = await sim.call('POST', `${U}/${BUCKET}/o?uploadType=multipart`, body, {
    headers: { 'content-type': 'multipart/related; boundary=edge' },
  });
  expect(status).toBe(200);
  expect(object).toMatchObject({
    name: 'multi',
    contentType: 'image/png',
    metadata: { who: 'me' },
    cacheControl: 'no-store',
    size: String(media.length),
  });
  expect((await sim.call('GET', `${at('multi')}?alt=media`)).bytes.toString()).toBe(media);
  const cut = await sim.call('POST', `${U}/${BUCKET}/o?uploadType=multipart`, body.slice(0, -20), {
    headers: { 'content-type': 'multipart/related; boundary=edge' },
  });
  expect(cut.status).toBe(400);
});

test('a wrong checksum is refused and nothing is kept', async () => {
  const refused = await put('broken', 'data', '', { 'x-goog-hash': 'crc32c=AAAAAA==' });
  expect(refused.status).toBe(400);
  expect(refused.body.error.message).toMatch(/^Provided CRC32C "AAAAAA==" doesn't match calculated CRC32C/);
  expect((await sim.call('GET', at('broken'))).status).toBe(404);
});

test('a resumable upload goes chunk by chunk, tells how far it is, and ends', async () => {
  const data = Buffer.alloc(700_000, 'abc');
  const opened = await sim.call(
    'POST',
    `${U}/${BUCKET}/o?uploadType=resumable&name=big`,
    { contentType: 'text/csv' },
    { headers: { 'x-upload-content-length': String(data.length) } },
  );
  const session = String(opened.headers.location);
  expect(session).toMatch(
    /^https:\/\/storage\.googleapis\.com\/upload\/storage\/v1\/b\/uploads-1\/o\?uploadType=resumable&name=big&upload_id=/,
  );
  const chunk = (from: number, to: number, total: string | number = '*') =>
    sim.call('PUT', session, data.subarray(from, to), { headers: { 'content-range': `bytes ${from}-${to - 1}/${total}` } });
  const status = () => sim.call('PUT', session, '', { headers: { 'content-range': `bytes */${data.length}` } });
  expect((await status()).headers.range).toBeUndefined();
  const first = await chunk(0, 300_000);
  expect([first.status, first.headers.range]).toEqual([308, 'bytes=0-262143']);
  expect((await chunk(400_000, 500_000)).status).toBe(503);
  const told = await status();
  expect([told.status, told.headers.range]).toEqual([308, 'bytes=0-262143']);
  await sim.restart();
  // Twice the same bytes: they count once.
  expect((await chunk(0, 524_288)).headers.range).toBe('bytes=0-524287');
  const last = await chunk(524_288, data.length, data.length);
  expect(last.status).toBe(200);
  expect(last.body).toMatchObject({
    size: String(data.length),
    contentType: 'text/csv',
    md5Hash: createHash('md5').update(data).digest('base64'),
  });
  expect((await status()).body.generation).toBe(last.body.generation);
  expect((await sim.call('GET', `${at('big')}?alt=media`)).bytes.equals(data)).toBe(true);
});

test('a chunk that breaks off counts as far as it came; an upload at once that breaks off leaves nothing', async () => {
  const opened = await sim.call('POST', `${U}/${BUCKET}/o?uploadType=resumable&name=torn`, {});
  const session = new URL(String(opened.headers.location));
  const tear = (method: string, target: string, headers: Record<string, string>) =>
    new Promise<void>((resolve) => {
      const call = request({
        host: '127.0.0.1',
        port: sim.port,
        method,
        path: target,
        headers: { host: 'storage.googleapis.com', authorization: 'Bearer x', 'content-length': '1000000', ...headers },
      });
      call.on('error', () => resolve()).on('close', () => resolve());
      call.write(Buffer.alloc(600_000, 1), () => setTimeout(() => call.destroy(), 50));
    });
  await tear('PUT', session.pathname + session.search, { 'content-range': 'bytes 0-999999/1000000' });
  await tear('POST', `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=never`, {});
  const told = await sim.call('PUT', session.href, '', { headers: { 'content-range': 'bytes */1000000' } });
  const [, last] = /^bytes=0-(\d+)$/.exec(String(told.headers.range)) ?? [];
  expect([told.status, Number(last) > 0 && Number(last) < 600_000]).toEqual([308, true]);
  const rest = Buffer.alloc(1_000_000 - Number(last) - 1, 1);
  const ended = await sim.call('PUT', session.href, rest, {
    headers: { 'content-range': `bytes ${Number(last) + 1}-999999/1000000` },
  });
  expect(ended.body).toMatchObject({
    size: '1000000',
    md5Hash: createHash('md5').update(Buffer.alloc(1_000_000, 1)).digest('base64'),
  });
  expect((await sim.call('GET', at('never'))).status).toBe(404);
});

test('a resumable upload may be empty, be cancelled, and needs its session', async () => {
  const open = async () =>
    String((await sim.call('POST', `${U}/${BUCKET}/o?uploadType=resumable&name=empty`, {})).headers.location);
  const done = await sim.call('PUT', await open(), '', { headers: { 'content-range': 'bytes */0' } });
  expect(done.body).toMatchObject({ name: 'empty', size: '0', crc32c: 'AAAAAA==' });
  const session = await open();
  expect((await sim.call('DELETE', session)).status).toBe(499);
  expect((await sim.call('PUT', session, 'x')).status).toBe(499);
  expect((await sim.call('PUT', `${U}/${BUCKET}/o?uploadType=resumable&upload_id=none`, 'x')).status).toBe(404);
});

test('a batch answers each of its calls', async () => {
  await put('batch-1', 'x');
  const calls = ['batch-1', 'batch-none'].map(
    (name, i) =>
      `--b\r\nContent-Type: application/http\r\nContent-ID: <x+${i}>\r\n\r\nDELETE /storage/v1/b/${BUCKET}/o/${name} HTTP/1.1\r\n\r\n\r\n`,
  );
  const answer = await sim.call('POST', 'https://storage.googleapis.com/batch/storage/v1', `${calls.join('')}--b--\r\n`, {
    headers: { 'content-type': 'multipart/mixed; boundary="b"' },
  });
  expect(answer.status).toBe(200);
  const text = answer.bytes.toString();
  expect(text).toMatch(/Content-ID: <response-x\+0>\r\n\r\nHTTP\/1\.1 204 /);
  expect(text).toMatch(/Content-ID: <response-x\+1>\r\n\r\nHTTP\/1\.1 404 /);
});

test('odd names never leave the data folder', async () => {
  for (const name of [
    '../../escape',
    '/etc/passwd',
    'a/../../b',
    'ünï/✓ 100%.txt',
    '..\\win',
    'nul\u0000byte',
    'quote\'"<>',
    'x'.repeat(1024),
  ]) {
    expect((await put(name, 'odd')).status).toBe(200);
    expect((await sim.call('GET', `${at(name)}?alt=media`)).bytes.toString()).toBe('odd');
  }
  expect((await put('y'.repeat(1025), 'odd')).status).toBe(400);
  expect((await put('..', 'odd')).status).toBe(400);
  expect((await put('line\nbreak', 'odd')).status).toBe(400);
  expect(existsSync(join(sim.dataDir, '..', 'escape'))).toBe(false);
  for (const file of readdirSync(join(sim.dataDir, 'files', 'storage-content'))) expect(file).toMatch(/^[0-9a-f]{32}$/);
});
