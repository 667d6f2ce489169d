import type { Call, JsonObject } from '../service.ts';
import { page } from './paging.ts';

const MOST = 1000;

/**
 * One page of a list as Cloud DNS answers with it; without the field where there is nothing.
 * @param kind `dns#managedZonesListResponse` @param field `managedZones` @param all in the order of their keys
 */
export function listAnswer<T>(
  call: Call,
  kind: string,
  field: string,
  all: Array<{ key: string; value: T }>,
  show: (value: T) => JsonObject,
): JsonObject {
  const { maxResults: size, pageToken: token } = call.params;
  const { items, nextPageToken } = page(all, { size, token, usual: MOST, most: MOST });
  return {
    kind,
    ...(items.length > 0 ? { [field]: items.map(show) } : {}),
    ...(nextPageToken ? { nextPageToken } : {}),
  };
}
