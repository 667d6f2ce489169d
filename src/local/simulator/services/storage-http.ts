import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { readBytes } from '../request-body.ts';
import { GoogleError, type GoogleErrorFacts, type JsonObject, type RawRequest, type Sim } from '../service.ts';

/** What Google's servers send with each answer of the upload and download paths. */
const SERVER = { server: 'UploadServer', vary: 'Origin, X-Origin' };

/** Sends a JSON document; nothing but the head where there is no body. */
export function sendJson(request: RawRequest, status: number, body?: JsonObject, headers: Record<string, string> = {}): void {
  const text = body === undefined ? '' : `${JSON.stringify(body, null, 2)}\n`;
  request.commit();
  request.response.writeHead(status, {
    ...SERVER,
    ...(body === undefined ? {} : { 'content-type': 'application/json; charset=UTF-8' }),
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  });
  request.response.end(text);
}

/** Runs a route's work, and answers a refusal as long as an answer can still be begun. */
export function withRefusals(
  work: (request: RawRequest, sim: Sim) => Promise<void>,
  answer: (request: RawRequest, refusal: GoogleErrorFacts) => void,
) {
  return async (request: RawRequest, sim: Sim): Promise<void> => {
    try {
      await work(request, sim);
    } catch (error) {
      if (request.response.headersSent || request.message.socket.destroyed) {
        request.response.destroy();
        return;
      }
      if (!(error instanceof GoogleError)) throw error;
      answer(request, error.facts);
    }
  };
}

/** Refusals in the form of the JSON API. */
export function inJsonForm(work: (request: RawRequest, sim: Sim) => Promise<void>) {
  return withRefusals(work, (request, { code, message, reason, domain, location, locationType }) => {
    if (code === 304) return sendJson(request, 304);
    const place = { ...(location ? { location } : {}), ...(locationType ? { locationType } : {}) };
    const errors = [{ message, domain: domain ?? 'global', reason: reason ?? 'invalid', ...place }];
    sendJson(request, code, { error: { code, message, errors } });
  });
}

export function header(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Reads a small body as JSON.
 * @param limit bytes
 * @throws GoogleError 400 where it is no JSON object, 413 where it is too large
 */
export async function readJson(body: Readable, limit = 1 << 20): Promise<JsonObject> {
  const refusal = new GoogleError({ code: 413, message: 'Request entity is too large.', reason: 'uploadTooLarge' });
  return parseJson((await readBytes(body, limit, { refusal })).toString());
}

/** @throws GoogleError 400 parseError */
export function parseJson(text: string): JsonObject {
  if (text.trim() === '') return {};
  const refusal = new GoogleError({ code: 400, message: 'Parse Error', reason: 'parseError' });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal;
    return value as JsonObject;
  } catch {
    throw refusal;
  }
}
