import type { Json, JsonObject, ParamValue } from '../service.ts';

/**
 * The paths of an `updateMask`, in camel case: clients send `display_name` and `displayName` alike, and several joined by commas.
 * @returns the names of the body's own fields when no mask was sent
 */
export function maskPaths(mask: ParamValue | Json, body: JsonObject): string[] {
  const sent = Array.isArray(mask) ? mask.join(',') : typeof mask === 'string' ? mask : '';
  const paths = sent.split(',').map((path) => path.trim());
  const named = paths
    .filter((path) => path !== '')
    .map((path) => path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  return named.length > 0 ? named : Object.keys(body);
}

/** The resource with the fields under the mask's paths taken from the change; a path that the change lacks is cleared. */
export function applyMask(resource: JsonObject, change: JsonObject, paths: string[]): JsonObject {
  const result = structuredClone(resource);
  for (const path of paths) {
    const steps = path.split('.');
    const value = steps.reduce<Json | undefined>((node, step) => (isObject(node) ? node[step] : undefined), change);
    place(result, steps, value);
  }
  return result;
}

function place(target: JsonObject, [first, ...rest]: string[], value: Json | undefined): void {
  if (first === undefined) return;
  if (rest.length === 0) {
    if (value === undefined) delete target[first];
    else target[first] = value;
    return;
  }
  const inner = target[first];
  const node: JsonObject = isObject(inner) ? inner : {};
  target[first] = node;
  place(node, rest, value);
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON merge patch: objects are merged, null removes, all else replaces. https://www.rfc-editor.org/rfc/rfc7396 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    const before = result[field];
    if (value === null) delete result[field];
    else if (isObject(value)) result[field] = mergePatch(isObject(before) ? before : {}, value);
    else result[field] = value;
  }
  return result;
}
