import { renameSync, statSync } from 'node:fs';

/** Puts a log file aside as `FILE.1` (over the one before) when it has grown past `bytes`: together they stay under twice that. */
export function boundFile(file: string, bytes: number): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > bytes) renameSync(file, `${file}.1`);
}
