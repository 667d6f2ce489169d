import type { JsonObject, Sim } from '../service.ts';
import { timeKey } from './logging-filter.ts';

const ENTRIES = 'logging.entries';
const COUNTS = 'logging.counts';
/** More than these are not kept of one project, the newest count. */
const MOST_ENTRIES = 5000;
/** So many more may come before the oldest are thrown away together. */
const SLACK = 500;

/** An entry as clients write it: `logName` (`projects/P/logs/ID`) and `resource` must be there, the rest is filled in. */
export type NewEntry = JsonObject & { logName: string; resource: JsonObject };

/**
 * Keeps log entries of a project; for other services too, whose own logs these are. An entry with the same time and `insertId` as an
 * earlier one replaces it. https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
 */
export function appendEntries(sim: Sim, projectId: string, entries: NewEntry[]): void {
  for (const entry of entries) {
    const now = sim.timestamp();
    const timestamp = typeof entry['timestamp'] === 'string' ? entry['timestamp'] : now;
    const insertId = typeof entry['insertId'] === 'string' && entry['insertId'] !== '' ? entry['insertId'] : sim.id(20);
    const key = `${projectId}/${timeKey(timestamp) ?? now}/${insertId}`;
    // Google names the project in the labels of every resource that does not.
    const labels = { project_id: projectId, ...(entry.resource['labels'] as JsonObject | undefined) };
    const resource = { ...entry.resource, labels };
    sim.store.put(ENTRIES, key, { ...entry, resource, insertId, timestamp, receiveTimestamp: now });
  }
  const count = (sim.store.get<number>(COUNTS, projectId) ?? 0) + entries.length;
  sim.store.put(COUNTS, projectId, count <= MOST_ENTRIES + SLACK ? count : throwOldestAway(sim, projectId));
}

function throwOldestAway(sim: Sim, projectId: string): number {
  const all = sim.store.list(ENTRIES, `${projectId}/`);
  for (const { key } of all.slice(0, -MOST_ENTRIES)) sim.store.delete(ENTRIES, key);
  return Math.min(all.length, MOST_ENTRIES);
}

/** A project's entries, oldest first; keys sort by time. */
export function listEntries(sim: Sim, projectId: string): Array<{ key: string; value: JsonObject }> {
  return sim.store.list(ENTRIES, `${projectId}/`).map(({ key, value }) => ({ key: key.slice(projectId.length + 1), value }));
}

/** Deletes a log's entries. @returns how many there were */
export function deleteLog(sim: Sim, projectId: string, logName: string): number {
  const all = sim.store.list(ENTRIES, `${projectId}/`);
  const own = all.filter(({ value }) => value['logName'] === logName);
  for (const { key } of own) sim.store.delete(ENTRIES, key);
  sim.store.put(COUNTS, projectId, all.length - own.length);
  return own.length;
}
