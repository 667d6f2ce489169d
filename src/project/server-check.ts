import type { ClientSettings } from './client-settings.ts';
import { serverError } from './server-errors.ts';
import { askServer, type ServerAnswer, type ServerRequest, type ServerRoute } from './server-request.ts';

export type { ServerRoute } from './server-request.ts';

/**
 * Proves that the settings work by one call that needs them, which reads one experiment
 * (https://mlflow.org/docs/latest/api_reference/rest-api.html). Throws the errors of {@link serverError} and of {@link askServer}.
 */
export async function checkServer(settings: ClientSettings, route: ServerRoute): Promise<void> {
  judgeAnswer(settings.trackingUri, await askServer(settings, route, searchRequest()));
}

/** A call that reads one experiment and wants credentials. */
export function searchRequest(): ServerRequest {
  const bytes = Buffer.from(JSON.stringify({ max_results: 1 }));
  return {
    method: 'POST',
    path: '/api/2.0/mlflow/experiments/search',
    headers: { 'content-type': 'application/json' },
    body: { length: bytes.length, chunks: () => [bytes] },
  };
}

/** Throws what is wrong with a server that gives this answer to a call of MLflow's API; an object of JSON is right. */
export function judgeAnswer(uri: string, { status, body }: ServerAnswer): void {
  if (status === 401) throw serverError('unauthorized', `${uri} does not accept the username and password (401).`);
  if (status === 403) throw serverError('forbidden', `${uri} refuses access from here (403).${reasonOf(body)}`);
  if (status === 407) throw serverError('server_unreachable', 'The proxy of HTTPS_PROXY wants a username and password (407).');
  // IAP sends those who are not signed in to Google's sign-in page.
  if (status >= 300 && status < 400) throw serverError('forbidden', `${uri} asks for a sign-in in a browser (${status}).`);
  if (status === 404) throw serverError('not_mlflow', `There is no MLflow tracking server at ${uri} (404).`);
  if (status !== 200) throw serverError('server_error', `${uri} answers with an error (${status}).${reasonOf(body)}`);
  if (!isObject(body)) throw serverError('not_mlflow', `${uri} answers, but not as an MLflow tracking server does.`);
}

/** MLflow's own message, or a line of plain text; a page of HTML says nothing here. */
export function reasonOf(body: string): string {
  const object = isObject(body) ? (JSON.parse(body) as { message?: unknown }) : undefined;
  const text = object ? String(object.message ?? '') : body.includes('<') ? '' : body;
  const line = text.trim().split('\n')[0] ?? '';
  return line === '' ? '' : ` It says: ${line.slice(0, 300)}`;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
