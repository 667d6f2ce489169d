import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalHome } from './home.ts';
import { readDoors } from './runtime/run/doors-file.ts';

export interface LocalService {
  /** `projects/P/locations/R/services/S` */
  name: string;
  /** Its plain loopback address. */
  url: string;
  /** The address that it has in the simulated cloud. */
  serviceUrl: string;
}

/** The services that have an address on this machine, whether they run at this moment or not. */
export function localServices(home: LocalHome): LocalService[] {
  return Object.entries(readDoors(home.doorsFile)).map(([name, { port, urls }]) => ({
    name,
    url: `http://127.0.0.1:${port}`,
    serviceUrl: urls[0] ?? '',
  }));
}

/** Bytes on disk of everything that the local target keeps; a file with several names (as uv makes them) counts once. */
export async function diskUse(home: LocalHome): Promise<number> {
  const seen = new Set<number>();
  const folders = home.sqlHome === home.folder ? [home.folder] : [home.folder, home.sqlHome];
  const sizes = await Promise.all(folders.map((folder) => sizeOf(folder, seen)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function sizeOf(path: string, seen: Set<number>): Promise<number> {
  // Files come and go while servers run.
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined || seen.has(facts.ino)) return 0;
  seen.add(facts.ino);
  let total = facts.blocks * 512;
  if (!facts.isDirectory()) return total;
  for (const name of await readdir(path).catch(() => [])) total += await sizeOf(join(path, name), seen);
  return total;
}
