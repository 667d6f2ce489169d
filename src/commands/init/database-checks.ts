import type { Config } from '../../project/config-schema.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { engineDiffers } from '../../stack/resources/sql-instance.ts';
import type { Context } from '../command.ts';

/** Throws DATABASE_ENGINE_DIFFERS where the deployment keeps its records in another database than the one that is asked for. */
export function refuseOtherEngine({ sqlInstance, database: stands }: Deployment, { name, database }: Config): void {
  if (stands.engine !== database.engine)
    throw engineDiffers({ name: sqlInstance, databaseVersion: stands.version }, { name, database });
}

/** The local target brings PostgreSQL along and MySQL not. Throws LOCAL_MYSQL_MISSING before anything is made. */
export async function requireLocalDatabase({ deps }: Pick<Context, 'deps'>, { database }: Config): Promise<void> {
  if (database.engine !== 'mysql') return;
  const { findMysql } = await import('../../local/runtime/mysql/programs.ts');
  await findMysql(deps.env);
}
