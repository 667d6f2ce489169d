import { constants, copyFileSync } from 'node:fs';
import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { getBucket } from './storage-bucket-record.ts';
import { type Content, contentPath, newContentFile, readContent, storeContent } from './storage-content.ts';
import { invalid, noObject } from './storage-errors.ts';
import { createObject, deleteObject, findObject, getObject, type ObjectRecord, showObject } from './storage-object-record.ts';
import { checkObjectName } from './storage-object-rules.ts';
import { checkPreconditions, preconditionsOf } from './storage-preconditions.ts';

const MAX_COMPONENTS = 32;

/** The methods that make objects of objects. */
export const copyMethods: Record<string, Handler> = {
  'storage.objects.compose': compose,
  'storage.objects.copy': (call, sim) => showObject(copy(call, sim)),
  'storage.objects.rewrite': (call, sim) => {
    const object = copy(call, sim);
    const size = String(object.content.size);
    return {
      kind: 'storage#rewriteResponse',
      totalBytesRewritten: size,
      objectSize: size,
      done: true,
      resource: showObject(object),
    };
  },
  'storage.objects.move': (call, sim) => {
    const bucket = String(call.params['bucket']);
    const source = sourceOf(call, sim, bucket);
    const object = copyTo(call, sim, source, bucket);
    deleteObject(sim, getBucket(sim, bucket), source, false);
    return showObject(object);
  },
};

function copy(call: Call, sim: Sim): ObjectRecord {
  return copyTo(call, sim, sourceOf(call, sim, String(call.params['sourceBucket'])), String(call.params['destinationBucket']));
}

/** @throws GoogleError 404, 412 */
function sourceOf(call: Call, sim: Sim, bucketName: string): ObjectRecord {
  const bucket = getBucket(sim, bucketName);
  const generation = call.params['sourceGeneration'];
  const source = getObject(
    sim,
    bucket.name,
    String(call.params['sourceObject']),
    generation === undefined ? undefined : String(generation),
  );
  checkPreconditions(
    preconditionsOf((name) => call.params[name], 'Source'),
    source,
  );
  return source;
}

/** The metadata sent replaces the source's as a whole; without any, the source's goes along. */
function copyTo(call: Call, sim: Sim, source: ObjectRecord, bucketName: string): ObjectRecord {
  const bucket = getBucket(sim, bucketName);
  const name = String(call.params['destinationObject']);
  checkObjectName(name);
  const preconditions = preconditionsOf((param) => call.params[param]);
  checkPreconditions(preconditions, findObject(sim, bucket.name, name));
  const file = newContentFile(sim);
  copyFileSync(contentPath(sim, source.content.file), contentPath(sim, file), constants.COPYFILE_FICLONE);
  const sent = Object.keys(call.body).length > 0;
  const resource: JsonObject = sent ? { ...call.body } : { ...source.settings };
  if (sent && resource['contentType'] === undefined && source.settings['contentType'] !== undefined) {
    resource['contentType'] = source.settings['contentType'];
  }
  return createObject(sim, bucket, name, resource, { ...source.content, file }, preconditions);
}

/** https://docs.cloud.google.com/storage/docs/composite-objects */
async function compose(call: Call, sim: Sim): Promise<JsonObject> {
  const bucket = getBucket(sim, String(call.params['destinationBucket']));
  const name = String(call.params['destinationObject']);
  checkObjectName(name);
  const preconditions = preconditionsOf((param) => call.params[param]);
  checkPreconditions(preconditions, findObject(sim, bucket.name, name));
  const sources = componentsOf(call, sim, bucket.name);
  const joined = await storeContent(sim, concatenate(sim, sources));
  const { md5Hash: _none, ...sums } = joined;
  const content: Content = {
    ...sums,
    componentCount: sources.reduce((sum, { content: { componentCount } }) => sum + (componentCount ?? 1), 0),
  };
  const destination = (call.body['destination'] ?? {}) as JsonObject;
  const object = createObject(sim, getBucket(sim, bucket.name), name, destination, content, preconditions);
  if (call.body['deleteSourceObjects'] === true) {
    for (const source of sources) deleteObject(sim, bucket, source, false);
  }
  return showObject(object);
}

function componentsOf(call: Call, sim: Sim, bucket: string): ObjectRecord[] {
  const sent = (call.body['sourceObjects'] ?? []) as JsonObject[];
  if (sent.length === 0) throw invalid('You must provide at least one source component.');
  if (sent.length > MAX_COMPONENTS) {
    throw invalid(`The number of source components provided (${sent.length}) exceeds the maximum (${MAX_COMPONENTS})`);
  }
  return sent.map((entry) => {
    const generation = entry['generation'] === undefined ? undefined : String(entry['generation']);
    const source = findObject(sim, bucket, String(entry['name']), generation);
    if (!source) throw noObject(bucket, String(entry['name']));
    const wanted = (entry['objectPreconditions'] as JsonObject | undefined)?.['ifGenerationMatch'];
    checkPreconditions(wanted === undefined ? {} : { ifGenerationMatch: String(wanted) }, source);
    return source;
  });
}

async function* concatenate(sim: Sim, sources: ObjectRecord[]): AsyncGenerator<Buffer> {
  for (const source of sources) yield* readContent(sim, source.content);
}
