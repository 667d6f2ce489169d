import { expect, test } from 'vitest';
import { configSchema } from '../../src/project/config-schema.ts';

test.each([
  [{}, 'POSTGRES_18'],
  [{ engine: 'postgres', version: 'POSTGRES_16' }, 'POSTGRES_16'],
  [{ engine: 'mysql' }, 'MYSQL_8_4'],
  [{ engine: 'mysql', version: 'MYSQL_9_7', user: 'u'.repeat(32) }, 'MYSQL_9_7'],
])('%j is taken, with version %s', (database, version) => {
  expect(configSchema.parse({ database }).database).toMatchObject({ ...database, version });
});

test.each([
  [{ engine: 'mysql', version: 'POSTGRES_18' }, 'version', 'expected a version of MySQL'],
  [{ version: 'MYSQL_8_4' }, 'version', 'expected a version of PostgreSQL'],
  [{ engine: 'mysql', user: 'u'.repeat(33) }, 'user', 'expected at most 32 characters'],
  [{ engine: 'mysql', name: 'sys' }, 'name', 'expected another name'],
  [{ engine: 'sqlite' }, 'engine', 'postgres'],
  [{ version: 'POSTGRES_9_6' }, 'version', 'POSTGRES_18'],
])('%j is refused by its %s', (database, key, message) => {
  const [issue] = configSchema.safeParse({ database }).error?.issues ?? [];
  expect(issue?.path).toEqual(['database', key]);
  expect(issue?.message).toContain(message);
});
