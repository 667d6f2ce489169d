import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestSimulator, type TestSimulator } from '../../support/simulator.ts';
import { B, objectsOf } from './storage-bucket.ts';

const X = 'https://storage.googleapis.com';
const BUCKET = 'xml-1';
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
