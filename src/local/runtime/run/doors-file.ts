import { readJson, writeJson } from '../files.ts';

/** A service's plain loopback address as it is kept on disk. */
export interface DoorRecord {
  port: number;
  /** The service's own addresses. */
  urls: string[];
}
/** By the service's full name. */
export type DoorRecords = Record<string, DoorRecord>;

/** Where the services of this machine are reached; readable by other processes, as it is replaced whole. */
export function readDoors(file: string): DoorRecords {
  return readJson<DoorRecords>(file) ?? {};
}

export function writeDoor(file: string, service: string, door: DoorRecord): void {
  writeJson(file, { ...readDoors(file), [service]: door });
}

export function removeDoor(file: string, service: string): void {
  const { [service]: _gone, ...others } = readDoors(file);
  writeJson(file, others);
}

/** The loopback address behind one of a service's own addresses; undefined when no service has it. */
export function loopbackUrlOf(file: string, url: string): string | undefined {
  const { host } = new URL(url);
  const door = Object.values(readDoors(file)).find((record) => record.urls.some((known) => new URL(known).host === host));
  return door === undefined ? undefined : `http://127.0.0.1:${door.port}`;
}
