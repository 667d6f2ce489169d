import type { Json, JsonObject, ParamValue } from '../service.ts';
import { badRequest } from './refusals.ts';

export interface Page<T> {
  items: T[];
  /** Left out after the last page. */
  nextPageToken?: string;
}

/**
 * One page of a list. The token names the last item given out, so that items made or deleted in between neither repeat nor hide
 * others.
 * @param all in the order of their keys
 * @param size as sent; 0 or nothing is the default, more than the maximum is the maximum
 * @throws GoogleError 400 for a negative size or a token that was never given
 */
export function page<T>(
  all: Array<{ key: string; value: T }>,
  { size, token, usual, most }: { size: ParamValue; token: ParamValue; usual: number; most: number },
): Page<T> {
  const wanted = Number(size ?? 0);
  if (!Number.isInteger(wanted) || wanted < 0) throw badRequest('The page size must be a non-negative number.');
  const count = wanted === 0 ? usual : Math.min(wanted, most);
  const after = token === undefined || token === '' ? undefined : decode(String(token));
  const rest = after === undefined ? all : all.filter(({ key }) => key > after);
  const items = rest.slice(0, count);
  const last = items.at(-1);
  const nextPageToken = last && rest.length > count ? encode(last.key) : undefined;
  return { items: items.map(({ value }) => value), ...(nextPageToken ? { nextPageToken } : {}) };
}

/** A key by which what was made last comes first. @param timestamp RFC 3339 with microseconds */
export function newestFirst(timestamp: string): string {
  const micros = Date.parse(timestamp) * 1000 + Number(/\.\d{3}(\d{3})/.exec(timestamp)?.[1] ?? 0);
  return String(Number.MAX_SAFE_INTEGER - micros).padStart(16, '0');
}

const MARK = 'after:';

function encode(key: string): string {
  return Buffer.from(MARK + key).toString('base64url');
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(MARK)) throw badRequest('The page token is invalid.');
  return text.slice(MARK.length);
}

/** One page as most APIs answer it: the items under their name, where there are any, and the token of the next page, where there is one. */
export function pageUnder<T extends Json>(
  field: string,
  all: Array<{ key: string; value: T }>,
  asked: Parameters<typeof page>[1],
): JsonObject {
  const { items, nextPageToken } = page(all, asked);
  return { ...(items.length > 0 ? { [field]: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}
