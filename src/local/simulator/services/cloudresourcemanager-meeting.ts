import { createHash } from 'node:crypto';
import type { ProjectCall, Sim } from '../service.ts';
import { findProject, projectRecord, saveProject } from './cloudresourcemanager-projects.ts';
import { catalog } from './serviceusage-catalog.ts';
import { equip } from './serviceusage-state.ts';

/** Six to thirty characters, which is what Google allows. https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects */
export const PROJECT_ID = /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
const ASKS_WHETHER_THERE = 'cloudresourcemanager.projects.get';
const READS = /\.(getIamPolicy|testIamPermissions|getAncestry|search|query\w*)$/;

/**
 * Takes a project that nobody has heard of for one that somebody already works in: a client that is pointed at the simulator with a project
 * of its own need not make it first. It has billing, every service may be called in it, and Google's own accounts have their grants.
 *
 * Asking whether it is there is not using it: `projects.get` says no as long as nothing was written in it, so that a mistyped id is still
 * found out, whatever else is read at the same time. What is read of it is what an empty project shows, under a number that stays.
 */
export function noteProject(sim: Sim, idOrNumber: string, call: ProjectCall): boolean {
  if (findProject(sim, idOrNumber) || call.method === ASKS_WHETHER_THERE || !PROJECT_ID.test(idOrNumber)) return false;
  saveProject(sim, {
    projectId: idOrNumber,
    projectNumber: numberOf(idOrNumber),
    displayName: idOrNumber,
    createTime: sim.timestamp(),
    updateTime: '',
    etag: '',
    inUse: true,
    onlyRead: true,
  });
  return true;
}

/** The first change makes a project that has only been read one that is there. */
export function useProject(sim: Sim, idOrNumber: string, call: ProjectCall): void {
  if (call.httpMethod === 'GET' || READS.test(call.method)) return;
  const found = findProject(sim, idOrNumber);
  const record = found && projectRecord(sim, found.projectId);
  if (!record?.onlyRead) return;
  const { onlyRead, ...project } = record;
  saveProject(sim, project);
  equip(sim, project, [...catalog], call.principal);
}

/** Twelve digits that follow from the id: the same project has the same number in every simulator. */
function numberOf(projectId: string): string {
  const hash = createHash('sha256').update(projectId).digest().readUIntBE(0, 6);
  return String(100_000_000_000 + (hash % 900_000_000_000));
}
