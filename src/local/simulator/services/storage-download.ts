import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { RawRequest, RawRoute, Sim } from '../service.ts';
import { getBucket, objectEtag } from './storage-bucket-record.ts';
import { readContent } from './storage-content.ts';
import { header, inJsonForm } from './storage-http.ts';
import { getObject, type ObjectRecord } from './storage-object-record.ts';
import { checkPreconditions, preconditionsOf } from './storage-preconditions.ts';

const PATH = /^\/(?:download\/)?storage\/v1\/b\/(?<bucket>[^/]+)\/o\/(?<object>[^/]+)$/;
const HOST = /^(storage|www)\.googleapis\.com$/;

/** `alt=media`: an object's bytes. https://docs.cloud.google.com/storage/docs/json_api/v1/objects/get */
export const downloadRoutes: RawRoute[] = [
  {
    httpMethod: ['GET', 'HEAD'],
    host: HOST,
    path: PATH,
    when: (url) => url.searchParams.get('alt') === 'media',
    handle: inJsonForm(download),
  },
];

async function download(request: RawRequest, sim: Sim): Promise<void> {
  const [, bucketName = '', objectName = ''] = PATH.exec(request.url.pathname) ?? [];
  const query = request.url.searchParams;
  const bucket = getBucket(sim, decodeURIComponent(bucketName));
  const object = getObject(sim, bucket.name, decodeURIComponent(objectName), query.get('generation') ?? undefined);
  checkPreconditions(
    preconditionsOf((name) => query.get(name)),
    object,
    true,
  );
  await sendContent(request, sim, object, () => {
    const text = 'Request range not satisfiable';
    request.response.writeHead(416, {
      ...rangeRefusal(object),
      'content-type': 'text/html; charset=UTF-8',
      'content-length': text.length,
    });
    request.response.end(text);
  });
}

/** The header of a 416. */
export function rangeRefusal(object: ObjectRecord): Record<string, string> {
  return { 'content-range': `bytes */${object.content.size}`, server: 'UploadServer' };
}

/**
 * Sends an object's bytes, or the range of them that is asked for. What is stored as gzip goes out unpacked to who does not take
 * gzip (https://docs.cloud.google.com/storage/docs/transcoding).
 * @param refuseRange answers where no byte of the range is there
 */
export async function sendContent(request: RawRequest, sim: Sim, object: ObjectRecord, refuseRange: () => void): Promise<void> {
  const { response, message } = request;
  const { size } = object.content;
  const headers = objectHeaders(object);
  if (mustUnpack(request, object)) {
    response.writeHead(200, { ...headers, warning: '214 UploadServer gunzipped' });
    if (message.method === 'HEAD') response.end();
    else await send(response, [readContent(sim, object.content), createGunzip()]);
    return;
  }
  if (object.settings['contentEncoding']) headers['content-encoding'] = String(object.settings['contentEncoding']);
  const range = rangeOf(header(message, 'range'), size);
  if (range === 'unsatisfiable') {
    refuseRange();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  headers['content-length'] = String(Math.max(0, end - start + 1));
  if (range) headers['content-range'] = `bytes ${start}-${end}/${size}`;
  response.writeHead(range ? 206 : 200, headers);
  if (message.method === 'HEAD') response.end();
  else await send(response, [readContent(sim, object.content, start, end)]);
}

async function send(response: ServerResponse, streams: NodeJS.ReadableStream[]): Promise<void> {
  const [first, second] = streams as [NodeJS.ReadableStream, NodeJS.ReadWriteStream | undefined];
  try {
    await (second ? pipeline(first, second, response) : pipeline(first, response));
  } catch {
    // The reader went away, or the bytes cannot be read to their end: either way the connection ends here.
    response.destroy();
  }
}

function mustUnpack({ message }: RawRequest, object: ObjectRecord): boolean {
  const { contentEncoding, cacheControl } = object.settings;
  if (contentEncoding !== 'gzip' || /no-transform/.test(String(cacheControl ?? ''))) return false;
  return !/\bgzip\b|\*/.test(header(message, 'accept-encoding') ?? '');
}

/** Those that both APIs send. https://docs.cloud.google.com/storage/docs/xml-api/reference-headers */
function objectHeaders(object: ObjectRecord): Record<string, string> {
  const { content, settings } = object;
  const sums = [`crc32c=${content.crc32c}`, ...(content.md5Hash ? [`md5=${content.md5Hash}`] : [])];
  const headers: Record<string, string> = {
    server: 'UploadServer',
    'accept-ranges': 'bytes',
    'content-type': String(settings['contentType'] ?? 'application/octet-stream'),
    etag: objectEtag(object.generation, object.metageneration),
    'last-modified': new Date(object.updated).toUTCString(),
    'x-goog-generation': object.generation,
    'x-goog-metageneration': String(object.metageneration),
    'x-goog-storage-class': object.storageClass,
    'x-goog-hash': sums.join(','),
    'x-goog-stored-content-length': String(content.size),
    'x-goog-stored-content-encoding': String(settings['contentEncoding'] ?? 'identity'),
  };
  const names = { cacheControl: 'cache-control', contentDisposition: 'content-disposition', contentLanguage: 'content-language' };
  for (const [setting, name] of Object.entries(names)) {
    if (settings[setting] !== undefined) headers[name] = String(settings[setting]);
  }
  for (const [key, value] of Object.entries((settings['metadata'] ?? {}) as Record<string, string>)) {
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(key) && /^[\t\x20-\x7e]*$/.test(value)) headers[`x-goog-meta-${key}`] = value;
  }
  return headers;
}

/** One range of bytes (RFC 9110); several, or what is no range, count as none. */
export function rangeOf(value: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(value ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}
