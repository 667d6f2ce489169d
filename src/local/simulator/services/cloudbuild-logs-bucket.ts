import type { JsonObject, Sim } from '../service.ts';
import { findBucket, saveBucket } from './storage-bucket-record.ts';
import { normalizeSettings } from './storage-bucket-rules.ts';

/** Whose bucket it is at Google: no project of a user's lists it. */
const OWNER = { projectId: 'cloudbuild-logs', projectNumber: '0' };

/**
 * The bucket that a build's log goes to: the one that it names, or Google's own of the project, which is made when it is first needed.
 * Undefined where the log goes to no bucket.
 * https://docs.cloud.google.com/build/docs/securing-builds/store-manage-build-logs
 */
export function logsBucketFor(sim: Sim, build: JsonObject, { projectNumber }: { projectNumber: string }): string | undefined {
  const named = build['logsBucket'];
  if (typeof named === 'string' && named !== '') return named;
  const options = (build['options'] ?? {}) as JsonObject;
  const elsewhere = ['CLOUD_LOGGING_ONLY', 'STACKDRIVER_ONLY', 'NONE'].includes(String(options['logging']));
  if (elsewhere || options['defaultLogsBucketBehavior'] === 'REGIONAL_USER_OWNED_BUCKET') return undefined;
  const name = `${projectNumber}.cloudbuild-logs.googleusercontent.com`;
  if (!findBucket(sim, name)) make(sim, name);
  return `gs://${name}`;
}

function make(sim: Sim, name: string): void {
  const time = sim.now().toISOString();
  saveBucket(sim, {
    ...OWNER,
    name,
    generation: `${sim.now().getTime()}000`,
    metageneration: 1,
    timeCreated: time,
    updated: time,
    location: 'US',
    locationType: 'multi-region',
    settings: normalizeSettings({}, { locationType: 'multi-region' }, {}, time),
  });
}
