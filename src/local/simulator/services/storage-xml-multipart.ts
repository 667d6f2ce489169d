import { readBytes } from '../request-body.ts';
import type { JsonObject, RawRequest, Sim } from '../service.ts';
import { type BucketRecord, getBucket } from './storage-bucket-record.ts';
import { type Content, checkSums, discardContent, hashHeader, readContent, storeContent } from './storage-content.ts';
import { createObject } from './storage-object-record.ts';
import { checkObjectName } from './storage-object-rules.ts';
import { escapeXml, sendXml, xmlError } from './storage-xml-http.ts';

/** An upload in parts that are sent in any order and joined at the end. */
interface PartsRecord {
  bucket: string;
  name: string;
  resource: JsonObject;
  /** By number. */
  parts: Record<string, Content>;
}
export interface PartsTarget {
  bucket: BucketRecord;
  name: string;
  resource: JsonObject;
}

const KIND = 'storage.partUploads';
const MAX_PARTS = 10_000;
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/** Files of parts whose upload can still go on. */
export function partFiles(sim: Sim): string[] {
  return sim.store.list<PartsRecord>(KIND).flatMap(({ value }) => Object.values(value.parts).map(({ file }) => file));
}

/** https://docs.cloud.google.com/storage/docs/multipart-uploads */
export async function serveMultipartUpload(request: RawRequest, sim: Sim, target: PartsTarget): Promise<void> {
  const id = request.url.searchParams.get('uploadId');
  const { method } = request.message;
  if (id === null) return method === 'POST' ? begin(request, sim, target) : refuseMethod();
  const upload = sim.store.get<PartsRecord>(KIND, id);
  if (!upload || upload.bucket !== target.bucket.name || upload.name !== target.name) {
    throw xmlError(404, 'NoSuchUpload', 'The requested upload was not found.');
  }
  if (method === 'PUT') return takePart(request, sim, id);
  if (method === 'POST') return complete(request, sim, id, upload);
  if (method === 'DELETE') {
    forget(sim, id, upload);
    request.commit();
    request.response.writeHead(204, { server: 'UploadServer' }).end();
    return;
  }
  listParts(request, id, upload);
}

function refuseMethod(): never {
  throw xmlError(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
}

function begin(request: RawRequest, sim: Sim, { bucket, name, resource }: PartsTarget): void {
  checkObjectName(name);
  const id = `A${sim.id(63)}`;
  sim.store.put(KIND, id, { bucket: bucket.name, name, resource, parts: {} } satisfies PartsRecord);
  const place = `<Bucket>${escapeXml(bucket.name)}</Bucket><Key>${escapeXml(name)}</Key><UploadId>${id}</UploadId>`;
  sendXml(
    request,
    200,
    `<InitiateMultipartUploadResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>${place}</InitiateMultipartUploadResult>`,
  );
}

async function takePart(request: RawRequest, sim: Sim, id: string): Promise<void> {
  const number = Number(request.url.searchParams.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS)
    throw xmlError(400, 'InvalidArgument', 'Invalid part number.');
  const content = await storeContent(sim, request.body);
  try {
    checkSums(content, hashHeader(request.message.headers['x-goog-hash']));
  } catch (error) {
    discardContent(sim, content.file);
    throw error;
  }
  // Others may have brought parts meanwhile.
  const upload = sim.store.get<PartsRecord>(KIND, id);
  if (!upload) {
    discardContent(sim, content.file);
    throw xmlError(404, 'NoSuchUpload', 'The requested upload was not found.');
  }
  const before = upload.parts[number];
  if (before) discardContent(sim, before.file);
  sim.store.put(KIND, id, { ...upload, parts: { ...upload.parts, [number]: content } });
  request.commit();
  request.response
    .writeHead(200, {
      server: 'UploadServer',
      etag: etagOf(content),
      'x-goog-hash': `crc32c=${content.crc32c},md5=${content.md5Hash}`,
      'content-length': '0',
    })
    .end();
}

function etagOf({ md5Hash }: Content): string {
  return `"${Buffer.from(md5Hash ?? '', 'base64').toString('hex')}"`;
}

function forget(sim: Sim, id: string, upload: PartsRecord): void {
  sim.store.delete(KIND, id);
  for (const { file } of Object.values(upload.parts)) discardContent(sim, file);
}

async function complete(request: RawRequest, sim: Sim, id: string, upload: PartsRecord): Promise<void> {
  const parts = wantedParts(await readText(request), upload);
  const joined = await storeContent(
    sim,
    (async function* () {
      for (const part of parts) yield* readContent(sim, part) as AsyncIterable<Buffer>;
    })(),
  );
  const { md5Hash: _none, ...sums } = joined;
  const object = createObject(sim, getBucket(sim, upload.bucket), upload.name, upload.resource, {
    ...sums,
    componentCount: parts.length,
  });
  forget(sim, id, upload);
  const url = `http://storage.googleapis.com/${upload.bucket}/${encodeURIComponent(upload.name)}`;
  const place = `<Location>${escapeXml(url)}</Location><Bucket>${escapeXml(upload.bucket)}</Bucket><Key>${escapeXml(upload.name)}</Key>`;
  sendXml(
    request,
    200,
    `<CompleteMultipartUploadResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>${place}<ETag>"${object.generation}-${parts.length}"</ETag></CompleteMultipartUploadResult>`,
  );
}

/** The parts that the client names, in its order. @throws GoogleError 400 where one is not there, is another, or is out of order */
function wantedParts(text: string, upload: PartsRecord): Content[] {
  const named = [...text.matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map(([, part = '']) => ({
    number: Number(/<PartNumber>\s*(\d+)\s*</.exec(part)?.[1]),
    etag: (/<ETag>\s*([^<]*?)\s*</.exec(part)?.[1] ?? '').replaceAll('&quot;', '').replaceAll('"', ''),
  }));
  if (named.length === 0) throw xmlError(400, 'MalformedCompleteMultipartUploadRequest', 'The list of parts cannot be read.');
  return named.map(({ number, etag }, at) => {
    const content = upload.parts[number];
    if (at > 0 && number <= (named[at - 1]?.number ?? 0))
      throw xmlError(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    if (!content || etagOf(content) !== `"${etag}"`)
      throw xmlError(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    return content;
  });
}

function listParts(request: RawRequest, id: string, upload: PartsRecord): void {
  const parts = Object.entries(upload.parts)
    .map(
      ([number, content]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(content)}</ETag><Size>${content.size}</Size></Part>`,
    )
    .join('');
  const place = `<Bucket>${escapeXml(upload.bucket)}</Bucket><Key>${escapeXml(upload.name)}</Key><UploadId>${id}</UploadId>`;
  sendXml(request, 200, `<ListPartsResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>${place}${parts}</ListPartsResult>`);
}

async function readText({ body }: RawRequest): Promise<string> {
  const refusal = xmlError(400, 'EntityTooLarge', 'The list of parts is too large.');
  return (await readBytes(body, MAX_LIST_BYTES, { refusal })).toString();
}
