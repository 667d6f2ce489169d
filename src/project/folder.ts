import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RenderedFile } from './render.ts';
import { writeWhole } from './write-whole.ts';

/** Hashes of what was last rendered: how a file that the user edited is told from one that is merely old. */
const RECORD = '.mlflow-gcp/rendered.json';

export interface FileChange {
  file: RenderedFile;
  /**
   * new: not there yet · same: there already, to the letter · ours: as we last wrote it, now with other content ·
   * kept: edited by the user, and the rendering has not changed since · edited: both changed · foreign: not written by us.
   */
  kind: 'new' | 'same' | 'ours' | 'kept' | 'edited' | 'foreign';
  /** What stands in the folder now, where anything does. */
  current?: string;
}

/** Holds rendered files against the folder. Reads only. */
export async function compareFolder(folder: string, files: RenderedFile[]): Promise<FileChange[]> {
  const record = await readRecord(folder);
  return Promise.all(
    files.map(async (file): Promise<FileChange> => {
      const current = await readOptional(path.join(folder, file.path));
      if (current === undefined) return { file, kind: 'new' };
      if (current === file.content) return { file, kind: 'same', current };
      const last = record[file.path];
      if (last === undefined) return { file, kind: 'foreign', current };
      if (last === hash(current)) return { file, kind: 'ours', current };
      return { file, kind: last === hash(file.content) ? 'kept' : 'edited', current };
    }),
  );
}

/**
 * Writes the files of `changes` that are new or ours, and of the edited and foreign ones those that `overwrite` names; remembers
 * what was rendered, so that a file kept now is not asked about again until the rendering changes.
 */
export async function writeFolder(folder: string, changes: FileChange[], overwrite: ReadonlySet<string>): Promise<string[]> {
  const record = await readRecord(folder);
  const written: string[] = [];
  for (const { file, kind } of changes) {
    const write = kind === 'new' || kind === 'ours' || overwrite.has(file.path);
    if (write) {
      await writeWhole(path.join(folder, file.path), file.content, { executable: file.executable });
      written.push(file.path);
    }
    record[file.path] = hash(file.content);
  }
  await writeWhole(path.join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  return written;
}

/**
 * Writes what the program itself changed in a file between two renderings. Where the file was as rendered, it counts as rendered still;
 * where the user had edited it, as edited.
 */
export async function amendFile(folder: string, name: string, before: string, after: string): Promise<void> {
  const record = await readRecord(folder);
  await writeWhole(path.join(folder, name), after);
  if (record[name] !== hash(before)) return;
  await writeWhole(path.join(folder, RECORD), `${JSON.stringify({ ...record, [name]: hash(after) }, null, 2)}\n`);
}

async function readRecord(folder: string): Promise<Record<string, string>> {
  const text = await readOptional(path.join(folder, RECORD));
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    // Half written by a killed run: every differing file then counts as foreign, and is asked about.
    return {};
  }
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
