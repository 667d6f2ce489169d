import type { JsonObject, RawRequest, Sim } from '../service.ts';

/** A refusal in the registry's own form. */
class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  constructor(status: number, code: string, message: string, headers: Record<string, string>) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** @param code one of https://distribution.github.io/distribution/spec/api/#errors-2 */
export function registryError(status: number, code: string, message: string, headers: Record<string, string> = {}): Error {
  return new RegistryError(status, code, message, headers);
}

const VERSION = { 'docker-distribution-api-version': 'registry/2.0' };

/** Runs a route's work and answers refusals as a registry does. */
export function inRegistryForm(work: (request: RawRequest, sim: Sim) => void | Promise<void>) {
  return async (request: RawRequest, sim: Sim): Promise<void> => {
    try {
      await work(request, sim);
    } catch (error) {
      if (request.response.headersSent || request.message.socket.destroyed) {
        request.response.destroy();
        return;
      }
      const refusal = error instanceof URIError ? new RegistryError(400, 'NAME_INVALID', 'invalid name', {}) : error;
      if (!(refusal instanceof RegistryError)) throw error;
      const { status, code, message, headers } = refusal;
      sendRegistryJson(request, status, { errors: [{ code, message }] }, headers);
    }
  };
}

export function sendRegistryJson(
  request: RawRequest,
  status: number,
  body: JsonObject,
  headers: Record<string, string> = {},
): void {
  sendBytes(request, status, Buffer.from(JSON.stringify(body)), { 'content-type': 'application/json', ...headers });
}

export function sendBytes(request: RawRequest, status: number, bytes: Buffer, headers: Record<string, string>): void {
  request.commit();
  request.response.writeHead(status, { ...VERSION, 'content-length': String(bytes.length), ...headers });
  request.response.end(request.message.method === 'HEAD' ? undefined : bytes);
}

export function sendEmpty(request: RawRequest, status: number, headers: Record<string, string> = {}): void {
  request.commit();
  request.response.writeHead(status, { ...VERSION, 'content-length': '0', ...headers }).end();
}
