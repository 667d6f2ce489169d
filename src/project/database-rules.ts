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

/** What one database takes and the other does not; for zod's `superRefine`. */
export function checkDatabase({ engine, version, name, user }: DatabaseValues, context: z.RefinementCtx): void {
  const refuse = (key: string, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  const versions: readonly string[] = DATABASE_VERSIONS[engine];
  if (version !== undefined && !versions.includes(version))
    refuse('version', `expected a version of ${ENGINE_TITLES[engine]}, which database.engine asks for: ${versions.join(', ')}`);
  if (user.length > LONGEST_USER[engine])
    refuse('user', `expected at most ${LONGEST_USER[engine]} characters, as ${ENGINE_TITLES[engine]} takes`);
  if (SYSTEM_DATABASES[engine].includes(name))
    refuse('name', `expected another name, as ${ENGINE_TITLES[engine]} has one of its own`);
}

/** The values with the version that is usual where none is named. Both come first, as the rest of the file reads by them. */
export function withVersion<T extends Pick<DatabaseValues, 'engine' | 'version'>>({ engine, version, ...rest }: T) {
  return { engine, version: version ?? usualVersion(engine), ...rest };
}
