import type { Call, JsonObject } from '../service.ts';
import { GoogleError } from '../service.ts';
import { invalidValue } from './compute-errors.ts';
import { linkTo } from './compute-places.ts';
import { fits } from './filters.ts';
import { newestFirst, page } from './paging.ts';

const MOST = 500;

/** The page of a list that was asked for, in its order, and what lists have in common. @throws GoogleError 400 */
export function listPage(call: Call, all: JsonObject[]): { items: JsonObject[]; nextPageToken?: string } {
  const { filter, orderBy, maxResults, pageToken } = call.params;
  if (Number(maxResults ?? 0) > MOST)
    throw invalidValue('maxResults', String(maxResults), `Must be less than or equal to ${MOST}.`);
  const fitting = all.filter((item) => fitsFilter(item, String(filter ?? '')));
  const keyed = fitting
    .map((value) => ({ key: orderKey(value, orderBy), value }))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
  try {
    return page(keyed, { size: maxResults, token: pageToken, usual: MOST, most: MOST });
  } catch (error) {
    if (error instanceof GoogleError) throw invalidValue('pageToken', String(pageToken), 'The page token is invalid.');
    throw error;
  }
}

/** A list of one collection in one scope. @param path of the collection: `projects/P/global/addresses` */
export function listAnswer(call: Call, kind: string, path: string, all: JsonObject[], withLink = true): JsonObject {
  const { items, nextPageToken } = listPage(call, all);
  return {
    kind,
    id: path,
    ...(items.length > 0 ? { items } : {}),
    ...(nextPageToken ? { nextPageToken } : {}),
    ...(withLink ? { selfLink: linkTo(path) } : {}),
  };
}

/** A list of one collection in every scope. @param scopeOf `global` or `regions/R` of an item */
export function aggregatedAnswer(
  call: Call,
  kind: string,
  collection: string,
  projectId: string,
  all: JsonObject[],
  scopeOf: (item: JsonObject) => string,
): JsonObject {
  const path = `projects/${projectId}/aggregated/${collection}`;
  const { items, nextPageToken } = listPage(call, all);
  const scopes: JsonObject = {};
  for (const item of items) {
    const scope = scopeOf(item);
    const entry = (scopes[scope] ?? { [collection]: [] }) as { [name: string]: JsonObject[] };
    entry[collection]?.push(item);
    scopes[scope] = entry;
  }
  return {
    kind,
    id: path,
    items: Object.keys(scopes).length > 0 ? scopes : { global: { warning: nothingThere('global') } },
    ...(nextPageToken ? { nextPageToken } : {}),
    selfLink: linkTo(path),
  };
}

function nothingThere(scope: string): JsonObject {
  return {
    code: 'NO_RESULTS_ON_PAGE',
    message: `There are no results for scope '${scope}' on this page.`,
    data: [{ key: 'scope', value: scope }],
  };
}

function orderKey(value: JsonObject, orderBy: unknown): string {
  const name = String(value['name']);
  if (orderBy === undefined || orderBy === '' || orderBy === 'name' || orderBy === 'name asc') return name;
  if (orderBy !== 'creationTimestamp desc')
    throw invalidValue('orderBy', String(orderBy), "Only 'name' and 'creationTimestamp desc' are supported.");
  const time = Date.parse(String(value['creationTimestamp'] ?? value['insertTime']));
  return newestFirst(new Date(time).toISOString()) + name;
}

/** Besides the filters of all of Google's newer APIs, Compute Engine has `name eq REGEX` and `ne`, which fit the whole value. */
function fitsFilter(item: JsonObject, filter: string): boolean {
  const [, path, operator, quoted = ''] = /^\s*\(?\s*([\w.]+)\s+(eq|ne)\s+(.+?)\s*\)?\s*$/.exec(filter) ?? [];
  try {
    if (path === undefined) return fits(item, filter);
    const value = path.split('.').reduce<unknown>((node, step) => (node as JsonObject | undefined)?.[step], item);
    const pattern = new RegExp(`^(?:${quoted.replace(/^"(.*)"$|^'(.*)'$/, '$1$2')})$`);
    return pattern.test(String(value ?? '')) === (operator === 'eq');
  } catch (error) {
    if (error instanceof GoogleError || error instanceof SyntaxError)
      throw invalidValue('filter', filter, 'Invalid list filter expression.');
    throw error;
  }
}
