import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of small shell programs, to be the whole PATH of a test. Returns its path. */
export async function fakePath(programs: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-path-'));
  for (const [name, script] of Object.entries(programs)) {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
  return folder;
}

/** The script of an interpreter that says it is of this version. */
export function fakePython(version: string, executable = `/opt/python/${version}/bin/python3`): string {
  return `echo ${executable}\necho ${version}`;
}
