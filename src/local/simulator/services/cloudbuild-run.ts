import { BuildFailed } from '../../runtime-port.ts';
import { GoogleError, type JsonObject, type Operation, type Sim } from '../service.ts';
import { findRepository, repositoryResource } from './artifactregistry-records.ts';
import { BuildLog } from './cloudbuild-log.ts';
import { type BuildRecord, findBuild, isFinished, saveBuild } from './cloudbuild-records.ts';
import { inspectSource, SourceUnreadable, sourceArchive } from './cloudbuild-source.ts';
import { type DockerBuild, planSteps } from './cloudbuild-steps.ts';
import { ZipUnreadable } from './cloudbuild-zip.ts';
import { localImage, parseReference, pushBuiltImage } from './docker-registry-images.ts';
import { isGranted } from './iam-grants.ts';
import { findObject } from './storage-object-record.ts';

const CANCEL_POLL_MS = 100;

/** Why a build ended without success. */
class Ended extends Error {
  override readonly name = 'Ended';
  readonly status: 'FAILURE' | 'TIMEOUT' | 'CANCELLED';
  readonly type: string;
  constructor(status: Ended['status'], type: string, detail: string) {
    super(detail);
    this.status = status;
    this.type = type;
  }
}

/**
 * Runs a build to its end: reads the source, builds each image, pushes, writes log and result.
 * @returns the operation's response
 * @throws GoogleError the operation's error when the build does not succeed
 */
export async function runBuild(operation: Operation, sim: Sim): Promise<JsonObject> {
  const place = operation.data as unknown as Pick<BuildRecord, 'projectId' | 'location' | 'id'>;
  const record = findBuild(sim, place);
  if (!record || isFinished(record)) throw ended('CANCELLED', 'Build cancelled.');
  const started = sim.timestamp();
  saveBuild(sim, { ...record, build: { ...record.build, status: 'WORKING', startTime: started } });
  const log = new BuildLog(sim, logsBucketOf(record), record.id);
  log.line(`starting build "${record.id}"\n`);
  try {
    const images = await perform(record, sim, log);
    log.line('DONE');
    await log.end();
    const spans = { timing: span(started, sim.timestamp()) };
    const build = finish(sim, record, 'SUCCESS', {
      startTime: started,
      results: { images, buildStepImages: [''], buildStepOutputs: [''] },
      steps: stepsOf(record).map((step) => ({ ...step, status: 'SUCCESS', ...spans })),
      timing: { FETCHSOURCE: span(started, started), BUILD: spans.timing, PUSH: spans.timing },
    });
    return { '@type': 'type.googleapis.com/google.devtools.cloudbuild.v1.Build', ...build };
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    log.line(`ERROR\nERROR: ${error.message}`);
    await log.end();
    finish(sim, record, error.status, {
      startTime: started,
      statusDetail: error.message,
      failureInfo: { type: error.type, detail: error.message },
      steps: stepsOf(record).map((step) => ({ ...step, status: error.status })),
    });
    throw ended(error.status, error.message);
  }
}

function ended(status: Ended['status'], message: string): GoogleError {
  if (status === 'CANCELLED') return new GoogleError({ code: 499, status: 'CANCELLED', message });
  if (status === 'TIMEOUT') return new GoogleError({ code: 504, status: 'DEADLINE_EXCEEDED', message });
  return new GoogleError({ code: 500, status: 'UNKNOWN', message });
}

function span(startTime: string, endTime: string): JsonObject {
  return { startTime, endTime };
}

function stepsOf({ build }: BuildRecord): JsonObject[] {
  return (build['steps'] ?? []) as JsonObject[];
}

function logsBucketOf({ build }: BuildRecord): string | undefined {
  const logging = (build['options'] as JsonObject | undefined)?.['logging'];
  const elsewhere = ['CLOUD_LOGGING_ONLY', 'STACKDRIVER_ONLY', 'NONE'].includes(String(logging));
  return elsewhere || typeof build['logsBucket'] !== 'string' ? undefined : build['logsBucket'];
}

/** Writes the end, unless it was cancelled meanwhile. */
function finish(sim: Sim, record: BuildRecord, status: string, facts: JsonObject): JsonObject {
  const now = findBuild(sim, record) ?? record;
  if (isFinished(now)) return now.build;
  const build = { ...now.build, ...facts, status, finishTime: sim.timestamp() };
  saveBuild(sim, { ...now, build });
  return build;
}

async function perform(record: BuildRecord, sim: Sim, log: BuildLog): Promise<JsonObject[]> {
  const plan = planSteps(stepsOf(record));
  log.line('FETCHSOURCE');
  const { digest, files } = await fetchSource(record, sim, log);
  log.line('BUILD');
  const digests = new Map<string, string>();
  for (const [number, build] of plan.builds.entries()) {
    log.line(`Step #${number}: docker build`);
    if (files && !files.has(build.dockerfile)) throw missingDockerfile(number, build, log);
    const built = digest ?? (await buildForReal(record, sim, log, build, number));
    for (const tag of build.tags) digests.set(tag, built);
  }
  if (plan.refused) throw stepFailed(plan.refused.step, plan.refused.reason, record, log);
  log.line('PUSH');
  return ((record.build['images'] ?? []) as string[]).map((image) => push(record, sim, log, image, digests));
}

function missingDockerfile(step: number, build: DockerBuild, log: BuildLog): Ended {
  log.line(
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat /workspace/${build.dockerfile}: no such file or directory`,
  );
  return new Ended(
    'FAILURE',
    'USER_BUILD_STEP',
    `build step ${step} "gcr.io/cloud-builders/docker" failed: step exited with non-zero status: 1`,
  );
}

function stepFailed(step: number, reason: string, record: BuildRecord, log: BuildLog): Ended {
  log.line(reason);
  return new Ended(
    'FAILURE',
    'USER_BUILD_STEP',
    `build step ${step} "${stepsOf(record)[step]?.['name']}" failed: step exited with non-zero status: 1`,
  );
}

/** Without a runtime, what is in the source decides about the digest; with one, the runtime reads the source itself. */
async function fetchSource(
  record: BuildRecord,
  sim: Sim,
  log: BuildLog,
): Promise<{ digest?: `sha256:${string}`; files?: Set<string> }> {
  const source = sourceOf(record, sim);
  log.line(`Fetching storage object: gs://${source.bucket}/${source.name}#${source.generation}`);
  if (sim.runtime) return {};
  try {
    return await inspectSource(await sourceArchive(sim, source.content));
  } catch (error) {
    if (!(error instanceof SourceUnreadable || error instanceof ZipUnreadable)) throw error;
    throw new Ended('FAILURE', 'FETCH_SOURCE_FAILED', `failed to unpack the source archive: ${error.message}`);
  }
}

function sourceOf({ build }: BuildRecord, sim: Sim) {
  const provenance = build['sourceProvenance'] as { resolvedStorageSource?: Record<string, string> } | undefined;
  const { bucket = '', object = '', generation } = provenance?.resolvedStorageSource ?? {};
  const found = findObject(sim, bucket, object, generation);
  if (!found) throw new Ended('FAILURE', 'FETCH_SOURCE_FAILED', `source fetch failed: No such object: ${bucket}/${object}`);
  return found;
}

async function buildForReal(record: BuildRecord, sim: Sim, log: BuildLog, build: DockerBuild, step: number): Promise<string> {
  const { runtime } = sim;
  if (!runtime) throw new Ended('FAILURE', 'USER_BUILD_STEP', 'no runtime');
  const timeout = AbortSignal.timeout(Math.min(Number.parseFloat(String(record.build['timeout'])) * 1000, 2 ** 31 - 1));
  const cancelled = new AbortController();
  const watch = setInterval(() => {
    const now = findBuild(sim, record);
    if (!now || isFinished(now)) cancelled.abort();
  }, CANCEL_POLL_MS);
  try {
    const { digest } = await runtime.builds.build({
      id: record.id,
      image: build.tags[0] ?? '',
      source: await sourceArchive(sim, sourceOf(record, sim).content),
      dockerfile: build.dockerfile,
      log: (line) => log.line(`Step #${step}: ${line}`),
      signal: AbortSignal.any([timeout, cancelled.signal]),
    });
    return digest;
  } catch (error) {
    if (cancelled.signal.aborted) throw new Ended('CANCELLED', 'FAILURE_TYPE_UNSPECIFIED', 'Build cancelled.');
    if (timeout.aborted) throw new Ended('TIMEOUT', 'USER_BUILD_STEP', 'build timed out');
    if (error instanceof BuildFailed || error instanceof ZipUnreadable) throw stepFailed(step, error.message, record, log);
    throw error;
  } finally {
    clearInterval(watch);
  }
}

function push(record: BuildRecord, sim: Sim, log: BuildLog, image: string, digests: Map<string, string>): JsonObject {
  const built = digests.get(image) ?? digests.get(image.includes(':', image.lastIndexOf('/')) ? image : `${image}:latest`);
  if (built === undefined) {
    throw new Ended(
      'FAILURE',
      'PUSH_IMAGE_NOT_FOUND',
      `failed to find one or more images after execution of build steps: ["${image}"]`,
    );
  }
  const reference = parseReference(image);
  const local = reference && localImage(sim, reference);
  if (!reference || !local) throw new Ended('FAILURE', 'PUSH_FAILED', `failed to push ${image}: the registry cannot be reached`);
  log.line(`Pushing ${image}\nThe push refers to repository [${reference.host}/${reference.path}]`);
  const repository = findRepository(sim, local.repository);
  const email = String(record.build['serviceAccount']).replace(/^.*\//, '');
  const permission = 'artifactregistry.repositories.uploadArtifacts';
  if (!repository) {
    throw new Ended(
      'FAILURE',
      'PUSH_FAILED',
      `failed to push ${image}: name unknown: Repository "${local.repository.split('/')[2]}" not found`,
    );
  }
  if (
    !isDefault(record, sim) &&
    !isGranted(sim, `serviceAccount:${email}`, permission, repositoryResource(repository), repository.projectId)
  ) {
    const name = `projects/${repository.projectId}/locations/${repository.location}/repositories/${repository.id}`;
    throw new Ended(
      'FAILURE',
      'PUSH_NOT_AUTHORIZED',
      `failed to push ${image}: denied: Permission "${permission}" denied on resource "${name}" (or it may not exist)`,
    );
  }
  const digest = pushBuiltImage(sim, reference, { runtimeDigest: built as `sha256:${string}`, buildId: record.id }) ?? '';
  log.line(`${reference.tag ?? 'latest'}: digest: ${digest}`);
  return { name: image, digest, pushTiming: span(sim.timestamp(), sim.timestamp()) };
}

/** The project's own default account is trusted: whether it has roles is a matter of the organisation. */
function isDefault({ build }: BuildRecord, sim: Sim): boolean {
  return String(build['serviceAccount']).endsWith(`/${sim.project.projectNumber}-compute@developer.gserviceaccount.com`);
}
