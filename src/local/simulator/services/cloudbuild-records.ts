import type { JsonObject, Sim } from '../service.ts';
import { notFound } from './refusals.ts';

/** What is kept of a build: the resource as the API shows it, and where it belongs. */
export interface BuildRecord {
  projectId: string;
  /** A region, or `global`. */
  location: string;
  id: string;
  /** Its operation in the kernel. */
  operation: string;
  build: JsonObject;
}

const KIND = 'cloudbuild.builds';
/** Part of the usual time that a build waits for a machine. */
const QUEUED_PART = 0.1;

function keyOf({ projectId, location, id }: Pick<BuildRecord, 'projectId' | 'location' | 'id'>): string {
  return `${projectId}/${location}/${id}`;
}

export function saveBuild(sim: Sim, record: BuildRecord): void {
  sim.store.put(KIND, keyOf(record), record);
}

export function findBuild(sim: Sim, place: Pick<BuildRecord, 'projectId' | 'location' | 'id'>): BuildRecord | undefined {
  return sim.store.get<BuildRecord>(KIND, keyOf(place));
}

/** @throws GoogleError 404 */
export function getBuild(sim: Sim, place: Pick<BuildRecord, 'projectId' | 'location' | 'id'>): BuildRecord {
  const record = findBuild(sim, place);
  if (!record) throw notFound('Requested entity was not found.');
  return record;
}

/** Newest first. */
export function listBuilds(sim: Sim, projectId: string, location: string): BuildRecord[] {
  return sim.store
    .list<BuildRecord>(KIND, `${projectId}/${location}/`)
    .map(({ value }) => value)
    .sort((a, b) => (String(a.build['createTime']) < String(b.build['createTime']) ? 1 : -1));
}

export function isFinished({ build }: BuildRecord): boolean {
  return !['PENDING', 'QUEUED', 'WORKING'].includes(String(build['status']));
}

/** The resource as it is now: one that has waited long enough is at work. */
export function showBuild(sim: Sim, { build }: BuildRecord): JsonObject {
  if (build['status'] !== 'QUEUED') return build;
  const begin = Date.parse(String(build['createTime'])) + sim.duration('cloudbuild.build') * QUEUED_PART;
  if (sim.now().getTime() < begin) return build;
  return { ...build, status: 'WORKING', startTime: new Date(begin).toISOString() };
}
