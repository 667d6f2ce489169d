import type { JsonObject, RawRequest, RawRoute, Sim } from '../service.ts';
import { type BucketRecord, findBucket, isVersioned, objectEtag } from './storage-bucket-record.ts';
import { checkSums, hashHeader, storeContent } from './storage-content.ts';
import { rangeRefusal, sendContent } from './storage-download.ts';
import { header } from './storage-http.ts';
import { createObject, deleteObject, findObject, type ObjectRecord } from './storage-object-record.ts';
import { checkObjectName } from './storage-object-rules.ts';
import { checkPreconditions, type Preconditions } from './storage-preconditions.ts';
import { checkAccess } from './storage-xml-access.ts';
import { inXmlForm, refuse, xmlError } from './storage-xml-http.ts';
import { serveMultipartUpload } from './storage-xml-multipart.ts';

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];
const handle = inXmlForm(serve);

/** Objects by the XML API, in both spellings of their address. https://docs.cloud.google.com/storage/docs/xml-api/reference-methods */
export const xmlRoutes: RawRoute[] = [
  {
    httpMethod: METHODS,
    host: /^storage\.googleapis\.com$/,
    path: /^\/(?!(?:storage|upload|download|batch|resumable)\/)[^/]+\/.+$/,
    authenticated: false,
    handle,
  },
  { httpMethod: METHODS, host: /^[a-z0-9._-]+\.storage\.googleapis\.com$/, path: /^\/.+$/, authenticated: false, handle },
];

async function serve(request: RawRequest, sim: Sim): Promise<void> {
  const { bucketName, name } = addressOf(request);
  const bucket = findBucket(sim, bucketName);
  if (!bucket) throw xmlError(404, 'NoSuchBucket', 'The specified bucket does not exist.');
  const reading = request.message.method === 'GET' || request.message.method === 'HEAD';
  checkAccess(request, sim, bucket, reading);
  const query = request.url.searchParams;
  if (query.has('uploads') || query.has('uploadId')) {
    return serveMultipartUpload(request, sim, { bucket, name, resource: resourceOf(request) });
  }
  if (request.message.method === 'PUT') return put(request, sim, bucket, name);
  if (request.message.method === 'POST') throw xmlError(400, 'InvalidArgument', 'Invalid argument.');
  const object = findObject(sim, bucket.name, name, request.url.searchParams.get('generation') ?? undefined);
  if (!object)
    return refuse(request, 404, {
      code: 'NoSuchKey',
      message: 'The specified key does not exist.',
      details: `No such object: ${bucket.name}/${name}`,
    });
  checkPreconditions(conditionsOf(request), object, reading);
  if (request.message.method === 'DELETE') {
    deleteObject(sim, bucket, object, request.url.searchParams.has('generation') || !isVersioned(bucket));
    request.commit();
    request.response.writeHead(204, { server: 'UploadServer' }).end();
    return;
  }
  if (header(request.message, 'if-none-match') === objectEtag(object.generation, object.metageneration)) {
    return refuse(request, 304, { code: 'NotModified', message: '' });
  }
  await sendContent(request, sim, object, () =>
    refuse(
      request,
      416,
      {
        code: 'InvalidRange',
        message: 'The requested range cannot be satisfied.',
        details: String(header(request.message, 'range')),
      },
      rangeRefusal(object),
    ),
  );
}

function addressOf(request: RawRequest): { bucketName: string; name: string } {
  const inHost = /^(.+)\.storage\.googleapis\.com$/.exec(request.host)?.[1];
  const path = request.url.pathname.slice(1);
  const at = path.indexOf('/');
  try {
    return {
      bucketName: inHost ?? decodeURIComponent(path.slice(0, at)),
      name: decodeURIComponent(inHost === undefined ? path.slice(at + 1) : path),
    };
  } catch {
    throw xmlError(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}

function conditionsOf(request: RawRequest): Preconditions {
  const generation = header(request.message, 'x-goog-if-generation-match');
  const metageneration = header(request.message, 'x-goog-if-metageneration-match');
  return {
    ...(generation === undefined ? {} : { ifGenerationMatch: generation }),
    ...(metageneration === undefined ? {} : { ifMetagenerationMatch: metageneration }),
  };
}

async function put(request: RawRequest, sim: Sim, bucket: BucketRecord, name: string): Promise<void> {
  checkObjectName(name);
  const preconditions = conditionsOf(request);
  checkPreconditions(preconditions, findObject(sim, bucket.name, name));
  const content = await storeContent(sim, request.body);
  const md5 = header(request.message, 'content-md5');
  const sums = hashHeader(request.message.headers['x-goog-hash']);
  if ((md5 && md5 !== content.md5Hash) || !sumsMatch(content, sums)) {
    throw xmlError(400, 'BadDigest', 'The Content-MD5 or checksum value you specified did not match what we received.');
  }
  const object = createObject(sim, bucket, name, resourceOf(request), content, preconditions);
  request.commit();
  request.response.writeHead(200, putHeaders(object)).end();
}

function sumsMatch(content: ObjectRecord['content'], sums: { md5Hash?: string; crc32c?: string }): boolean {
  try {
    checkSums(content, sums);
    return true;
  } catch {
    return false;
  }
}

function putHeaders({ generation, metageneration, content }: ObjectRecord): Record<string, string> {
  return {
    server: 'UploadServer',
    'content-length': '0',
    etag: `"${Buffer.from(content.md5Hash ?? '', 'base64').toString('hex')}"`,
    'x-goog-generation': generation,
    'x-goog-metageneration': String(metageneration),
    'x-goog-hash': `crc32c=${content.crc32c},md5=${content.md5Hash}`,
    'x-goog-stored-content-length': String(content.size),
  };
}

function resourceOf(request: RawRequest): JsonObject {
  const text = (name: string) => header(request.message, name);
  const metadata = Object.entries(request.message.headers).flatMap(([key, value]) =>
    key.startsWith('x-goog-meta-') ? [[key.slice('x-goog-meta-'.length), String(value)]] : [],
  );
  return {
    contentType: text('content-type') ?? 'application/octet-stream',
    contentEncoding: text('content-encoding') ?? null,
    cacheControl: text('cache-control') ?? null,
    contentDisposition: text('content-disposition') ?? null,
    contentLanguage: text('content-language') ?? null,
    metadata: Object.fromEntries(metadata) as JsonObject,
  };
}
