import type { Call, Sim } from '../service.ts';
import { invalidValue } from './compute-errors.ts';
import { isRegion } from './regions.ts';

/** `global`, or the name of a region. */
export type Scope = string;

/** Where a resource is. */
export interface Place {
  projectId: string;
  scope: Scope;
  /** As in the path: `addresses` */
  collection: string;
  name: string;
}

const ROOT = 'https://www.googleapis.com/compute/v1';
export const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAME_RULE = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";

/** `projects/P/global/addresses/A` */
export function pathOf(place: Place): string {
  return `${scopePath(place.projectId, place.scope)}/${place.collection}/${place.name}`;
}

/** `projects/P/global`, `projects/P/regions/R` */
export function scopePath(projectId: string, scope: Scope): string {
  return `projects/${projectId}/${scopeName(scope)}`;
}

/** `global`, `regions/R` */
export function scopeName(scope: Scope): string {
  return scope === 'global' ? 'global' : `regions/${scope}`;
}

/** `https://www.googleapis.com/compute/v1/…`: how resources speak of themselves and each other. */
export function linkTo(path: string): string {
  return `${ROOT}/${path}`;
}

export function linkOf(place: Place): string {
  return linkTo(pathOf(place));
}

/**
 * What a link in a request stands for: a full one of any version and host of Google's, or one that begins with `projects/`, `global/` or
 * `regions/`. Undefined: it is none, or not to a global or regional resource.
 * @param projectId the project of a link that names none
 */
export function parseLink(text: string, projectId: string): Place | undefined {
  const path = text.replace(/^https:\/\/[a-z.]+\/compute\/[a-z0-9_]+\//, '').replace(/^\/+/, '');
  const parts = /^(?:projects\/([^/]+)\/)?(?:(global)|regions\/([^/]+))\/([a-zA-Z]+)\/([^/]+)$/.exec(path);
  const [, project = projectId, global, region = '', collection = '', name = ''] = parts ?? [];
  return parts ? { projectId: project, scope: global ?? region, collection, name } : undefined;
}

/** The project and scope that a call is about. @throws GoogleError 403 for an unknown project, 400 for an unknown region */
export function scopeOf(call: Call, sim: Sim): { projectId: string; scope: Scope } {
  const { projectId } = sim.findProject(String(call.params['project']));
  const region = call.params['region'];
  if (region === undefined) return { projectId, scope: 'global' };
  if (!isRegion(String(region))) throw invalidValue('region', region, 'Unknown region.');
  return { projectId, scope: String(region) };
}

/** @throws GoogleError 400 for a name that no resource may have */
export function checkName(field: string, name: unknown): string {
  if (typeof name !== 'string' || !NAME.test(name)) throw invalidValue(field, name, NAME_RULE);
  return name;
}

/** A number of up to 19 digits, as text. */
export function numericId(sim: Sim): string {
  return (BigInt(`0x${sim.id(15)}`) + 10n ** 17n).toString();
}

/** RFC 3339 with milliseconds, in the Pacific time that this API writes. */
export function pacificTime(timestamp: string): string {
  return `${new Date(Date.parse(timestamp) - 8 * 3_600_000).toISOString().slice(0, 23)}-08:00`;
}
