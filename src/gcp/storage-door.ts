import type { Door } from './door.ts';

/** What @google-cloud/storage hands to the function that sends its requests. */
interface StorageRequest {
  uri: string;
  method?: string;
  /** Query. */
  qs?: Record<string, unknown>;
  json?: unknown;
  headers?: Record<string, string>;
}
type Callback = (
  error: Error | null,
  body?: unknown,
  response?: { statusCode: number; headers: Record<string, string>; body: unknown },
) => void;

/**
 * Sends the storage library's requests through the door. The library has an HTTP client of its own, which takes proxies from the
 * process's environment alone and knows no further authorities; all its requests for buckets and objects' metadata come through the
 * one function that this replaces.
 */
export function sendForStorage(door: Door): (request: StorageRequest, callback: Callback) => void {
  return (request, callback) => {
    send(door, request).then(
      (answer) => callback(null, answer.body, answer),
      (error: unknown) => callback(error as Error),
    );
  };
}

async function send(
  door: Door,
  request: StorageRequest,
): Promise<{ statusCode: number; headers: Record<string, string>; body: unknown }> {
  const answer = await door.request({
    method: (request.method ?? 'GET') as 'GET',
    url: request.uri,
    headers: request.headers ?? {},
    params: queryOf(request.qs),
    ...(request.json !== undefined && { data: request.json }),
  });
  return { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: answer.data };
}

/** The library counts on `undefined` being left out. */
function queryOf(query: Record<string, unknown> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}
