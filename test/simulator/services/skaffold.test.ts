import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archive, grantProject, REGION, secret, startWorld, type World } from './world.ts';

// What `skaffold run`, `build`, `deploy` and `delete` send, as recorded of the real program behind a proxy, in its order.
let world: World;
let host: string;
let image: string;
let bucketUrl: string;
const TAG = 'd2f3f0a1b2c3';
beforeAll(async () => {
  world = await startWorld();
  host = `${REGION}-docker.pkg.dev`;
  image = `${world.registry}/mlflow`;
  bucketUrl = `https://storage.googleapis.com/storage/v1/b`;
  await secret(world, 'mlflow_tracking_password', 'hush');
  await grantProject(world, world.runner, 'roles/secretmanager.secretAccessor');
});
afterAll(async () => {
  expect(world.sim.bugs).toEqual([]);
  await world.remove();
});
const anonymous = { token: null };
const path = () => image.replace(`${host}/`, '');
const sha = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function lookAtBaseImage(registry: string): Promise<void> {
  expect((await world.call('GET', `https://${registry}/v2/`, undefined, anonymous)).status).toBe(200);
  const manifest = await world.call('GET', `https://${registry}/v2/library/python/manifests/3.13-slim`, undefined, {
    ...anonymous,
    headers: {
      accept:
        'application/vnd.docker.distribution.manifest.v1+json,application/vnd.docker.distribution.manifest.v2+json,application/vnd.oci.image.index.v1+json',
    },
  });
  expect(manifest.status).toBe(200);
  const config = await world.call(
    'GET',
    `https://${registry}/v2/library/python/blobs/${manifest.body.config.digest}`,
    undefined,
    anonymous,
  );
  expect(sha(config.bytes)).toBe(manifest.body.config.digest);
}

/** The digest under the tag, as the registry's clients compute it; undefined when there is none. */
async function lookUpTag(): Promise<string | undefined> {
  const greeting = await world.call('GET', `https://${host}/v2/`, undefined, anonymous);
  expect(greeting.status).toBe(401);
  const [, realm, service] =
    /^Bearer realm="([^"]+)",service="([^"]+)"$/.exec(String(greeting.headers['www-authenticate'])) ?? [];
  expect([realm, service]).toEqual([`https://${host}/v2/token`, host]);
  const basic = `Basic ${Buffer.from('oauth2accesstoken:ya29.x').toString('base64')}`;
  const scope = encodeURIComponent(`repository:${path()}:pull`);
  const token = await world.call('GET', `${realm}?scope=${scope}&service=${service}`, undefined, {
    token: null,
    headers: { authorization: basic },
  });
  const manifest = await world.call('GET', `https://${host}/v2/${path()}/manifests/${TAG}`, undefined, {
    token: token.body.token,
  });
  if (manifest.status === 404) {
    expect(manifest.body.errors[0].code).toBe('MANIFEST_UNKNOWN');
    return undefined;
  }
  expect(manifest.status).toBe(200);
  return sha(manifest.bytes);
}

async function upload(): Promise<string> {
  expect((await world.call('GET', `${bucketUrl}/${world.bucket}?alt=json&prettyPrint=false&projection=full`)).status).toBe(200);
  const owned = await world.call(
    'GET',
    `${bucketUrl}?alt=json&pageToken=&prefix=${world.bucket}&prettyPrint=false&project=${world.project}&projection=full`,
  );
  expect(owned.body.items.map((item: { name: string }) => item.name)).toEqual([world.bucket]);
  const name = `source/${world.project}-4a8f6f5e-0b0b-4f6e-9c53-6f1d1f8c2b11.tar.gz`;
  const source = await archive({ Dockerfile: 'FROM mirror.gcr.io/library/python:3.13-slim\n', 'app/__init__.py': '' });
  const head = `--b7\r\nContent-Type: application/json\r\n\r\n${JSON.stringify({ bucket: world.bucket, name })}\r\n--b7\r\nContent-Type: application/gzip\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), source, Buffer.from('\r\n--b7--\r\n')]);
  const url = `https://storage.googleapis.com/upload/storage/v1/b/${world.bucket}/o?alt=json&name=${encodeURIComponent(name)}&prettyPrint=false&projection=full&uploadType=multipart`;
  const stored = await world.call('POST', url, body, { headers: { 'content-type': 'multipart/related; boundary=b7' } });
  expect(stored.body).toMatchObject({ name, size: String(source.length), contentType: 'application/gzip' });
  return name;
}

async function runBuild(object: string): Promise<string> {
  const builds = `https://cloudbuild.googleapis.com/v1/projects/${world.project}/locations/${REGION}/builds`;
  const started = await world.call('POST', `${builds}?alt=json&prettyPrint=false`, {
    images: [`${image}:${TAG}`],
    logsBucket: world.bucket,
    options: { logging: 'LEGACY' },
    serviceAccount: `projects/${world.project}/serviceAccounts/${world.builder}`,
    source: { storageSource: { bucket: world.bucket, object } },
    steps: [
      {
        name: 'gcr.io/cloud-builders/docker',
        args: ['build', '--tag', `${image}:${TAG}`, '-f', 'Dockerfile', '--platform', 'linux/amd64', '.'],
        env: ['DOCKER_BUILDKIT=1'],
      },
    ],
  });
  const { id } = started.body.metadata.build;
  const log = () =>
    world.call('GET', `https://storage.googleapis.com/${world.bucket}/log-${id}.txt`, undefined, {
      headers: { range: 'bytes=0-' },
    });
  expect([200, 206, 404, 416]).toContain((await log()).status);
  const ended = await world.sim.until(
    `${builds}/${id}?alt=json&prettyPrint=false`,
    ({ status }) => status !== 'QUEUED' && status !== 'WORKING',
  );
  expect(ended.body.status).toBe('SUCCESS');
  expect((await log()).bytes.toString()).toContain('DONE');
  const removed = await world.call(
    'DELETE',
    `${bucketUrl}/${world.bucket}/o/${encodeURIComponent(object)}?alt=json&prettyPrint=false`,
  );
  expect(removed.status).toBe(204);
  return ended.body.results.images[0].digest;
}

const serviceUrl = () => `https://${REGION}-run.googleapis.com/v1/projects/${world.project}/locations/${REGION}/services`;

function serviceBody(digest: string, runId: string): object {
  const labels = { 'app.kubernetes.io/managed-by': 'skaffold', 'skaffold.dev/run-id': runId };
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      annotations: { 'run.googleapis.com/ingress': 'all', 'run.googleapis.com/invoker-iam-disabled': 'true' },
      labels,
      name: 'mlflow',
      namespace: world.project,
    },
    spec: {
      template: {
        metadata: {
          annotations: { 'autoscaling.knative.dev/maxScale': '1', 'run.googleapis.com/startup-cpu-boost': 'true' },
          labels,
        },
        spec: {
          containerConcurrency: 80,
          containers: [
            {
              env: [
                { name: 'MLFLOW_TRACKING_PASSWORD', valueFrom: { secretKeyRef: { key: '1', name: 'mlflow_tracking_password' } } },
              ],
              image: `${image}:${TAG}@${digest}`,
              name: 'mlflow',
              ports: [{ containerPort: 8080, name: 'h2c' }],
              resources: { limits: { cpu: '1', memory: '2Gi' } },
            },
          ],
          serviceAccountName: world.runner,
          timeoutSeconds: 3600,
        },
      },
    },
  };
}

async function deploy(digest: string, runId: string, expected: number): Promise<string> {
  const got = await world.call('GET', `${serviceUrl()}/mlflow?alt=json&prettyPrint=false`);
  expect(got.status).toBe(expected);
  const sent =
    got.status === 404
      ? world.call('POST', `${serviceUrl()}?alt=json&prettyPrint=false`, serviceBody(digest, runId))
      : world.call('PUT', `${serviceUrl()}/mlflow?alt=json&prettyPrint=false`, serviceBody(digest, runId));
  expect((await sent).status).toBe(200);
  const ready = await world.sim.until(
    `${serviceUrl()}/mlflow?alt=json&prettyPrint=false`,
    ({ metadata, status }) =>
      status.observedGeneration === metadata.generation &&
      status.conditions.some(({ type, status: is }: { type: string; status: string }) => type === 'Ready' && is === 'True'),
  );
  return ready.body.status.latestReadyRevisionName;
}

test('run, run again, deploy and delete', async () => {
  await lookAtBaseImage('index.docker.io');
  await lookAtBaseImage('mirror.gcr.io');
  expect(await lookUpTag()).toBeUndefined();
  const digest = await runBuild(await upload());
  const first = await deploy(digest, 'one', 404);
  // The tag is there now, with the digest that the build told: nothing is built again.
  expect(await lookUpTag()).toBe(digest);
  const second = await deploy(digest, 'two', 200);
  expect(second).not.toBe(first);
  expect((await world.call('DELETE', `${serviceUrl()}/mlflow?alt=json&prettyPrint=false`)).status).toBe(200);
  await world.sim.until(`${serviceUrl()}/mlflow`, (body) => body.error?.code === 404);
});
