import { UserError } from '../../src/errors.ts';
import { findMysql, type MysqlPrograms } from '../../src/local/runtime/mysql/programs.ts';

/** MySQL's or MariaDB's programs; undefined where this machine has none, which tests that need them say in their titles. */
export async function mysqlPrograms(): Promise<MysqlPrograms | undefined> {
  try {
    return await findMysql(process.env);
  } catch (error) {
    if (error instanceof UserError && error.code === 'LOCAL_MYSQL_MISSING') return undefined;
    throw error;
  }
}

export const NEEDS_MYSQL = '(skipped where neither MariaDB nor MySQL is installed)';
