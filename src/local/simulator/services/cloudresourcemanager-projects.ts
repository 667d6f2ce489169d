import type { Json, JsonObject, Sim } from '../service.ts';
import { forbidden } from './refusals.ts';

type ProjectId = Sim['project'];

/** A project; the one that is there from the start is written down when it is first changed or read. */
export interface ProjectRecord extends ProjectId {
  displayName: string;
  createTime: string;
  updateTime: string;
  /** Set while it waits to be deleted. */
  deleteTime?: string;
  etag: string;
  labels?: Record<string, string>;
  /** `folders/1` or `organizations/1`. */
  parent?: string;
  /** Of a project that came into being by being used: somebody works in it already, so every service may be called. */
  inUse?: true;
  /** As long as nothing but reading has been asked of such a project: it has a number, and is not there. */
  onlyRead?: true;
}

const KIND = 'cloudresourcemanager.projects';

/** A project by id or number, also one that waits to be deleted; undefined when there is none. */
export function findProject(sim: Sim, idOrNumber: string): (ProjectId & { deleted?: true }) | undefined {
  const first = sim.project;
  if (idOrNumber === first.projectId || idOrNumber === first.projectNumber) return first;
  const byId = sim.store.get<ProjectRecord>(KIND, idOrNumber);
  const record =
    byId ??
    (/^\d+$/.test(idOrNumber)
      ? sim.store.list<ProjectRecord>(KIND).find(({ value }) => value.projectNumber === idOrNumber)?.value
      : undefined);
  const deleted = record?.deleteTime === undefined ? {} : { deleted: true as const };
  return record && { projectId: record.projectId, projectNumber: record.projectNumber, ...deleted };
}

/** @throws GoogleError 403 for a project that is not there */
export function readProject(sim: Sim, idOrNumber: string): ProjectRecord {
  const project = sim.findProject(idOrNumber);
  const record = sim.store.get<ProjectRecord>(KIND, project.projectId);
  if (record?.onlyRead) throw forbidden('The caller does not have permission');
  if (record) return record;
  return saveProject(sim, { ...project, displayName: project.projectId, createTime: sim.timestamp(), updateTime: '', etag: '' });
}

/** Every project, the first one first. */
export function listProjects(sim: Sim): ProjectRecord[] {
  const others = sim.store.list<ProjectRecord>(KIND).filter(({ key, value }) => key !== sim.project.projectId && !value.onlyRead);
  return [readProject(sim, sim.project.projectId), ...others.map(({ value }) => value)];
}

export function saveProject(sim: Sim, project: ProjectRecord): ProjectRecord {
  const written = { ...project, updateTime: sim.timestamp(), etag: `W/"${sim.id(16)}"` };
  sim.store.put(KIND, project.projectId, written);
  return written;
}

/** The record of a project, if something has been written down of it. */
export function projectRecord(sim: Sim, projectId: string): ProjectRecord | undefined {
  return sim.store.get<ProjectRecord>(KIND, projectId);
}

/** The project in the form of a version of the API. */
export function showProject(version: string, project: ProjectRecord): JsonObject {
  const labels = project.labels && Object.keys(project.labels).length > 0 ? { labels: project.labels } : {};
  const state = project.deleteTime === undefined ? 'ACTIVE' : 'DELETE_REQUESTED';
  const { projectId, projectNumber, displayName, createTime } = project;
  if (version === 'v1') {
    return {
      projectNumber,
      projectId,
      lifecycleState: state,
      name: displayName,
      ...labels,
      createTime,
      ...parentOfV1(project.parent),
    };
  }
  return {
    name: `projects/${projectNumber}`,
    ...(project.parent ? { parent: project.parent } : {}),
    projectId,
    state,
    displayName,
    createTime,
    updateTime: project.updateTime,
    ...(project.deleteTime ? { deleteTime: project.deleteTime } : {}),
    etag: project.etag,
    ...labels,
  };
}

/** `organizations/1` for what either version sends as a project's parent. */
export function parentName(parent: Json | undefined): string | undefined {
  if (typeof parent === 'string' && parent !== '') return parent;
  const { type, id } = (parent ?? {}) as { type?: string; id?: string };
  return type && id ? `${type}s/${id.replace(/^[a-z]+\//, '')}` : undefined;
}

function parentOfV1(parent: string | undefined): JsonObject {
  const [types, id] = parent?.split('/') ?? [];
  return types && id ? { parent: { type: types.replace(/s$/, ''), id } } : {};
}
