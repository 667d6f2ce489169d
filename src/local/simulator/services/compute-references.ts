import type { JsonObject } from '../service.ts';
import { invalidValue, notFound, required } from './compute-errors.ts';
import type { Change } from './compute-kind.ts';
import { linkOf, type Place, parseLink, pathOf } from './compute-places.ts';
import { findRecord, isSimulated, readyValue } from './compute-records.ts';

/**
 * A link to another resource, written out. One to a kind that is not simulated (health checks, instance groups, networks) is taken as it is.
 * @param field as Google names it: `resource.urlMap`
 * @param collections those that may stand there
 * @throws GoogleError 400 for what is no such link, 404 for a resource that is not there, 400 resourceNotReady for one that comes or goes
 */
export function reference(change: Change, field: string, value: unknown, collections: string[]): string {
  const place = placeOfLink(change, field, value, collections);
  if (!isSimulated(place.collection)) return String(value);
  // What it refers to already is looked at again only for being there: something else may be at work on it.
  if (isKept(change, place)) return linkOf(place);
  readyValue(change.sim, place);
  return linkOf(place);
}

function isKept({ before, sim }: Change, place: Place): boolean {
  if (!before || !JSON.stringify(before).includes(JSON.stringify(linkOf(place)))) return false;
  if (!findRecord(sim, place)) throw notFound(pathOf(place));
  return true;
}

/** As {@link reference}, without looking whether it is there. */
export function placeOfLink({ place, sim }: Change, field: string, value: unknown, collections: string[]): Place {
  if (value === undefined || value === null || value === '') throw required(field);
  const found = parseLink(String(value), place.projectId);
  if (!found) throw invalidValue(field, value, 'The URL is malformed.');
  if (!collections.includes(found.collection))
    throw invalidValue(field, value, `Unexpected resource collection '${found.collection}'.`);
  return {
    ...found,
    projectId: found.projectId === place.projectId ? place.projectId : sim.findProject(found.projectId).projectId,
  };
}

/** The resource behind a link that {@link reference} has written out, as it now is; undefined: it is not simulated. */
export function referred(change: Change, link: string): JsonObject | undefined {
  const place = parseLink(link, change.place.projectId);
  const record = place ? findRecord(change.sim, place) : undefined;
  return record?.value ?? record?.next;
}
