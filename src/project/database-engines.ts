/** Databases that MLflow can keep its records in, by the name that flags and mlflow-gcp.yaml have for them. */
export const DATABASE_ENGINES = ['postgres', 'mysql'] as const;
export type DatabaseEngine = (typeof DATABASE_ENGINES)[number];

/**
 * What Cloud SQL offers of each, the one that a new deployment gets first. MySQL 8.4 and not the newer 9.7: it is the release with
 * long-term support, and MLflow's own.
 * https://docs.cloud.google.com/sql/docs/postgres/db-versions https://docs.cloud.google.com/sql/docs/mysql/db-versions
 */
export const DATABASE_VERSIONS = {
  postgres: ['POSTGRES_18', 'POSTGRES_17', 'POSTGRES_16', 'POSTGRES_15', 'POSTGRES_14'],
  mysql: ['MYSQL_8_4', 'MYSQL_9_7', 'MYSQL_8_0'],
} as const satisfies Record<DatabaseEngine, readonly [string, ...string[]]>;

export const ENGINE_TITLES: Record<DatabaseEngine, string> = { postgres: 'PostgreSQL', mysql: 'MySQL' };

/** The engine of a version as Cloud SQL says it, `MYSQL_8_4`; undefined for one of neither. */
export function engineOf(databaseVersion: string): DatabaseEngine | undefined {
  if (databaseVersion.startsWith('POSTGRES_')) return 'postgres';
  return databaseVersion.startsWith('MYSQL_') ? 'mysql' : undefined;
}

/** What a deployment with this database gets when no version is named. */
export function usualVersion(engine: DatabaseEngine): string {
  return DATABASE_VERSIONS[engine][0];
}

/** Longest name of a database user: https://dev.mysql.com/doc/refman/8.4/en/user-names.html, https://www.postgresql.org/docs/current/limits.html */
export const LONGEST_USER: Record<DatabaseEngine, number> = { postgres: 63, mysql: 32 };

/** Databases that belong to the server itself. */
export const SYSTEM_DATABASES: Record<DatabaseEngine, readonly string[]> = {
  postgres: [],
  mysql: ['mysql', 'sys', 'information_schema', 'performance_schema'],
};
