import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';
import { B, objectsOf } from './storage-bucket.ts';

const BUCKET = 'objects-1';
let sim: TestSimulator;
beforeAll(async () => {
  sim = await startTestSimulator();
  for (const name of [BUCKET, 'objects-2']) await sim.call('POST', `${B}?project=${sim.project.projectId}`, { name });
  await sim.call('POST', `${B}?project=${sim.project.projectId}`, { name: 'versioned-1', versioning: { enabled: true } });
});
afterAll(async () => {
  expect(sim.bugs).toEqual([]);
  await sim.remove();
});
const { put, at } = objectsOf(() => sim, BUCKET);

test('bytes come back whole, in ranges, and not beyond the end', async () => {
  await put('ranges', '0123456789');
  const whole = await sim.call('GET', `${at('ranges')}?alt=media`);
  expect([whole.bytes.toString(), whole.headers['x-goog-hash'], whole.headers['content-type']]).toEqual([
    '0123456789',
    expect.stringMatching(/^crc32c=.+==,md5=.+==$/),
    'text/plain',
  ]);
  const download = `https://storage.googleapis.com/download/storage/v1/b/${BUCKET}/o/ranges?alt=media`;
  for (const [range, text, contentRange] of [
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ]) {
    const part = await sim.call('GET', download, undefined, { headers: { range: range as string } });
    expect([part.status, part.bytes.toString(), part.headers['content-range']]).toEqual([206, text, contentRange]);
  }
  expect((await sim.call('GET', download, undefined, { headers: { range: 'bytes=10-' } })).status).toBe(416);
  expect((await sim.call('GET', `${at('none')}?alt=media`)).body.error.message).toBe(`No such object: ${BUCKET}/none`);
});

test('generations: preconditions on writes, reads and deletes', async () => {
  const first = (await put('gen', 'one', '&ifGenerationMatch=0')).body;
  const again = await put('gen', 'two', '&ifGenerationMatch=0');
  expect([again.status, again.body.error.errors[0].reason]).toEqual([412, 'conditionNotMet']);
  const second = (await put('gen', 'two', `&ifGenerationMatch=${first.generation}`)).body;
  expect(BigInt(second.generation)).toBeGreaterThan(BigInt(first.generation));
  expect((await sim.call('GET', `${at('gen')}?generation=${first.generation}`)).status).toBe(404);
  expect((await sim.call('GET', `${at('gen')}?ifGenerationNotMatch=${second.generation}`)).status).toBe(304);
  expect((await sim.call('DELETE', `${at('gen')}?ifGenerationMatch=${first.generation}`)).status).toBe(412);
  const patched = await sim.call('PATCH', at('gen'), { metadata: { a: 'b' }, contentType: 'x/y' });
  expect(patched.body).toMatchObject({
    generation: second.generation,
    metageneration: '2',
    metadata: { a: 'b' },
    contentType: 'x/y',
  });
});

test('lists with prefix, delimiter, offsets, pages and globs', async () => {
  for (const name of ['l/1.txt', 'l/2.csv', 'l/sub/3.txt', 'l/sub/', 'l/zed/4.txt', 'l2'])
    await put(name, name, '', {}, 'objects-2');
  const names = async (query: string) => {
    const { body } = await sim.call('GET', `${B}/objects-2/o?${query}`);
    return { items: body.items?.map((item: { name: string }) => item.name), prefixes: body.prefixes, token: body.nextPageToken };
  };
  expect(await names('prefix=l/&delimiter=/')).toEqual({ items: ['l/1.txt', 'l/2.csv'], prefixes: ['l/sub/', 'l/zed/'] });
  expect((await names('prefix=l/&delimiter=/&includeTrailingDelimiter=true')).items).toEqual(['l/1.txt', 'l/2.csv', 'l/sub/']);
  expect((await names('startOffset=l/2&endOffset=l/z')).items).toEqual(['l/2.csv', 'l/sub/', 'l/sub/3.txt']);
  expect((await names('matchGlob=l/*.txt')).items).toEqual(['l/1.txt']);
  expect((await names('matchGlob=l/**/*.txt')).items).toEqual(['l/1.txt', 'l/sub/3.txt', 'l/zed/4.txt']);
  const seen: string[] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const got: Awaited<ReturnType<typeof names>> = await names(`prefix=l/&delimiter=/&maxResults=1&pageToken=${token}`);
    seen.push(...(got.items ?? []), ...(got.prefixes ?? []));
    token = got.token;
  }
  expect(seen).toEqual(['l/1.txt', 'l/2.csv', 'l/sub/', 'l/zed/']);
  expect((await sim.call('GET', `${B}/objects-2/o?prefix=none`)).body).toEqual({ kind: 'storage#objects' });
});

test('a versioned bucket keeps what is overwritten or deleted', async () => {
  const one = (await put('v', 'one', '', {}, 'versioned-1')).body;
  const two = (await put('v', 'two', '', {}, 'versioned-1')).body;
  await sim.call('DELETE', at('v', 'versioned-1'));
  expect((await sim.call('GET', at('v', 'versioned-1'))).status).toBe(404);
  expect((await sim.call('GET', `${B}/versioned-1/o`)).body.items).toBeUndefined();
  const { items } = (await sim.call('GET', `${B}/versioned-1/o?versions=true`)).body;
  expect(items.map((item: { generation: string }) => item.generation)).toEqual([one.generation, two.generation]);
  expect(items[0].timeDeleted).toBeDefined();
  expect((await sim.call('GET', `${at('v', 'versioned-1')}?generation=${one.generation}&alt=media`)).bytes.toString()).toBe(
    'one',
  );
  expect((await sim.call('DELETE', `${B}/versioned-1`)).status).toBe(409);
  for (const { generation } of items)
    expect((await sim.call('DELETE', `${at('v', 'versioned-1')}?generation=${generation}`)).status).toBe(204);
  expect((await sim.call('DELETE', `${B}/versioned-1`)).status).toBe(204);
});

test('compose, copy, rewrite and move make objects of objects', async () => {
  await put('c1', 'first ');
  await put('c2', 'second');
  const composed = await sim.call('POST', `${at('c3')}/compose`, {
    sourceObjects: [{ name: 'c1' }, { name: 'c2' }],
    destination: { contentType: 'text/plain' },
  });
  expect(composed.body).toMatchObject({ size: '12', componentCount: 2, contentType: 'text/plain' });
  expect(composed.body.md5Hash).toBeUndefined();
  const many = { sourceObjects: Array.from({ length: 33 }, () => ({ name: 'c1' })) };
  expect((await sim.call('POST', `${at('c4')}/compose`, many)).status).toBe(400);
  const rewritten = await sim.call('POST', `${at('c3')}/rewriteTo/b/objects-2/o/copy%2Fc3`, undefined);
  expect(rewritten.body).toMatchObject({
    kind: 'storage#rewriteResponse',
    done: true,
    objectSize: '12',
    resource: { bucket: 'objects-2', name: 'copy/c3', contentType: 'text/plain' },
  });
  expect((await sim.call('POST', `${at('c3')}/copyTo/b/objects-2/o/copied`, { contentType: 'a/b' })).body).toMatchObject({
    contentType: 'a/b',
    size: '12',
  });
  expect((await sim.call('POST', `${at('c1')}/moveTo/o/c5`)).body.name).toBe('c5');
  expect((await sim.call('GET', at('c1'))).status).toBe(404);
  expect((await sim.call('GET', `${at('copy/c3', 'objects-2')}?alt=media`)).bytes.toString()).toBe('first second');
});

test('what is stored as gzip goes out as it is to those who take it, else unpacked', async () => {
  const packed = gzipSync('plain text');
  await put('packed', packed, '&contentEncoding=gzip');
  const raw = await sim.call('GET', `${at('packed')}?alt=media`, undefined, { headers: { 'accept-encoding': 'gzip' } });
  expect([raw.headers['content-encoding'], raw.bytes.equals(packed)]).toEqual(['gzip', true]);
  const plain = await sim.call('GET', `${at('packed')}?alt=media`);
  expect([plain.headers['content-encoding'], plain.bytes.toString(), plain.headers['x-goog-stored-content-encoding']]).toEqual([
    undefined,
    'plain text',
    'gzip',
  ]);
});

test('objects are there after a restart', async () => {
  await put('lasting', 'still here');
  await sim.restart();
  expect((await sim.call('GET', `${at('lasting')}?alt=media`)).bytes.toString()).toBe('still here');
});
