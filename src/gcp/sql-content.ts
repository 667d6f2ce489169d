import { isNotFound } from './errors.ts';
import type { Google } from './google.ts';
import type { WaitOptions } from './operations.ts';
import { createOrGet } from './retry.ts';
import type { InstanceArgs } from './sql.ts';
import { changeInstance } from './sql-operations.ts';

/** A database in an instance. */
export interface SqlDatabase {
  name: string;
  charset?: string;
  collation?: string;
}
/** A user of the database in an instance. Google never tells its password. */
export interface SqlUser {
  name: string;
  /** Where it may come from; MySQL's. */
  host?: string;
  /** BUILT_IN, CLOUD_IAM_SERVICE_ACCOUNT, … */
  type?: string;
}

/** The database, or undefined. The instance has to run. */
export async function getDatabase(google: Google, args: InstanceArgs & { database: string }): Promise<SqlDatabase | undefined> {
  const api = await google.apis.sqladmin();
  try {
    return (await api.databases.get({ project: args.project, instance: args.instance, database: args.database }))
      .data as SqlDatabase;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Makes a database of this character set, as the engine calls it, if it is missing and waits for it.
 * https://docs.cloud.google.com/sql/docs/postgres/create-manage-databases https://docs.cloud.google.com/sql/docs/mysql/create-manage-databases
 */
export function createDatabase(
  google: Google,
  args: InstanceArgs & { database: string; charset: string; collation?: string | undefined } & WaitOptions,
): Promise<{ value: SqlDatabase; created: boolean }> {
  const { project, instance, database, charset, collation } = args;
  return createOrGet(google, {
    // What a duplicate is answered with is not documented.
    duplicate: 'any refusal',
    get: () => getDatabase(google, args),
    create: async () => {
      const api = await google.apis.sqladmin();
      const requestBody = { project, instance, name: database, charset, ...(collation && { collation }) };
      await changeInstance(
        google,
        args,
        `creating database ${database}`,
        async () => (await api.databases.insert({ project, instance, requestBody })).data,
      );
      return { name: database };
    },
  });
}

/** Deletes the database with all that is in it; one that is not there is fine. */
export async function deleteDatabase(google: Google, args: InstanceArgs & { database: string } & WaitOptions): Promise<void> {
  const api = await google.apis.sqladmin();
  const { project, instance, database } = args;
  try {
    await changeInstance(
      google,
      args,
      `deleting database ${database}`,
      async () => (await api.databases.delete({ project, instance, database })).data,
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** A user by name. MySQL's have a second half, where they may come from (`%`: from anywhere); PostgreSQL's must have none. */
export interface UserArgs extends InstanceArgs {
  user: string;
  host?: string | undefined;
}

/**
 * The users of the instance, Google's own `postgres` or `root` among them. With a host those alone that come from there; of some users
 * Google tells no host.
 */
export async function listUsers(google: Google, args: InstanceArgs & Pick<UserArgs, 'host'>): Promise<SqlUser[]> {
  const api = await google.apis.sqladmin();
  const { data } = await api.users.list({ project: args.project, instance: args.instance });
  const users = (data.items ?? []) as SqlUser[];
  return args.host === undefined ? users : users.filter(({ host }) => !host || host === args.host);
}

/** The user, or undefined. */
export async function getUser(google: Google, args: UserArgs): Promise<SqlUser | undefined> {
  return (await listUsers(google, args)).find((user) => user.name === args.user);
}

/**
 * Makes the user with this password if it is missing. A user that is there keeps its password (`created: false`): see
 * {@link setUserPassword}. `seen`: the instance's users as they were a moment ago, which saves the look at them. With `roles` it is a member of these, otherwise of `cloudsqlsuperuser`.
 * https://docs.cloud.google.com/sql/docs/postgres/create-manage-users
 */
export function createUser(
  google: Google,
  args: UserArgs & { password: string; roles?: string[]; seen?: SqlUser[] } & WaitOptions,
): Promise<{ value: SqlUser; created: boolean }> {
  const { project, instance, user, host, password, roles, seen } = args;
  const found = seen?.find(({ name }) => name === user);
  if (found !== undefined) return Promise.resolve({ value: found, created: false });
  return createOrGet(google, {
    ...(seen === undefined && { first: 'get' }),
    duplicate: 'any refusal',
    get: () => getUser(google, args),
    create: async () => {
      const api = await google.apis.sqladmin();
      const more = { ...(host && { host }), ...(roles && { databaseRoles: roles }) };
      const requestBody = { project, instance, name: user, password, ...more };
      await changeInstance(
        google,
        args,
        `creating database user ${user}`,
        async () => (await api.users.insert({ project, instance, requestBody })).data,
      );
      return { name: user };
    },
  });
}

/** Gives the user this password and waits until it holds. */
export async function setUserPassword(google: Google, args: UserArgs & { password: string } & WaitOptions): Promise<void> {
  const api = await google.apis.sqladmin();
  const { project, instance, user, host, password } = args;
  const at = { project, instance, name: user, ...(host && { host }) };
  await changeInstance(
    google,
    args,
    `setting the password of database user ${user}`,
    async () => (await api.users.update({ ...at, requestBody: { name: user, password } })).data,
  );
}

/** Deletes the user; one that is not there is fine. Google refuses while it owns anything in a database. */
export async function deleteUser(google: Google, args: UserArgs & WaitOptions): Promise<void> {
  if ((await getUser(google, args)) === undefined) return;
  const api = await google.apis.sqladmin();
  const { project, instance, user, host } = args;
  try {
    await changeInstance(
      google,
      args,
      `deleting database user ${user}`,
      async () => (await api.users.delete({ project, instance, name: user, ...(host && { host }) })).data,
    );
  } catch (error) {
    // A first call had its effect, and its answer was lost.
    if (!isNotFound(error)) throw error;
  }
}
