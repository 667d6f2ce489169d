import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { page } from './paging.ts';
import { failedPrecondition, notFound } from './refusals.ts';
import { findRevision, findService, listRevisions, type RevisionRecord, removeRevision, serviceKey } from './run-records.ts';
import { showOperation } from './run-v2-operations.ts';
import { placeOf } from './run-v2-place.ts';
import { REVISION_TYPE, showRevision } from './run-v2-show.ts';

const API = 'run';
const P = 'run.projects.locations';

/** https://docs.cloud.google.com/run/docs/reference/rest/v2/projects.locations.services.revisions */
export const revisionMethods: Record<string, Handler> = {
  [`${P}.services.revisions.get`]: (call, sim) => showRevision(readRevision(call, sim)),
  [`${P}.services.revisions.list`]: listOfRevisions,
  [`${P}.services.revisions.delete`]: deleteRevision,
};

function readRevision(call: Call, sim: Sim): RevisionRecord {
  const name = String(call.params['name']);
  const [, parent = '', id = ''] = /^(.*)\/revisions\/([^/]+)$/.exec(name) ?? [];
  const revision = findRevision(sim, serviceKey(placeOf(sim, parent)), id);
  if (!revision) throw notFound(`revision "${name}" not found`);
  return revision;
}

function listOfRevisions(call: Call, sim: Sim): JsonObject {
  const { projectId, location, id } = placeOf(sim, call.params['parent']);
  const revisions = listRevisions(sim, id === '-' ? `${projectId}/${location}` : `${projectId}/${location}/${id}`);
  const all = revisions.map((revision, at) => ({ key: String(at).padStart(9, '0'), value: showRevision(revision) }));
  const { items, nextPageToken } = page(all, {
    size: call.params['pageSize'],
    token: call.params['pageToken'],
    usual: 100,
    most: 1000,
  });
  return { ...(items.length > 0 ? { revisions: items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

/** @throws GoogleError 400 when the revision is the newest of its service, or gets traffic */
export function removeUnusedRevision(sim: Sim, revision: RevisionRecord): void {
  const service = findService(sim, `${revision.projectId}/${revision.location}/${revision.service}`);
  if (service?.latestCreated === revision.name) {
    throw failedPrecondition(`Cannot delete revision '${revision.name}': it is the latest created revision of its service.`);
  }
  if (service?.traffic.some(({ revision: name }) => name === revision.name)) {
    throw failedPrecondition(`Cannot delete revision '${revision.name}': it is serving traffic.`);
  }
  removeRevision(sim, revision);
}

function deleteRevision(call: Call, sim: Sim): JsonObject {
  const revision = readRevision(call, sim);
  removeUnusedRevision(sim, revision);
  const { projectId, location, service } = revision;
  const shown = { '@type': REVISION_TYPE, ...showRevision(revision), deleteTime: sim.timestamp() };
  const data = { key: `${projectId}/${location}/${service}`, shown };
  return showOperation(sim, sim.operations.start({ api: API, kind: 'done', data, principal: call.principal }));
}
