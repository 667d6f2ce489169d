import type { Json, JsonObject, Sim } from '../service.ts';
import { invalidValue, staleFingerprint, staleLabelFingerprint } from './compute-errors.ts';
import { namesVersion } from './etags.ts';

/** The label fingerprint of whatever has no labels, at Google too. */
const NO_LABELS = '42WmSpB8rSM=';
const MOST_LABELS = 64;

/** A new one: eight bytes, of which the first says that it was given out here (see `namesVersion`). */
export function newFingerprint(sim: Sim): string {
  return Buffer.from(`07${sim.id(14)}`, 'hex').toString('base64');
}

export function newLabelFingerprint(sim: Sim, labels: Json | undefined): string {
  return Object.keys((labels ?? {}) as JsonObject).length === 0 ? NO_LABELS : newFingerprint(sim);
}

/** Refuses a change that was made to an older version; none sent is no condition. @throws GoogleError 412 conditionNotMet */
export function checkFingerprint(sent: Json | undefined, current: Json | undefined): void {
  if (typeof sent !== 'string' || sent === '') return;
  const plain = standard(sent);
  if (plain !== current && namesVersion(plain)) throw staleFingerprint();
}

/** Labels are never set without the fingerprint of those that are there. @throws GoogleError 412 conditionNotMet */
export function checkLabelFingerprint(sent: Json | undefined, current: Json | undefined): void {
  const plain = typeof sent === 'string' ? standard(sent) : '';
  if (plain === current) return;
  if (plain === '' || plain === NO_LABELS || namesVersion(plain)) throw staleLabelFingerprint();
}

/** Bytes may come in either alphabet of base64: gcloud writes the one for URLs. */
function standard(base64: string): string {
  return base64.replaceAll('-', '+').replaceAll('_', '/');
}

/** https://docs.cloud.google.com/compute/docs/labeling-resources#requirements @throws GoogleError 400 */
export function checkLabels(labels: Json | undefined): void {
  const entries = Object.entries((labels ?? {}) as JsonObject);
  if (entries.length > MOST_LABELS)
    throw invalidValue('labels', String(entries.length), `At most ${MOST_LABELS} labels may be set.`);
  for (const [key, value] of entries) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key))
      throw invalidValue(
        'labels',
        '',
        `Label key '${key}' violates format constraints. The key must start with a lowercase character, can only contain lowercase letters, numeric characters, underscores and dashes, and can be at most 63 characters long.`,
      );
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(String(value)))
      throw invalidValue(
        'labels',
        '',
        `Label value '${value}' violates format constraints. The value can only contain lowercase letters, numeric characters, underscores and dashes, and can be at most 63 characters long.`,
      );
  }
}
