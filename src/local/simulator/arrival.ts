import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostName } from './hosts.ts';

/** A request on its way: what the front found out about it. */
export interface Arrival {
  message: IncomingMessage;
  response: ServerResponse;
  /** Lower case, without the port. */
  host: string;
  /** Without the query, percent-encoded as it came. */
  path: string;
  query: URLSearchParams;
}

/** Reads the request line, also in the absolute form in which proxies are asked. */
export function readArrival(message: IncomingMessage, response: ServerResponse): Arrival {
  const raw = message.url ?? '/';
  const absolute = /^[a-z]+:\/\/([^/?#]*)(.*)$/is.exec(raw);
  const target = absolute ? absolute[2] || '/' : raw;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  return {
    message,
    response,
    host: hostName(absolute ? absolute[1] : message.headers.host),
    path: path.startsWith('/') ? path : `/${path}`,
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
  };
}

/** The whole address. Its path is in the standard's normal form: for rules on paths, take {@link Arrival.path}. */
export function urlOf({ host, path, query }: Pick<Arrival, 'host' | 'path' | 'query'>): URL {
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}`);
  url.pathname = path;
  url.search = query.toString();
  return url;
}
