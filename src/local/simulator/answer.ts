import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { ApiTable, TypeTable } from './discovery-table.ts';
import { enumNumber } from './schema-names.ts';
import type { Json } from './service.ts';

/** Below this, compressing costs more than it saves. */
const GZIP_FROM_BYTES = 1024;

/** Writes a JSON answer with the headers of Google's front end. */
export function sendJson(
  message: IncomingMessage,
  response: ServerResponse,
  answer: { status: number; body: unknown; headers?: Record<string, string>; pretty: boolean },
): void {
  if (response.headersSent || response.destroyed) return;
  const headers: Record<string, string | number> = {
    'content-type': 'application/json; charset=UTF-8',
    vary: 'Origin, X-Origin, Referer',
    server: 'ESF',
    'cache-control': 'private',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  };
  if (answer.body === undefined) {
    delete headers['content-type'];
    response.writeHead(answer.status, answer.status === 204 ? headers : { ...headers, 'content-length': 0 }).end();
    return;
  }
  const text = answer.pretty ? `${JSON.stringify(answer.body, null, 2)}\n` : JSON.stringify(answer.body);
  let bytes = Buffer.from(text);
  if (bytes.length >= GZIP_FROM_BYTES && /\bgzip\b/.test(String(message.headers['accept-encoding'] ?? ''))) {
    bytes = gzipSync(bytes, { level: 1 });
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Origin, X-Origin, Referer, Accept-Encoding';
  }
  headers['content-length'] = bytes.length;
  response.writeHead(answer.status, headers).end(message.method === 'HEAD' ? undefined : bytes);
}

/** Whether the answer is laid out for people: Google's default. */
export function wantsPretty(query: URLSearchParams): boolean {
  return !/^(false|0)$/i.test(query.get('prettyPrint') ?? query.get('$prettyPrint') ?? 'true');
}

/** Whether the client wants enums as numbers, as Google's generated libraries do (`$alt=json;enum-encoding=int`). */
export function wantsEnumNumbers(query: URLSearchParams): boolean {
  return /;\s*enum-encoding=int/.test(query.get('$alt') ?? query.get('alt') ?? '');
}

/** The answer with its enums as numbers. Inside of operations, the type that is named there is looked up. */
export function withEnumNumbers(value: Json, declared: TypeTable | undefined, document: ApiTable): Json {
  const type = declared?.ref ? document.schemas[declared.ref] : declared;
  if (typeof value === 'string') return type?.enum ? (enumNumber(type, value) ?? value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withEnumNumbers(item, type?.items, document));
  const named = typeof value['@type'] === 'string' ? typeNamed(value['@type'], document) : undefined;
  const known = named ?? type;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, withEnumNumbers(item, known?.properties?.[name] ?? known?.map, document)]),
  );
}

/** `type.googleapis.com/google.cloud.run.v2.Service` → the schema GoogleCloudRunV2Service, or plain Service. */
function typeNamed(url: string, document: ApiTable): TypeTable | undefined {
  const parts = url.slice(url.lastIndexOf('/') + 1).split('.');
  const long = parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
  return document.schemas[long] ?? document.schemas[parts.at(-1) ?? ''];
}
