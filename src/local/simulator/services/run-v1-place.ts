import { type Call, GoogleError, type JsonObject, type Sim } from '../service.ts';
import { page } from './paging.ts';
import { isRegion } from './regions.ts';
import type { ServicePlace } from './run-records.ts';

const KNATIVE = 'serving.knative.dev/v1';

/** `namespaces/P/services/S` has its region in the host; an empty location stands for all. */
export function placeOf(call: Call, sim: Sim): ServicePlace {
  const name = String(call.params['name'] ?? call.params['parent'] ?? call.params['resource']);
  const [, project = '', inPath] = /^(?:projects|namespaces)\/([^/]+)(?:\/locations\/([^/]+))?/.exec(name) ?? [];
  const [, id = ''] = /\/(?:services|revisions|configurations|routes|jobs|executions|tasks)\/([^/:]+)/.exec(name) ?? [];
  const inHost = /^(.+)-run\.googleapis\.com$/.exec(call.host)?.[1];
  const location = inPath ?? inHost ?? '';
  if (location !== '' && location !== '-' && !isRegion(location)) {
    throw new GoogleError({
      code: 403,
      status: 'PERMISSION_DENIED',
      message: `Location ${location} is not found or access is unauthorized.`,
    });
  }
  return { ...sim.findProject(project), location: location === '-' ? '' : location, id };
}

/** A Knative list, filtered by `labelSelector` and paged by `limit` and `continue`. */
export function listOf(call: Call, kind: string, items: JsonObject[], apiVersion = KNATIVE): JsonObject {
  const selector = String(call.params['labelSelector'] ?? '');
  const labelled = items
    .filter((item) => selector.split(',').every((term) => hasLabel(item, term.trim())))
    .map((value, place) => ({ key: String(place).padStart(9, '0'), value }));
  const chosen = page(labelled, { size: call.params['limit'], token: call.params['continue'], usual: 100, most: 1000 });
  return {
    apiVersion,
    kind,
    metadata: chosen.nextPageToken ? { continue: chosen.nextPageToken } : {},
    items: chosen.items,
  };
}

function hasLabel(item: JsonObject, term: string): boolean {
  if (term === '') return true;
  const labels = ((item['metadata'] as JsonObject)['labels'] ?? {}) as JsonObject;
  const [, name = '', not, value] = /^([^=!\s]+)\s*(?:(!)?={1,2}\s*(.*))?$/.exec(term) ?? [];
  if (value === undefined) return labels[name] !== undefined;
  return (String(labels[name] ?? '') === value) === (not === undefined);
}
