import type { DatabaseEngine } from '../project/database-engines.ts';

/** In what a deployment's database differs from one engine to the other. */
export interface EngineFacts {
  /** Of the usual name of the instance: `NAME-pgsql`. */
  suffix: string;
  /** What SQLAlchemy is to talk through. */
  scheme: string;
  /** Where the URL names the socket: PostgreSQL's clients look for it in a folder, MySQL's are told the file. */
  socketParameter: string;
  /** What else stands in the URL's query. */
  urlParameters: Record<string, string>;
  /** Where a user may come from; PostgreSQL's have no such part. */
  userHost: string | undefined;
  charset: string;
  collation: string | undefined;
  /** Flags that MLflow needs. */
  flags: ReadonlyArray<{ name: string; value: string }>;
  /** The setting of backups that keeps what recovery to a point in time wants. */
  recovery: 'pointInTimeRecoveryEnabled' | 'binaryLogEnabled';
}

/**
 * MySQL in short: the recovery to a point in time goes by the binary log, and with that on, MLflow's migrations may make their trigger
 * only where the flag allows it (error 1419; the users of Cloud SQL have no SUPER). MySQL compares text without regard to case unless
 * told otherwise: metrics `Loss` and `loss` of one run would collide, so the database compares bytes, as PostgreSQL does.
 * https://docs.cloud.google.com/sql/docs/mysql/backup-recovery/configure-pitr https://docs.cloud.google.com/sql/docs/mysql/flags
 * https://dev.mysql.com/doc/refman/8.4/en/stored-programs-logging.html https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html
 */
export const ENGINE_FACTS: Record<DatabaseEngine, EngineFacts> = {
  postgres: {
    suffix: 'pgsql',
    scheme: 'postgresql+psycopg2',
    socketParameter: 'host',
    urlParameters: {},
    userHost: undefined,
    charset: 'UTF8',
    collation: undefined,
    flags: [],
    recovery: 'pointInTimeRecoveryEnabled',
  },
  mysql: {
    suffix: 'mysql',
    scheme: 'mysql+pymysql',
    socketParameter: 'unix_socket',
    urlParameters: { charset: 'utf8mb4' },
    userHost: '%',
    charset: 'utf8mb4',
    collation: 'utf8mb4_bin',
    flags: [{ name: 'log_bin_trust_function_creators', value: 'on' }],
    recovery: 'binaryLogEnabled',
  },
};
