import { request as httpRequest } from 'node:http';
import type { RawRequest, RawRoute, Sim } from '../service.ts';
import { invalid } from './storage-errors.ts';
import { header, inJsonForm } from './storage-http.ts';
import { boundaryOf, readParts } from './storage-multipart.ts';

const MAX_BYTES = 10 * 1024 * 1024;

/** Up to a hundred calls in one. https://docs.cloud.google.com/storage/docs/batch */
export const batchRoutes: RawRoute[] = [batchRoute('storage', 'v1', 100)];

/** Where several calls of one API come as one. */
export function batchRoute(api: string, version: string, mostCalls: number): RawRoute {
  return {
    httpMethod: 'POST',
    host: new RegExp(`^(${api}|www)\\.googleapis\\.com$`),
    path: new RegExp(`^/batch/${api}/${version}$`),
    handle: inJsonForm((request, sim) => batch(request, sim, `${api}.googleapis.com`, mostCalls)),
  };
}

interface InnerCall {
  id: string | undefined;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

async function batch(request: RawRequest, sim: Sim, host: string, mostCalls: number): Promise<void> {
  const calls: InnerCall[] = [];
  let bytes = 0;
  for await (const part of readParts(request.body, boundaryOf(header(request.message, 'content-type')))) {
    const chunks: Buffer[] = [];
    for await (const chunk of part.content) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw invalid('The batch request is too large.');
      chunks.push(Buffer.from(chunk));
    }
    calls.push(parseCall(Buffer.concat(chunks), part.headers['content-id'], host));
    if (calls.length > mostCalls) throw invalid(`The batch request contains more than ${mostCalls} calls.`);
  }
  request.body.resume();
  const boundary = `batch_${sim.id(24)}`;
  const answers: string[] = [];
  for (const call of calls) answers.push(await perform(call, request, sim, host));
  const text = `${answers.map((answer) => `--${boundary}\r\n${answer}`).join('')}--${boundary}--\r\n`;
  request.response.writeHead(200, {
    'content-type': `multipart/mixed; boundary=${boundary}`,
    'content-length': String(Buffer.byteLength(text)),
  });
  request.response.end(text);
}

function parseCall(content: Buffer, id: string | undefined, host: string): InnerCall {
  const text = content.toString('latin1');
  const [, head = '', gap = ''] = /^([\s\S]*?)(\r?\n\r?\n|$)/.exec(text.trimStart()) ?? [];
  const [first = '', ...lines] = head.split(/\r?\n/);
  const [, method, target] = /^([A-Z]+) (\S+)/.exec(first) ?? [];
  if (!method || !target) throw invalid('Malformed request in batch.');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    if (at > 0) headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
  const url = new URL(target, `https://${host}`);
  const offset = text.length - text.trimStart().length + head.length + gap.length;
  return { id, method, path: url.pathname + url.search, headers, body: content.subarray(offset) };
}

/** Each call goes through the front door, so that it is checked, logged and answered like any other. */
async function perform(call: InnerCall, outer: RawRequest, sim: Sim, host: string): Promise<string> {
  const authorization = call.headers['authorization'] ?? header(outer.message, 'authorization');
  const body = call.method === 'GET' || call.method === 'DELETE' ? Buffer.alloc(0) : trimEnd(call.body);
  const answer = await new Promise<{ status: string; headers: string; body: string }>((resolve, reject) => {
    const inner = httpRequest({
      host: '127.0.0.1',
      port: sim.port(),
      method: call.method,
      path: call.path,
      headers: {
        host,
        ...(authorization ? { authorization } : {}),
        'content-type': call.headers['content-type'] ?? 'application/json',
        'content-length': String(body.length),
        ...(call.headers['user-agent'] ? { 'user-agent': call.headers['user-agent'] } : {}),
      },
    });
    inner.on('error', reject).on('response', (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      reply.on('end', () => {
        const type = reply.headers['content-type'];
        const text = Buffer.concat(chunks).toString('utf8');
        const headers = `${type ? `Content-Type: ${type}\r\n` : ''}Content-Length: ${Buffer.byteLength(text)}\r\n`;
        resolve({ status: `${reply.statusCode} ${reply.statusMessage}`, headers, body: text });
      });
    });
    inner.end(body);
  });
  const id = call.id === undefined ? '' : `Content-ID: ${call.id.replace(/^<(.*)>$/, '<response-$1>')}\r\n`;
  return `Content-Type: application/http\r\n${id}\r\nHTTP/1.1 ${answer.status}\r\n${answer.headers}\r\n${answer.body}\r\n`;
}

function trimEnd(body: Buffer): Buffer {
  let end = body.length;
  while (end > 0 && (body[end - 1] === 10 || body[end - 1] === 13)) end--;
  return body.subarray(0, end);
}
