import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { GoogleError } from './service.ts';

export const JSON_BODY_LIMIT = 10 * 1024 * 1024;
const BODY_DEADLINE_MS = 60_000;

export function tooLarge(limit: number): GoogleError {
  return new GoogleError({
    code: 413,
    status: 'INVALID_ARGUMENT',
    message: `Request payload size exceeds the limit: ${limit} bytes.`,
    reason: 'uploadTooLarge',
  });
}

export interface ReadOptions {
  /** The content-length, where there is one. */
  declared?: string | undefined;
  /** In the words of who is asked. */
  refusal?: Error;
}

/** Reads a body whole. Throws 413, or the refusal that is given, over the limit (without reading on) and 408 when it does not end in time. */
export async function readBytes(stream: Readable, limit: number, options: ReadOptions = {}): Promise<Buffer> {
  const refusal = options.refusal ?? tooLarge(limit);
  if (Number(options.declared ?? 0) > limit) throw refusal;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    stream.destroy();
  }, BODY_DEADLINE_MS);
  try {
    // Not destroyed by leaving the loop: the refusal goes out on the same socket.
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > limit) throw refusal;
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (late) throw new GoogleError({ code: 408, status: 'DEADLINE_EXCEEDED', message: 'The request body did not end in time.' });
    throw error;
  } finally {
    clearTimeout(deadline);
  }
  return Buffer.concat(chunks);
}

/** The JSON of a request: `{}` where nothing was sent. Throws Google's 400 for what is not JSON. */
export async function readJson(message: IncomingMessage, classic: boolean): Promise<unknown> {
  const { headers } = message;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return {};
  let bytes = await readBytes(message, JSON_BODY_LIMIT, { declared: headers['content-length'] });
  if (bytes.length === 0) return {};
  if (/\bgzip\b/.test(String(headers['content-encoding'] ?? ''))) bytes = unzipped(bytes);
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(text, classic);
  }
}

function unzipped(bytes: Buffer): Buffer<ArrayBuffer> {
  try {
    return gunzipSync(bytes, { maxOutputLength: JSON_BODY_LIMIT });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(JSON_BODY_LIMIT);
    throw new GoogleError({ code: 400, message: 'Request body is not valid gzip.', reason: 'badRequest' });
  }
}

function malformed(text: string, classic: boolean): GoogleError {
  if (classic) return new GoogleError({ code: 400, message: 'Parse Error', reason: 'parseError' });
  const start = text.slice(0, 60);
  return new GoogleError({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: `Invalid JSON payload received. Unexpected token.\n${start}\n^`,
    reason: 'parseError',
  });
}
