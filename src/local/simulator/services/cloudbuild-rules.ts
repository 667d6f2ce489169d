import type { JsonObject, Sim } from '../service.ts';
import { findAccount } from './iam-accounts.ts';
import { isGranted } from './iam-grants.ts';
import { bucketResource } from './iam-policy-storage.ts';
import { badRequest, notFound } from './refusals.ts';
import { findBucket } from './storage-bucket-record.ts';
import { findObject } from './storage-object-record.ts';

const NO_LOGS_BUCKET =
  "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / NONE logging options";

/**
 * Holds a build against what Cloud Build checks before it takes it: steps, account, logs and source.
 * @returns where its source is, with the generation that will be built
 * @throws GoogleError 400 or 404
 */
export function checkBuild(
  sim: Sim,
  build: JsonObject,
  project: { projectId: string; projectNumber: string },
): { source: JsonObject | undefined } {
  const steps = build['steps'];
  if (!Array.isArray(steps) || steps.length === 0) throw badRequest('invalid build: no build steps are specified');
  for (const [number, step] of (steps as JsonObject[]).entries()) {
    if (!step['name']) throw badRequest(`invalid build: invalid build step ${number}: field 'name' is required`);
  }
  if (build['timeout'] !== undefined && !(Number.parseFloat(String(build['timeout'])) <= 86_400)) {
    throw badRequest('invalid build: timeout must not exceed 24 hours');
  }
  checkAccount(sim, build, project);
  checkLogs(sim, build);
  return { source: checkSource(sim, build, project) };
}

function checkAccount(sim: Sim, build: JsonObject, project: { projectId: string }): void {
  const account = build['serviceAccount'];
  if (typeof account !== 'string' || account === '') return;
  const [, emailOrId = ''] = /^projects\/[^/]+\/serviceAccounts\/([^/]+)$/.exec(account) ?? [];
  if (emailOrId === '') {
    throw badRequest(
      `invalid build: invalid service account "${account}": must be of the form projects/{project}/serviceAccounts/{account}`,
    );
  }
  const own = emailOrId.endsWith(`@${project.projectId}.iam.gserviceaccount.com`) || !emailOrId.includes('@');
  if (own && !findAccount(sim, emailOrId)) throw notFound(`Not found; Gaia id not found for email ${emailOrId}`);
  const options = (build['options'] ?? {}) as JsonObject;
  const elsewhere = ['CLOUD_LOGGING_ONLY', 'NONE'].includes(String(options['logging']));
  if (!build['logsBucket'] && !elsewhere && options['defaultLogsBucketBehavior'] !== 'REGIONAL_USER_OWNED_BUCKET') {
    throw badRequest(NO_LOGS_BUCKET);
  }
}

function checkLogs(sim: Sim, build: JsonObject): void {
  const [, bucket] = /^(?:gs:\/\/)?([^/]+)/.exec(String(build['logsBucket'] ?? '')) ?? [];
  if (bucket && !findBucket(sim, bucket)) {
    throw badRequest(
      `invalid bucket "${bucket}"; user-specified logs bucket does not exist or the service account does not have access to it`,
    );
  }
}

function checkSource(sim: Sim, build: JsonObject, project: { projectId: string }): JsonObject | undefined {
  const source = (build['source'] as JsonObject | undefined)?.['storageSource'] as Record<string, string> | undefined;
  if (!source) return undefined;
  const { bucket = '', object = '', generation } = source;
  const failed = (code: number, message: string, reason: string) =>
    badRequest(`could not resolve source: googleapi: Error ${code}: ${message}, ${reason}`);
  if (!findBucket(sim, bucket)) throw failed(404, 'The specified bucket does not exist.', 'notFound');
  const found = findObject(sim, bucket, object, generation === undefined || generation === '0' ? undefined : String(generation));
  if (!found) throw failed(404, `No such object: ${bucket}/${object}`, 'notFound');
  const email = String(build['serviceAccount'] ?? '').replace(/^.*\//, '');
  if (
    email.includes('@') &&
    !isGranted(sim, `serviceAccount:${email}`, 'storage.objects.get', bucketResource(bucket), project.projectId)
  ) {
    throw failed(
      403,
      `${email} does not have storage.objects.get access to the Google Cloud Storage object. Permission 'storage.objects.get' denied on resource (or it may not exist).`,
      'forbidden',
    );
  }
  return { bucket, object, generation: found.generation };
}
