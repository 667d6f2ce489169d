import { text } from 'node:stream/consumers';
import { createGunzip, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDockerRepository, repositoryAddress } from '../../src/gcp/artifact-registry.ts';
import { waitBuild } from '../../src/gcp/build-watch.ts';
import { type BuildRequest, cancelBuild, createBuild, getBuild } from '../../src/gcp/cloud-build.ts';
import { ensureGrants } from '../../src/gcp/iam-policy.ts';
import { projectPolicy } from '../../src/gcp/projects.ts';
import { createServiceAccount, serviceAccountName } from '../../src/gcp/service-accounts.ts';
import { createBucket, uploadObject } from '../../src/gcp/storage.ts';
import { BuildFailed, type Runtime } from '../../src/local/runtime-port.ts';
import { type Opened, openOnSimulator } from './open.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
const REGION = 'us-central1';
const BUCKET = 'sources-of-tests';

/** What the simulated Cloud Build builds with: writes forty lines, and fails where the Dockerfile says so. */
const builder: Pick<Runtime, 'builds'> = {
  builds: {
    async build({ source, log, signal }) {
      const content = await text(source.pipe(createGunzip()));
      if (content.includes('FROM for-ever'))
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      for (let line = 1; line <= 40; line++) {
        log(`line ${line} with an ü`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (content.includes('FROM broken')) throw new BuildFailed('no such base image');
      return { digest: DIGEST };
    },
    has: async () => true,
  },
};

let opened: Opened;
let account: string;
beforeAll(async () => {
  opened = await openOnSimulator({
    simulator: { runtime: { ...builder, run: {}, stop: async () => undefined } as unknown as Runtime },
  });
  await opened.enable('cloudbuild', 'storage', 'artifactregistry', 'iam', 'cloudresourcemanager');
  const { google, project } = opened;
  await createBucket(google, { project, body: { name: BUCKET, location: 'US-CENTRAL1' } });
  await createDockerRepository(google, { project, location: REGION, repository: 'mlflow', description: '', labels: {} });
  const {
    value: { email },
  } = await createServiceAccount(google, { project, accountId: 'builds', displayName: 'builds' });
  account = serviceAccountName({ project, email });
  await ensureGrants(google, projectPolicy(google, { project }), [
    { role: 'roles/cloudbuild.builds.builder', members: [`serviceAccount:${email}`] },
  ]);
});
afterEach(async () => {
  await opened.simulator.control('DELETE', '/_simulator/faults');
  expect(opened.simulator.bugs).toEqual([]);
});
afterAll(() => opened.close());

async function buildOf(dockerfile: string): Promise<BuildRequest> {
  const archive = pack();
  archive.entry({ name: 'Dockerfile' }, dockerfile);
  archive.finalize();
  const object = `source/${encodeURIComponent(dockerfile)}.tgz`;
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  await uploadObject(opened.google, {
    bucket: BUCKET,
    object,
    body: gzipSync(Buffer.concat(chunks)),
    contentType: 'application/gzip',
  });
  const image = `${repositoryAddress({ project: opened.project, location: REGION, repository: 'mlflow' })}/server:one`;
  return {
    source: { storageSource: { bucket: BUCKET, object } },
    steps: [{ name: 'gcr.io/cloud-builders/docker', args: ['build', '--tag', image, '-f', 'Dockerfile', '.'] }],
    images: [image],
    serviceAccount: account,
    logsBucket: `gs://${BUCKET}`,
    options: { logging: 'GCS_ONLY' },
    tags: ['mlflow-gcp'],
  };
}
const place = () => ({ project: opened.project, region: REGION });

describe('Cloud Build', () => {
  it('starts a build once though the answer is lost, follows its log, and gives the digest', async () => {
    const { google } = opened;
    await opened.fault({ match: 'POST cloudbuild', times: 1, reset: true, after: true });
    const { id } = await createBuild(google, { ...place(), build: await buildOf('FROM python') });
    const list = await google.request<{ builds: unknown[] }>({
      method: 'GET',
      url: `https://cloudbuild.googleapis.com/v1/projects/${opened.project}/locations/${REGION}/builds`,
    });
    expect(list.data.builds).toHaveLength(1);
    const lines: string[] = [];
    const build = await waitBuild(google, { ...place(), id, onLog: (line) => lines.push(line) });
    expect(build.results?.images?.[0]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const numbered = lines.filter((line) => /line \d+ with an ü/.test(line));
    expect(numbered.map((line) => Number(/line (\d+)/.exec(line)?.[1]))).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });

  it('shows the end of the log of a build that fails', async () => {
    const { google } = opened;
    const { id } = await createBuild(google, { ...place(), build: await buildOf('FROM broken') });
    const error = await waitBuild(google, { ...place(), id }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'BUILD_FAILED',
      exitStatus: 1,
      hint: expect.stringContaining(`gcloud builds log ${id}`),
    });
    expect((error as Error).message).toMatch(/FAILURE/);
    expect((error as Error).message).toMatch(/line 40 with an ü/);
    expect((error as Error).message).not.toMatch(/line 10 with/);
  });

  it('cancels a build, and one that is over without complaint', async () => {
    const { google } = opened;
    const { id } = await createBuild(google, { ...place(), build: await buildOf('FROM for-ever') });
    await cancelBuild(google, { ...place(), id });
    await expect(waitBuild(google, { ...place(), id })).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining('CANCELLED'),
    });
    await cancelBuild(google, { ...place(), id });
    expect(await getBuild(google, { ...place(), id: '00000000-0000-4000-8000-000000000000' })).toBeUndefined();
  });
});
