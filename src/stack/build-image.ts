import { BugError } from '../errors.ts';
import { waitBuild } from '../gcp/build-watch.ts';
import { type Build, createBuild, findRunningBuild } from '../gcp/cloud-build.ts';
import { isNotFound } from '../gcp/errors.ts';
import type { Google } from '../gcp/google.ts';
import { serviceAccountName } from '../gcp/service-accounts.ts';
import { uploadObject } from '../gcp/storage.ts';
import type { SourceArchive } from '../project/source-archive.ts';
import type { Deployment } from './deployment.ts';

const BUILD_TIMEOUT = '1200s';
/** Google's own builder image, with Docker in it. https://docs.cloud.google.com/build/docs/cloud-builders */
const DOCKER_BUILDER = 'gcr.io/cloud-builders/docker';
const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
];

/**
 * The image of these sources as REFERENCE@sha256:…, built with Cloud Build unless the registry has it: its tag is the digest of the
 * sources. Throws BUILD_FAILED with the log's last lines.
 */
export async function buildImage(
  google: Google,
  deployment: Deployment,
  source: SourceArchive,
  options: { onLog(line: string): void },
): Promise<{ image: string; built: boolean }> {
  const { project, region } = deployment;
  const tag = `src-${source.digest.slice(0, 40)}`;
  const reference = `${deployment.image}:${tag}`;
  const present = await imageDigest(google, deployment.image, tag);
  if (present !== undefined) return { image: `${deployment.image}@${present}`, built: false };
  // A run that was ended while its build went on: the same sources are not built twice.
  const { id } =
    (await findRunningBuild(google, { project, region, tag })) ?? (await startBuild(google, deployment, source, tag));
  const build = await waitBuild(google, { project, region, id, onLog: options.onLog });
  const digest = build.results?.images?.find((image) => image.name === reference)?.digest;
  if (digest === undefined) throw new BugError(`build ${id} succeeded without naming the digest of ${reference}`);
  return { image: `${deployment.image}@${digest}`, built: true };
}

/** Uploads the sources, which stay in the bucket for a week, and starts the build, whose tag tells which sources it is of. */
async function startBuild(google: Google, deployment: Deployment, source: SourceArchive, tag: string): Promise<Build> {
  const { project, region, buildBucket } = deployment;
  const reference = `${deployment.image}:${tag}`;
  const object = `source/${tag}.tar.gz`;
  await uploadObject(google, { bucket: buildBucket, object, body: source.bytes, contentType: 'application/gzip' });
  return createBuild(google, {
    project,
    region,
    build: {
      source: { storageSource: { bucket: buildBucket, object } },
      steps: [
        {
          name: DOCKER_BUILDER,
          args: ['build', '--tag', reference, '-f', 'Dockerfile', '--platform', 'linux/amd64', '.'],
          env: ['DOCKER_BUILDKIT=1'],
        },
      ],
      images: [reference],
      tags: [tag],
      serviceAccount: serviceAccountName({ project, email: deployment.buildAccount }),
      logsBucket: `gs://${buildBucket}`,
      options: { logging: 'GCS_ONLY' },
      timeout: BUILD_TIMEOUT,
    },
  });
}

/** The digest behind a tag, or undefined. https://distribution.github.io/distribution/spec/api/#existing-manifests */
async function imageDigest(google: Google, image: string, tag: string): Promise<string | undefined> {
  const [host, ...repository] = image.split('/');
  try {
    const answer = await google.request({
      method: 'HEAD',
      url: `https://${host}/v2/${repository.join('/')}/manifests/${tag}`,
      headers: { accept: MANIFESTS.join(', ') },
    });
    return answer.headers['docker-content-digest'];
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
