import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';

const B = 'https://storage.googleapis.com/storage/v1/b';
const U = 'https://storage.googleapis.com/upload/storage/v1/b';
const X = 'https://storage.googleapis.com';
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
const put = (name: string, data: string | Buffer, query = '', headers: Record<string, string> = {}, bucket = BUCKET) =>
  sim.call('POST', `${U}/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${query}`, data, {
    headers: { 'content-type': 'text/plain', ...headers },
  });
const at = (name: string, bucket = BUCKET) => `${B}/${bucket}/o/${encodeURIComponent(name)}`;

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
    /^https:\/\/storage\.googleapis\.com\/upload\/storage\/v1\/b\/objects-1\/o\?uploadType=resumable&name=big&upload_id=/,
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

test('the XML paths read, write and refuse in their own form', async () => {
  await put('xml/o', '0123456789');
  const read = await sim.call('GET', `${X}/${BUCKET}/xml/o`, undefined, { headers: { range: 'bytes=4-' } });
  expect([read.status, read.bytes.toString()]).toEqual([206, '456789']);
  expect((await sim.call('GET', `https://${BUCKET}.storage.googleapis.com/xml/o`)).bytes.toString()).toBe('0123456789');
  const head = await sim.call('HEAD', `${X}/${BUCKET}/xml/o`);
  expect([head.status, head.headers['content-length'], head.bytes.length]).toEqual([200, '10', 0]);
  const beyond = await sim.call('GET', `${X}/${BUCKET}/xml/o`, undefined, { headers: { range: 'bytes=10-' } });
  expect([beyond.status, beyond.bytes.toString()]).toEqual([416, expect.stringContaining('<Code>InvalidRange</Code>')]);
  const missing = await sim.call('GET', `${X}/${BUCKET}/log-none.txt`);
  expect([missing.status, missing.headers['content-type']]).toEqual([404, 'application/xml; charset=UTF-8']);
  expect(missing.bytes.toString()).toBe(
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Details>No such object: ${BUCKET}/log-none.txt</Details></Error>`,
  );
  expect((await sim.call('GET', `${X}/no-such-bucket/x`)).bytes.toString()).toContain('<Code>NoSuchBucket</Code>');
  const written = await sim.call('PUT', `${X}/${BUCKET}/xml/new`, 'data', {
    headers: { 'content-type': 'a/b', 'x-goog-meta-k': 'v' },
  });
  expect([written.status, written.headers['x-goog-generation']]).toEqual([200, expect.stringMatching(/^\d+$/)]);
  expect((await sim.call('GET', at('xml/new'))).body).toMatchObject({ contentType: 'a/b', metadata: { k: 'v' } });
  expect((await sim.call('DELETE', `${X}/${BUCKET}/xml/new`)).status).toBe(204);
  expect((await sim.call('GET', `${X}/${BUCKET}/xml/o`, undefined, { token: null })).status).toBe(403);
});

test('an upload in parts by the XML API', async () => {
  const url = `${X}/${BUCKET}/parts/o`;
  const begun = await sim.call('POST', `${url}?uploads`, '', { headers: { 'content-type': 'text/plain', 'x-goog-meta-k': 'v' } });
  const [, id = ''] = /<UploadId>(.+)<\/UploadId>/.exec(begun.bytes.toString()) ?? [];
  const etags: string[] = [];
  for (const [number, text] of [
    [2, 'second'],
    [1, 'wrong'],
    [1, 'first '],
  ] as const) {
    const part = await sim.call('PUT', `${url}?partNumber=${number}&uploadId=${id}`, text);
    etags[number] = String(part.headers.etag);
  }
  expect((await sim.call('GET', `${url}?uploadId=${id}`)).bytes.toString()).toMatch(/<PartNumber>1<.*<PartNumber>2</);
  const list = (order: number[]) =>
    `<CompleteMultipartUpload>${order.map((n) => `<Part><PartNumber>${n}</PartNumber><ETag>${etags[n] ?? 'x'}</ETag></Part>`).join('')}</CompleteMultipartUpload>`;
  expect((await sim.call('POST', `${url}?uploadId=${id}`, list([2, 1]))).bytes.toString()).toContain(
    '<Code>InvalidPartOrder</Code>',
  );
  expect((await sim.call('POST', `${url}?uploadId=${id}`, list([1, 3]))).bytes.toString()).toContain('<Code>InvalidPart</Code>');
  expect((await sim.call('POST', `${url}?uploadId=${id}`, list([1, 2]))).status).toBe(200);
  expect((await sim.call('GET', at('parts/o'))).body).toMatchObject({
    size: '12',
    contentType: 'text/plain',
    metadata: { k: 'v' },
  });
  expect((await sim.call('GET', url)).bytes.toString()).toBe('first second');
  expect((await sim.call('POST', `${url}?uploadId=${id}`, list([1]))).status).toBe(404);
});

test('a signed address opens its object until it expires', async () => {
  const project = sim.project.projectId;
  for (const api of ['iam', 'iamcredentials']) {
    const enabled = await sim.call(
      'POST',
      `https://serviceusage.googleapis.com/v1/projects/${project}/services/${api}.googleapis.com:enable`,
      {},
    );
    await sim.until(`https://serviceusage.googleapis.com/v1/${enabled.body.name}`, (operation) => operation.done !== false);
  }
  await sim.call('POST', `https://iam.googleapis.com/v1/projects/${project}/serviceAccounts`, { accountId: 'signer' });
  const email = `signer@${project}.iam.gserviceaccount.com`;
  await put('signed file', 'for you');
  const sign = async (seconds: number, time: Date) => {
    const date = time.toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = `${date.slice(0, 8)}/auto/storage/goog4_request`;
    const query = new URLSearchParams({
      'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
      'X-Goog-Credential': `${email}/${scope}`,
      'X-Goog-Date': date,
      'X-Goog-Expires': String(seconds),
      'X-Goog-SignedHeaders': 'host',
    });
    const path = `/${BUCKET}/signed%20file`;
    const canonical = ['GET', path, query.toString(), 'host:storage.googleapis.com\n', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
    const text = ['GOOG4-RSA-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
    const signed = await sim.call(
      'POST',
      `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:signBlob`,
      { payload: Buffer.from(text).toString('base64') },
    );
    return `${X}${path}?${query}&X-Goog-Signature=${Buffer.from(signed.body.signedBlob, 'base64').toString('hex')}`;
  };
  const nobody = { token: null };
  const good = await sign(60, new Date());
  expect((await sim.call('GET', good, undefined, nobody)).bytes.toString()).toBe('for you');
  expect((await sim.call('GET', good.replace('signed%20file', 'ranges'), undefined, nobody)).bytes.toString()).toContain(
    'SignatureDoesNotMatch',
  );
  expect((await sim.call('GET', good.replace('Expires=60', 'Expires=600'), undefined, nobody)).status).toBe(403);
  const old = await sim.call('GET', await sign(60, new Date(Date.now() - 61_000)), undefined, nobody);
  expect([old.status, old.bytes.toString()]).toEqual([400, expect.stringContaining('<Code>ExpiredToken</Code>')]);
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

test('objects are there after a restart', async () => {
  await put('lasting', 'still here');
  await sim.restart();
  expect((await sim.call('GET', `${at('lasting')}?alt=media`)).bytes.toString()).toBe('still here');
});
