import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { BugError } from '../errors.ts';

/** A file of the project folder as the templates have it now. */
export interface RenderedFile {
  /** Relative to the project folder, with forward slashes. */
  path: string;
  content: string;
  executable: boolean;
}

/** Values for `{{ token }}`; a token may have dots: `secretVersions.database_url`. */
export type Tokens = Record<string, string>;

/** Stored without their dot, since npm leaves such files out of a package or reads them itself. */
const DOT_FILES = new Set(['gitignore', 'dockerignore']);

/**
 * Renders every file below `templates` (absolute path). The same tokens always give the same bytes.
 * Throws a {@link BugError} for a token without a value.
 */
export async function renderProject(templates: string, tokens: Tokens): Promise<RenderedFile[]> {
  const entries = await readdir(templates, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'));
  const rendered = await Promise.all(
    files.map(async (entry) => {
      const source = path.join(entry.parentPath, entry.name);
      const place = path.relative(templates, source).split(path.sep).join('/');
      const text = await readFile(source, 'utf8');
      return { path: targetName(place), content: fill(text, tokens, place), executable: place.endsWith('.sh') };
    }),
  );
  return rendered.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function targetName(place: string): string {
  const name = path.posix.basename(place);
  return DOT_FILES.has(name) ? path.posix.join(path.posix.dirname(place), `.${name}`) : place;
}

/** Puts the tokens' values into one text, which `place` names. Throws a {@link BugError} for a token without a value. */
export function fill(text: string, tokens: Tokens, place: string): string {
  return text.replaceAll(/\{\{ *([\w.]+) *\}\}/g, (_whole, name: string) => {
    const value = tokens[name];
    if (value === undefined) throw new BugError(`template ${place} wants {{ ${name} }}, which nothing gives`);
    return value;
  });
}
