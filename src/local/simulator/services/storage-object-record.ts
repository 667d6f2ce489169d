import type { JsonObject, Sim } from '../service.ts';
import { type BucketRecord, isVersioned, objectEtag } from './storage-bucket-record.ts';
import { type Content, discardContent } from './storage-content.ts';
import { noObject } from './storage-errors.ts';
import { checkPreconditions, type Preconditions } from './storage-preconditions.ts';

/** What is kept of one generation of an object. */
export interface ObjectRecord {
  bucket: string;
  name: string;
  /** Microseconds since 1970, as text: it has more digits than a double. */
  generation: string;
  metageneration: number;
  content: Content;
  storageClass: string;
  /** ISO times. */
  timeCreated: string;
  updated: string;
  /** Set on what is no longer the live generation. */
  timeDeleted?: string;
  /** What the user set: contentType, metadata, cacheControl… */
  settings: JsonObject;
}

const LIVE = 'storage.objects';
const NONCURRENT = 'storage.noncurrentObjects';
/** Fields of the resource that a caller may set. https://docs.cloud.google.com/storage/docs/json_api/v1/objects#resource */
const SETTABLE = [
  'cacheControl',
  'contentDisposition',
  'contentEncoding',
  'contentLanguage',
  'contentType',
  'customTime',
  'eventBasedHold',
  'metadata',
  'temporaryHold',
];

function liveKey(bucket: string, name: string): string {
  return `${bucket}/${name}`;
}

function noncurrentKey(object: ObjectRecord): string {
  return `${object.bucket}/${object.name}\n${object.generation.padStart(20, '0')}`;
}

/** The live generation, or the one asked for. */
export function findObject(sim: Sim, bucket: string, name: string, generation?: string): ObjectRecord | undefined {
  const live = sim.store.get<ObjectRecord>(LIVE, liveKey(bucket, name));
  if (generation === undefined || live?.generation === generation) return live;
  return sim.store.get<ObjectRecord>(NONCURRENT, `${bucket}/${name}\n${generation.padStart(20, '0')}`);
}

/** @throws GoogleError 404 */
export function getObject(sim: Sim, bucket: string, name: string, generation?: string): ObjectRecord {
  const object = findObject(sim, bucket, name, generation);
  if (!object) throw noObject(bucket, name);
  return object;
}

/** In the order of names, then generations. */
export function listObjects(sim: Sim, bucket: string, prefix: string, versions: boolean): ObjectRecord[] {
  const live = sim.store.list<ObjectRecord>(LIVE, liveKey(bucket, prefix)).map(({ value }) => value);
  if (!versions) return live;
  const old = sim.store.list<ObjectRecord>(NONCURRENT, liveKey(bucket, prefix)).map(({ value }) => value);
  return [...live, ...old].sort((a, b) =>
    a.name === b.name ? Number(BigInt(a.generation) - BigInt(b.generation)) : a.name < b.name ? -1 : 1,
  );
}

export function hasObjects(sim: Sim, bucket: string): boolean {
  return sim.store.list(LIVE, `${bucket}/`).length > 0 || sim.store.list(NONCURRENT, `${bucket}/`).length > 0;
}

/** The files that records name, so that others can be swept away. */
export function usedFiles(sim: Sim): Set<string> {
  const records = [...sim.store.list<ObjectRecord>(LIVE), ...sim.store.list<ObjectRecord>(NONCURRENT)];
  return new Set(records.map(({ value }) => value.content.file));
}

/**
 * Makes a new live generation of an object. The one before becomes noncurrent in a versioned bucket and goes in others.
 * @param resource the metadata as a request sends it; what may not be set is passed over
 * @throws GoogleError 412 when a precondition does not hold: the content is discarded
 */
export function createObject(
  sim: Sim,
  bucket: BucketRecord,
  name: string,
  resource: JsonObject,
  content: Content,
  preconditions: Preconditions = {},
): ObjectRecord {
  const before = findObject(sim, bucket.name, name);
  try {
    checkPreconditions(preconditions, before);
  } catch (error) {
    discardContent(sim, content.file);
    throw error;
  }
  const now = sim.now();
  const fresh = BigInt(now.getTime()) * 1000n + (BigInt(`0x${sim.id(4)}`) % 1000n);
  const generation = before && BigInt(before.generation) >= fresh ? BigInt(before.generation) + 1n : fresh;
  const time = now.toISOString();
  const object: ObjectRecord = {
    bucket: bucket.name,
    name,
    generation: String(generation),
    metageneration: 1,
    content,
    storageClass: String(resource['storageClass'] ?? bucket.settings['storageClass']),
    timeCreated: time,
    updated: time,
    settings: settingsOf(resource),
  };
  if (before) retire(sim, before, isVersioned(bucket));
  sim.store.put(LIVE, liveKey(bucket.name, name), object);
  return object;
}

/** Deletes the live generation (kept as noncurrent in a versioned bucket), or for good the one that is named. */
export function deleteObject(sim: Sim, bucket: BucketRecord, object: ObjectRecord, forGood: boolean): void {
  if (object.timeDeleted !== undefined) {
    sim.store.delete(NONCURRENT, noncurrentKey(object));
    discardContent(sim, object.content.file);
    return;
  }
  sim.store.delete(LIVE, liveKey(object.bucket, object.name));
  retire(sim, object, isVersioned(bucket) && !forGood);
}

function retire(sim: Sim, object: ObjectRecord, keep: boolean): void {
  if (keep) sim.store.put(NONCURRENT, noncurrentKey(object), { ...object, timeDeleted: sim.now().toISOString() });
  else discardContent(sim, object.content.file);
}

/** Writes changed metadata: the generation stays, the metageneration goes up. */
export function changeObject(sim: Sim, object: ObjectRecord, resource: JsonObject): ObjectRecord {
  const changed: ObjectRecord = {
    ...object,
    metageneration: object.metageneration + 1,
    updated: sim.now().toISOString(),
    settings: settingsOf(resource),
  };
  if (object.timeDeleted === undefined) sim.store.put(LIVE, liveKey(object.bucket, object.name), changed);
  else sim.store.put(NONCURRENT, noncurrentKey(object), changed);
  return changed;
}

export function settingsOf(resource: JsonObject): JsonObject {
  const settings: JsonObject = {};
  for (const name of SETTABLE) {
    const value = resource[name];
    if (value !== undefined && value !== null && value !== '') settings[name] = value;
  }
  const metadata = settings['metadata'];
  if (metadata && Object.keys(metadata).length === 0) delete settings['metadata'];
  return settings;
}

/** The resource as the API shows it. */
export function showObject(object: ObjectRecord): JsonObject {
  const path = `b/${object.bucket}/o/${encodeURIComponent(object.name)}`;
  const { size, md5Hash, crc32c, componentCount } = object.content;
  return {
    kind: 'storage#object',
    id: `${object.bucket}/${object.name}/${object.generation}`,
    selfLink: `https://www.googleapis.com/storage/v1/${path}`,
    mediaLink: `https://storage.googleapis.com/download/storage/v1/${path}?generation=${object.generation}&alt=media`,
    name: object.name,
    bucket: object.bucket,
    generation: object.generation,
    metageneration: String(object.metageneration),
    ...object.settings,
    storageClass: object.storageClass,
    size: String(size),
    ...(md5Hash === undefined ? {} : { md5Hash }),
    crc32c,
    ...(componentCount === undefined ? {} : { componentCount }),
    etag: objectEtag(object.generation, object.metageneration),
    timeCreated: object.timeCreated,
    updated: object.updated,
    timeStorageClassUpdated: object.timeCreated,
    timeFinalized: object.timeCreated,
    ...(object.timeDeleted === undefined ? {} : { timeDeleted: object.timeDeleted }),
  };
}
