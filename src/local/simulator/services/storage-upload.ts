import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GoogleError, type JsonObject, type RawRequest, type RawRoute, type Sim } from '../service.ts';
import { hashHeader, storeContent } from './storage-content.ts';
import { invalid } from './storage-errors.ts';
import { header, inJsonForm, parseJson, sendJson } from './storage-http.ts';
import { boundaryOf, readParts } from './storage-multipart.ts';
import { showObject } from './storage-object-record.ts';
import { resumeUpload, startUpload } from './storage-resumable.ts';
import { bucketOf, finishUpload, targetOf, UPLOAD_PATH } from './storage-upload-target.ts';

const HOST = /^(storage|www)\.googleapis\.com$/;
const MAX_METADATA = 1 << 20;

/** The three ways to send an object's bytes. https://docs.cloud.google.com/storage/docs/uploads-downloads */
export const uploadRoutes: RawRoute[] = [
  { httpMethod: ['POST', 'PUT'], host: HOST, path: UPLOAD_PATH, handle: inJsonForm(upload) },
  { httpMethod: 'DELETE', host: HOST, path: UPLOAD_PATH, handle: inJsonForm(resumeUpload) },
];

async function upload(request: RawRequest, sim: Sim): Promise<void> {
  const query = request.url.searchParams;
  if (query.has('upload_id')) return resumeUpload(request, sim);
  const type = query.get('uploadType') ?? header(request.message, 'x-goog-upload-protocol');
  if (type === 'resumable') return startUpload(request, sim);
  if (type === 'multipart') return multipart(request, sim);
  if (type === 'media' || type === null || type === undefined) return media(request, sim);
  throw invalid(`Invalid upload type: ${type}`);
}

async function media(request: RawRequest, sim: Sim): Promise<void> {
  const encoding = request.url.searchParams.get('contentEncoding');
  const resource: JsonObject = {
    contentType: header(request.message, 'content-type') ?? 'application/octet-stream',
    ...(encoding ? { contentEncoding: encoding } : {}),
  };
  const target = targetOf(request, sim, resource);
  const content = await storeContent(sim, unpacked(request));
  sendJson(
    request,
    200,
    showObject(finishUpload(sim, target, resource, content, hashHeader(request.message.headers['x-goog-hash']))),
  );
}

async function multipart(request: RawRequest, sim: Sim): Promise<void> {
  bucketOf(request, sim);
  const parts = readParts(unpacked(request), boundaryOf(header(request.message, 'content-type')));
  const first = await parts.next();
  if (first.done) throw invalid('Multipart body must have two parts.');
  const resource = parseJson(await smallText(first.value.content));
  const target = targetOf(request, sim, resource);
  const second = await parts.next();
  if (second.done) throw invalid('Multipart body must have two parts.');
  const type = second.value.headers['content-type'] ?? 'application/octet-stream';
  const encoding = request.url.searchParams.get('contentEncoding');
  const content = await storeContent(sim, second.value.content);
  await parts.return(undefined);
  request.body.resume();
  const settings = { contentType: type, ...(encoding ? { contentEncoding: encoding } : {}), ...resource };
  sendJson(
    request,
    200,
    showObject(finishUpload(sim, target, settings, content, hashHeader(request.message.headers['x-goog-hash']))),
  );
}

/** The body as it was before the client packed it for the way: `gcloud storage cp --gzip-in-flight`. */
function unpacked({ body, message }: RawRequest): Readable {
  if (header(message, 'content-encoding') !== 'gzip') return body;
  const gunzip = createGunzip();
  body.on('close', () => {
    if (!body.readableEnded) gunzip.destroy(new Error('The request broke off.'));
  });
  return Readable.from(chunksOf(body.pipe(gunzip)));
}

/** @throws GoogleError 400 where it is not gzip */
async function* chunksOf(gunzip: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    if (/^Z_/.test(String((error as NodeJS.ErrnoException).code)))
      throw invalid('The request body is not gzip, as its Content-Encoding says.');
    throw error;
  }
}

async function smallText(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > MAX_METADATA)
      throw new GoogleError({ code: 413, message: 'Request entity is too large.', reason: 'uploadTooLarge' });
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks).toString();
}
