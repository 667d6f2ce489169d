import type { Call, JsonObject } from '../service.ts';
import { fits } from './filters.ts';
import { pageUnder } from './paging.ts';

/** A list of secrets or of versions, in the order of their keys, with how many there are in all. */
export function listOf(field: string, found: Array<{ key: string; value: JsonObject }>, { params }: Call): JsonObject {
  const all = found.filter(({ value }) => fits(value, params['filter'])).sort((one, other) => (one.key < other.key ? -1 : 1));
  const asked = { size: params['pageSize'], token: params['pageToken'], usual: 25, most: 25_000 };
  return { ...pageUnder(field, all, asked), ...(all.length > 0 ? { totalSize: all.length } : {}) };
}
