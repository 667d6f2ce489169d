import type { Sim } from '../service.ts';

/** Keeps a record under a new version, from which its etags follow. */
export function saveVersion<T extends object>(sim: Sim, kind: string, key: string, record: T): T {
  const saved = { ...record, version: sim.id(16) };
  sim.store.put(kind, key, saved);
  return saved;
}

/** Newest first. */
export function listNewest<T extends { createTime: string }>(sim: Sim, kind: string, prefix: string): T[] {
  return sim.store
    .list<T>(kind, prefix)
    .map(({ value }) => value)
    .sort((a, b) => (a.createTime < b.createTime ? 1 : -1));
}
