/** Names of query parameters whose values open doors. */
const SECRET_NAME = /token|key$|secret$|passw|signature|credential|assertion|^code$|upload_?id/i;

/** The address as it may be shown: no user, no password, no fragment, and the values of telling parameters struck out. */
export function shownUrl(url: URL): string {
  const query = [...url.searchParams].map(
    ([name, value]) => `${name}=${SECRET_NAME.test(name) ? '***' : encodeURIComponent(value)}`,
  );
  return `${url.origin}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** One line on a request that was answered, or was not: never headers, never bodies. */
export function requestLine(request: { method: string; url: URL; outcome: string; ms: number; attempt: number }): string {
  const again = request.attempt > 0 ? ` (attempt ${request.attempt + 1})` : '';
  return `${request.method} ${shownUrl(request.url)} ${request.outcome} ${Math.round(request.ms)} ms${again}`;
}
