import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REGION, startWorld, type World } from '../simulator/services/world.ts';

// What strict clients send that the reference says little of, as seen of gcloud and Google's libraries behind the proxy.
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});

test('an etag may come back in the alphabet for URLs and without its padding', async () => {
  const url = `https://secretmanager.googleapis.com/v1/projects/${world.project}/secrets`;
  await world.call('POST', `${url}?secretId=etags`, { replication: { automatic: {} } });
  // Until one has a character that differs between the alphabets.
  for (let round = 0; round < 200; round++) {
    const { etag, bindings = [] } = (await world.call('GET', `${url}/etags:getIamPolicy`)).body;
    const inUrls = Buffer.from(etag, 'base64').toString('base64url');
    const members = [`user:u${round}@example.com`];
    const policy = { etag: inUrls, bindings: [{ role: 'roles/secretmanager.viewer', members }] };
    const set = await world.call('POST', `${url}/etags:setIamPolicy`, { policy });
    expect(set.status).toBe(200);
    if (/[+/]/.test(etag) && bindings.length > 0) return;
  }
  throw new Error('no etag had a character that differs between the alphabets');
});

test('an upload may be packed for the way, in one part or in several', async () => {
  const uploads = `https://storage.googleapis.com/upload/storage/v1/b/${world.bucket}/o`;
  const head = '--b7\r\nContent-Type: application/json\r\n\r\n{"name":"packed.txt"}\r\n--b7\r\nContent-Type: text/plain\r\n\r\n';
  const body = gzipSync(`${head}hello there\r\n--b7--\r\n`);
  const headers = { 'content-encoding': 'gzip', 'content-type': 'multipart/related; boundary=b7' };
  expect((await world.call('POST', `${uploads}?uploadType=multipart`, body, { headers })).body).toMatchObject({ size: '11' });
  const media = { headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain' } };
  await world.call('POST', `${uploads}?uploadType=media&name=plain.txt`, gzipSync('hello again'), media);
  const read = await world.call('GET', `https://storage.googleapis.com/storage/v1/b/${world.bucket}/o/plain.txt?alt=media`);
  expect(read.bytes.toString()).toBe('hello again');
  const broken = await world.call('POST', `${uploads}?uploadType=media&name=broken.txt`, 'not packed at all', media);
  expect(broken.status).toBe(400);
});

test('a build without a bucket for its log has Google’s, which no list of buckets shows', async () => {
  const started = await world.call('POST', `https://cloudbuild.googleapis.com/v1/projects/${world.project}/builds`, {
    steps: [{ name: 'gcr.io/cloud-builders/docker', args: ['build', '.'] }],
  });
  const { id, logsBucket } = started.body.metadata.build;
  expect(logsBucket).toBe(`gs://${world.number}.cloudbuild-logs.googleusercontent.com`);
  await world.sim.until(
    `https://cloudbuild.googleapis.com/v1/projects/${world.project}/builds/${id}`,
    ({ status }) => !['QUEUED', 'WORKING'].includes(status),
  );
  const log = await world.call('GET', `https://storage.googleapis.com/${logsBucket.slice(5)}/log-${id}.txt`);
  expect(log.bytes.toString()).toContain('FETCHSOURCE');
  const listed = await world.call('GET', `https://storage.googleapis.com/storage/v1/b?project=${world.project}`);
  expect(listed.body.items.map(({ name }: { name: string }) => name)).toEqual([world.bucket]);
});

/** A zip as it is made of stored files. */
function zip(files: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    for (const [buffer, first] of [
      [local, 18],
      [entry, 20],
    ] as const) {
      buffer.writeUInt32LE(text.length, first);
      buffer.writeUInt32LE(text.length, first + 4);
      buffer.writeUInt16LE(name.length, first + 8);
    }
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name + text));
    entries.push(entry, Buffer.from(name));
    at += 30 + name.length + text.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length / 2, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...entries, end]);
}

async function submit(object: string, content: Buffer): Promise<{ status: string; statusDetail?: string }> {
  const uploads = `https://storage.googleapis.com/upload/storage/v1/b/${world.bucket}/o`;
  await world.call('POST', `${uploads}?uploadType=media&name=${object}`, content, {
    headers: { 'content-type': 'application/zip' },
  });
  const parent = `projects/${world.project}/locations/${REGION}`;
  const submitted = await world.call('POST', `https://run.googleapis.com/v2/${parent}/builds:submit`, {
    storageSource: { bucket: world.bucket, object },
    imageUri: `${world.registry}/zipped`,
    dockerBuild: {},
    serviceAccount: `projects/${world.project}/serviceAccounts/${world.builder}`,
  });
  const { id } = submitted.body.buildOperation.metadata.build;
  // By the id of the build, as gcloud asks.
  const operation = `https://cloudbuild.googleapis.com/v1/${parent}/operations/${id}`;
  const ended = await world.sim.until(operation, ({ done }) => done === true);
  return ended.body.metadata.build;
}

test('Cloud Run takes a zipped source to build', async () => {
  const built = await submit('source.zip', zip({ Dockerfile: 'FROM scratch\n', 'app.txt': 'an app\n' }));
  expect(built).toMatchObject({ status: 'SUCCESS', results: { images: [{ name: `${world.registry}/zipped` }] } });
  const without = await submit('empty.zip', zip({ 'app.txt': 'an app\n' }));
  expect(without.status).toBe('FAILURE');
  const cut = zip({ Dockerfile: 'FROM scratch\n' });
  const damaged = await submit('cut.zip', cut.subarray(0, cut.length - 30));
  expect(damaged).toMatchObject({ status: 'FAILURE', statusDetail: expect.stringContaining('unpack') });
});

test('a service names its last operation, which the first API waits for', async () => {
  const base = `https://${REGION}-run.googleapis.com`;
  const service = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: 'waited', namespace: world.project },
    spec: { template: { spec: { containers: [{ image: 'gcr.io/cloudrun/hello' }], serviceAccountName: world.runner } } },
  };
  const made = await world.call('POST', `${base}/apis/serving.knative.dev/v1/namespaces/${world.project}/services`, service);
  const id = made.body.metadata.annotations['run.googleapis.com/operation-id'];
  const operation = `${base}/v1/projects/${world.project}/locations/${REGION}/operations/${id}`;
  const waited = await world.call('POST', `${operation}:wait`, { timeout: '5s' });
  expect(waited.body).toMatchObject({ done: true, response: { kind: 'Service', metadata: { name: 'waited' } } });
  expect((await world.call('GET', operation)).body.response.status.observedGeneration).toBe(1);
  expect((await world.call('GET', `${operation}0`)).status).toBe(404);
});

test('gcloud finds locations by an older version, and asks for managed folders before it deletes a bucket', async () => {
  const locations = await world.call(
    'GET',
    `https://artifactregistry.googleapis.com/v1beta2/projects/${world.project}/locations`,
  );
  expect(locations.body.locations.map(({ locationId }: { locationId: string }) => locationId)).toContain(REGION);
  const folders = (bucket: string) => world.call('GET', `https://storage.googleapis.com/storage/v1/b/${bucket}/managedFolders`);
  expect((await folders(world.bucket)).body).toEqual({ kind: 'storage#managedFolders' });
  expect((await folders('there-is-none-of-this-name')).status).toBe(404);
});
