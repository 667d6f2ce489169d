import { readFile } from 'node:fs/promises';
import type { Config } from './config-schema.ts';
import { updateConfigText } from './update-config.ts';
import { writeWhole } from './write-whole.ts';

/** Writes `mlflow-gcp.yaml`, or changes the values in it that differ. Says whether anything was written. */
export async function writeConfig(file: string, config: Config): Promise<boolean> {
  const present = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const text = updateConfigText(present, config);
  if (text === present) return false;
  await writeWhole(file, text);
  return true;
}
