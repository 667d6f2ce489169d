import type { KnativeService } from './run-v1.ts';

const TO_LATEST = [{ percent: 100, latestRevision: true }];

/**
 * Whether the service already is what the document asks for, and is serving or on its way to it: replacing it would make a second
 * revision of the same. Google fills in defaults, so fields that the document leaves out say nothing; lists have to be the same.
 * A revision that failed is worth another try.
 */
export function isDeployed(service: KnativeService, document: KnativeService): boolean {
  const ready = service.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'False') return false;
  const { labels, annotations } = document.metadata;
  return (
    holds(service.metadata, { ...(labels && { labels }), ...(annotations && { annotations }) }) &&
    holds(service.spec.template, document.spec.template) &&
    holds(service.spec.traffic ?? TO_LATEST, document.spec.traffic ?? TO_LATEST)
  );
}

/** Whether `whole` has all that `part` has, in the same places. */
function holds(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part))
    return Array.isArray(whole) && whole.length === part.length && part.every((item, index) => holds(whole[index], item));
  if (typeof part !== 'object' || part === null) return whole === part;
  if (typeof whole !== 'object' || whole === null) return false;
  return Object.entries(part).every(([key, value]) => holds((whole as Record<string, unknown>)[key], value));
}
