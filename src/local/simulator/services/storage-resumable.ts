import { createWriteStream, truncateSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { GoogleError, type JsonObject, type RawRequest, type Sim } from '../service.ts';
import { contentPath, contentSize, discardContent, hashHeader, measureContent, newContentFile } from './storage-content.ts';
import { invalid } from './storage-errors.ts';
import { header, readJson, sendJson } from './storage-http.ts';
import { findObject, showObject } from './storage-object-record.ts';
import { finishUpload, type Target, targetOf } from './storage-upload-target.ts';

/** A session: the object it will become, and the file that grows. How much is there, the file itself tells, after a kill too. */
interface UploadRecord {
  target: Target;
  resource: JsonObject;
  file: string;
  /** Bytes, when the client said so at the start. */
  total?: number;
  /** ISO time. */
  created: string;
  /** Set when done: the generation that it became. */
  generation?: string;
  cancelled?: boolean;
}

const KIND = 'storage.uploads';
const GRAIN = 256 * 1024;
const WEEK_MS = 7 * 24 * 3600 * 1000;

/** Files of sessions that can still go on. */
export function uploadFiles(sim: Sim): string[] {
  return sim.store
    .list<UploadRecord>(KIND)
    .filter(({ value }) => value.generation === undefined && !value.cancelled)
    .map(({ value }) => value.file);
}

/** Forgets sessions that are over a week old, as Google does. */
export function expireUploads(sim: Sim): void {
  for (const { key, value } of sim.store.list<UploadRecord>(KIND)) {
    if (sim.now().getTime() - Date.parse(value.created) > WEEK_MS) sim.store.delete(KIND, key);
  }
}

/** `uploadType=resumable`: opens a session. https://docs.cloud.google.com/storage/docs/performing-resumable-uploads */
export async function startUpload(request: RawRequest, sim: Sim): Promise<void> {
  const resource = await readJson(request.body);
  const type = header(request.message, 'x-upload-content-type');
  const length = header(request.message, 'x-upload-content-length');
  const encoding = request.url.searchParams.get('contentEncoding');
  const upload: UploadRecord = {
    target: targetOf(request, sim, resource),
    resource: {
      contentType: type ?? 'application/octet-stream',
      ...(encoding ? { contentEncoding: encoding } : {}),
      ...resource,
    },
    file: newContentFile(sim),
    ...(length === undefined ? {} : { total: Number(length) }),
    created: sim.now().toISOString(),
  };
  const id = `A${sim.id(63)}`;
  sim.store.put(KIND, id, upload);
  const url = new URL(`https://${request.host}${request.url.pathname}`);
  url.searchParams.set('uploadType', 'resumable');
  url.searchParams.set('name', upload.target.name);
  url.searchParams.set('upload_id', id);
  sendJson(request, 200, undefined, { location: url.href, 'x-guploader-uploadid': id });
}

/** A chunk, the question how far it came, or the end of a session. */
export async function resumeUpload(request: RawRequest, sim: Sim): Promise<void> {
  const id = request.url.searchParams.get('upload_id') ?? '';
  const upload = sim.store.get<UploadRecord>(KIND, id);
  if (!upload) throw new GoogleError({ code: 404, message: 'Upload session not found.', reason: 'notFound' });
  if (upload.cancelled) throw new GoogleError({ code: 499, message: 'Upload session was cancelled.', reason: 'clientClosed' });
  if (request.message.method === 'DELETE') return cancel(request, sim, id, upload);
  if (upload.generation !== undefined) return answerDone(request, sim, upload);
  const range = rangeOf(header(request.message, 'content-range'));
  if (range.start === undefined) return answerStatus(request, sim, id, { ...upload, ...totalOf(range.total) });
  await receive(request, sim, upload, range.start, range.end);
  if (range.end !== undefined && range.total === undefined) keepWholeGrains(sim, upload);
  const total = range.total ?? (range.end === undefined ? contentSize(sim, upload.file) : undefined);
  await answerStatus(request, sim, id, { ...upload, ...totalOf(total, upload.total) });
}

function totalOf(...candidates: Array<number | undefined>): { total?: number } {
  const total = candidates.find((candidate) => candidate !== undefined);
  return total === undefined ? {} : { total };
}

function cancel(request: RawRequest, sim: Sim, id: string, upload: UploadRecord): void {
  sim.store.put(KIND, id, { ...upload, cancelled: true });
  discardContent(sim, upload.file);
  sendJson(request, 499);
}

/** `start` is undefined for a question about the status (`bytes *\/N`); `end` and `total` where they are not known. */
interface ChunkRange {
  start?: number;
  end?: number;
  total?: number;
}

function rangeOf(value: string | undefined): ChunkRange {
  if (value === undefined) return { start: 0 };
  const [whole, start, end, total] = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(value) ?? [];
  if (whole === undefined) throw invalid('Failed to parse Content-Range header.');
  const known = total === undefined || total === '*' ? {} : { total: Number(total) };
  if (start === undefined) return known;
  // `bytes 0-*/*`: all that is left, however much it is.
  if (end === '*') return { start: Number(start), ...known };
  if (Number(end) < Number(start) || (known.total !== undefined && Number(end) >= known.total)) {
    throw invalid('Failed to parse Content-Range header.');
  }
  return { start: Number(start), end: Number(end), ...known };
}

/** Appends the chunk; what was already there is passed over. What comes in before a connection breaks is kept. */
async function receive(
  request: RawRequest,
  sim: Sim,
  upload: UploadRecord,
  start: number,
  end: number | undefined,
): Promise<void> {
  const have = contentSize(sim, upload.file);
  if (start > have) {
    throw new GoogleError({
      code: 503,
      message: `Invalid request. According to the Content-Range header, the upload offset is ${start} byte(s), which exceeds already uploaded size of ${have} byte(s).`,
      reason: 'backendError',
    });
  }
  const limit = end === undefined ? Number.POSITIVE_INFINITY : end - start + 1;
  const appended = slice(request.body as AsyncIterable<Buffer>, have - start, limit);
  await pipeline(appended, createWriteStream(contentPath(sim, upload.file), { flags: 'a' }));
}

async function* slice(source: AsyncIterable<Buffer>, skip: number, limit: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const chunk of source) {
    const from = Math.max(0, skip - at);
    const to = Math.min(chunk.length, limit - at);
    if (to > from) yield chunk.subarray(from, to);
    at += chunk.length;
  }
}

/** 200 with the object when all is there, else 308 with what is. */
async function answerStatus(request: RawRequest, sim: Sim, id: string, upload: UploadRecord): Promise<void> {
  const have = contentSize(sim, upload.file);
  if (upload.total !== undefined && have >= upload.total) {
    await complete(request, sim, id, upload, have);
    return;
  }
  sendJson(request, 308, undefined, have > 0 ? { range: `bytes=0-${have - 1}` } : {});
}

/** Of a chunk that is not the last, Google keeps multiples of 256 KiB. */
function keepWholeGrains(sim: Sim, upload: UploadRecord): void {
  const have = contentSize(sim, upload.file);
  const kept = have - (have % GRAIN);
  if (kept < have) truncateSync(contentPath(sim, upload.file), kept);
  if (kept > 0 || have === 0) return;
  throw invalid(
    `Invalid request. The number of bytes uploaded is required to be equal or greater than ${GRAIN}, except for the final request (it's recommended to be the exact multiple of ${GRAIN}). The received request contained ${have} bytes, which does not meet this requirement.`,
  );
}

async function complete(request: RawRequest, sim: Sim, id: string, upload: UploadRecord, have: number): Promise<void> {
  if (have === 0) await pipeline([], createWriteStream(contentPath(sim, upload.file)));
  const content = await measureContent(sim, upload.file);
  const object = finishUpload(sim, upload.target, upload.resource, content, hashHeader(request.message.headers['x-goog-hash']));
  sim.store.put(KIND, id, { ...upload, generation: object.generation });
  sendJson(request, 200, showObject(object));
}

function answerDone(request: RawRequest, sim: Sim, upload: UploadRecord): void {
  const { bucket, name } = upload.target;
  const object = findObject(sim, bucket, name, upload.generation);
  if (!object) throw new GoogleError({ code: 404, message: `No such object: ${bucket}/${name}`, reason: 'notFound' });
  sendJson(request, 200, showObject(object));
}
