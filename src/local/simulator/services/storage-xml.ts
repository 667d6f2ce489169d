import { GoogleError, type JsonObject, type RawRequest, type RawRoute, type Sim } from '../service.ts';
import { policyRecord } from './iam-policy.ts';
import { bucketResource } from './iam-policy-storage.ts';
import { type BucketRecord, findBucket, isVersioned, objectEtag } from './storage-bucket-record.ts';
import { checkSums, hashHeader, storeContent } from './storage-content.ts';
import { rangeRefusal, sendContent } from './storage-download.ts';
import { header } from './storage-http.ts';
import { createObject, deleteObject, findObject, type ObjectRecord } from './storage-object-record.ts';
import { checkObjectName } from './storage-object-rules.ts';
import { checkPreconditions, type Preconditions } from './storage-preconditions.ts';

const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE'];
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

interface XmlRefusal {
  code: string;
  message: string;
  details?: string;
}

const CODES: Record<number, string> = {
  400: 'InvalidArgument',
  401: 'AuthenticationRequired',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  411: 'MissingContentLength',
  412: 'PreconditionFailed',
};

function inXmlForm(work: (request: RawRequest, sim: Sim) => Promise<void>) {
  return async (request: RawRequest, sim: Sim): Promise<void> => {
    try {
      await work(request, sim);
    } catch (error) {
      if (request.response.headersSent || request.message.socket.destroyed) {
        request.response.destroy();
        return;
      }
      if (!(error instanceof GoogleError)) throw error;
      const { code, message, reason } = error.facts;
      refuse(request, code, { code: reason && /^[A-Z]/.test(reason) ? reason : (CODES[code] ?? 'InternalError'), message });
    }
  };
}

function refuse(
  request: RawRequest,
  status: number,
  { code, message, details }: XmlRefusal,
  headers: Record<string, string> = {},
): void {
  const escaped = (text: string) =>
    text.replace(/[<>&]/g, (sign) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[sign] as string);
  const more = details === undefined ? '' : `<Details>${escaped(details)}</Details>`;
  const text = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${escaped(message)}</Message>${more}</Error>`;
  const body = status === 304 || request.message.method === 'HEAD' ? '' : text;
  request.response.writeHead(status, {
    server: 'UploadServer',
    'content-type': 'application/xml; charset=UTF-8',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  });
  request.response.end(body);
}

function xmlError(code: number, name: string, message: string): GoogleError {
  return new GoogleError({ code, reason: name, message });
}

async function serve(request: RawRequest, sim: Sim): Promise<void> {
  const { bucketName, name } = addressOf(request);
  const bucket = findBucket(sim, bucketName);
  if (!bucket) throw xmlError(404, 'NoSuchBucket', 'The specified bucket does not exist.');
  const reading = request.message.method === 'GET' || request.message.method === 'HEAD';
  checkAccess(request, sim, bucket, reading);
  if (request.message.method === 'PUT') return put(request, sim, bucket, name);
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

/** Who names nobody gets in only where the bucket's policy lets all users read. */
function checkAccess(request: RawRequest, sim: Sim, bucket: BucketRecord, reading: boolean): void {
  if (header(request.message, 'authorization') || request.url.searchParams.has('access_token')) return;
  const readers = [
    'roles/storage.objectViewer',
    'roles/storage.legacyObjectReader',
    'roles/storage.objectUser',
    'roles/storage.objectAdmin',
    'roles/storage.admin',
  ];
  const bindings = policyRecord(sim, bucketResource(bucket.name))?.bindings ?? [];
  const open = bindings.some(({ role, members }) => readers.includes(role) && members.includes('allUsers'));
  if (reading && open) return;
  throw xmlError(403, 'AccessDenied', 'Access denied.');
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
