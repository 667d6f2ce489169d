import type { z } from 'zod';
import {
  DATABASE_VERSIONS,
  type DatabaseEngine,
  ENGINE_TITLES,
  LONGEST_USER,
  SYSTEM_DATABASES,
  usualVersion,
} from './database-engines.ts';

interface DatabaseValues {
  engine: DatabaseEngine;
  version?: string | undefined;
  name: string;
  user: string;
}

/** The first value that one database takes and the other does not, and what is expected; undefined where all fit. */
export function databaseFault({ engine, version, name, user }: DatabaseValues): { key: string; message: string } | undefined {
  const title = ENGINE_TITLES[engine];
  const versions: readonly string[] = DATABASE_VERSIONS[engine];
  if (version !== undefined && !versions.includes(version))
    return { key: 'version', message: `expected a version of ${title}, which database.engine asks for: ${versions.join(', ')}` };
  if (user.length > LONGEST_USER[engine])
    return { key: 'user', message: `expected at most ${LONGEST_USER[engine]} characters, as ${title} takes` };
  if (SYSTEM_DATABASES[engine].includes(name))
    return { key: 'name', message: `expected another name, as ${title} has a database of its own that is called so` };
  return undefined;
}

/** {@link databaseFault} for zod's `superRefine`. */
export function checkDatabase(values: DatabaseValues, context: z.RefinementCtx): void {
  const fault = databaseFault(values);
  if (fault !== undefined) context.addIssue({ code: 'custom', path: [fault.key], message: fault.message });
}

/** The values with the version that is usual where none is named. Both come first, as the rest of the file reads by them. */
export function withVersion<T extends Pick<DatabaseValues, 'engine' | 'version'>>({ engine, version, ...rest }: T) {
  return { engine, version: version ?? usualVersion(engine), ...rest };
}
