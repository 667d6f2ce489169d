import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { findAccount } from './iam-accounts.ts';
import { invalidRequest, notFound } from './sqladmin-errors.ts';
import { checkRunning } from './sqladmin-instances.ts';
import { doAtOnce } from './sqladmin-operations.ts';
import { connectionName, type InstanceRecord, instanceOf, keyOf } from './sqladmin-records.ts';
import { runtimeOf, wordsOf } from './sqladmin-runtime.ts';
import { isPostgres } from './sqladmin-versions.ts';

/** A user, without its password: that goes to the database and nowhere else. */
interface UserRecord {
  name: string;
  host: string;
  type?: string;
  databaseRoles?: string[];
  etag: string;
}

const KIND = 'sqladmin.users';
const IAM_SUFFIX = '.gserviceaccount.com';

/** https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/users */
export const userMethods: Record<string, Handler> = {
  'sql.users.insert': insert,
  'sql.users.list': (call, sim) => {
    const instance = instanceOf(call, sim);
    checkRunning(instance);
    const items = listUsers(sim, instance).map((user) => show(instance, user));
    return { kind: 'sql#usersList', ...(items.length > 0 ? { items } : {}) };
  },
  'sql.users.get': (call, sim) => {
    const instance = instanceOf(call, sim);
    checkRunning(instance);
    return show(instance, userOf(call, sim, instance));
  },
  'sql.users.update': update,
  'sql.users.delete': remove,
};

/** Writes down the administrator that every new instance has. */
export function createRootUser(sim: Sim, instance: InstanceRecord): void {
  save(sim, instance, { name: isPostgres(instance.databaseVersion) ? 'postgres' : 'root', host: '', etag: '' });
}

async function insert(call: Call, sim: Sim): Promise<JsonObject> {
  const instance = instanceOf(call, sim);
  const { name, host, password, type, databaseRoles } = call.body as {
    name?: string;
    host?: string;
    password?: string;
    type?: string;
    databaseRoles?: string[];
  };
  if (!name) throw invalidRequest('Missing parameter: name.');
  checkRunning(instance);
  const postgres = isPostgres(instance.databaseVersion);
  checkIam(sim, instance, type, name, password);
  if (name.length > (postgres ? 63 : 32)) throw invalidRequest(`Invalid user name: ${name} is too long.`);
  const user: UserRecord = {
    name,
    host: postgres ? '' : (host ?? '%'),
    ...(type && type !== 'BUILT_IN' ? { type } : {}),
    ...(databaseRoles?.length ? { databaseRoles } : {}),
    etag: '',
  };
  if (postgres && (name === 'cloudsqladmin' || name.startsWith('pg_')))
    throw invalidRequest(`failed to create user "${name}": the name is reserved.`);
  if (sim.store.get(KIND, key(instance, user)))
    throw invalidRequest(`failed to create user "${name}": ${postgres ? 'role' : 'user'} "${name}" already exists`);
  return doAtOnce(call, sim, 'sql.users', { type: 'CREATE_USER', instance }, async () => {
    await setUser(sim, instance, { name, host: user.host, password, roles: databaseRoles });
    save(sim, instance, user);
  });
}

async function update(call: Call, sim: Sim): Promise<JsonObject> {
  const instance = instanceOf(call, sim);
  checkRunning(instance);
  const user = userOf(call, sim, instance);
  const { password } = call.body as { password?: string };
  const roles = call.params['databaseRoles'] as string[] | undefined;
  const kept = call.params['revokeExistingRoles'] === true ? [] : (user.databaseRoles ?? []);
  const databaseRoles = [...new Set([...kept, ...(roles ?? [])])];
  return doAtOnce(call, sim, 'sql.users', { type: 'UPDATE_USER', instance }, async () => {
    if (password !== undefined || roles?.length)
      await setUser(sim, instance, { name: user.name, host: user.host, password, roles: databaseRoles });
    save(sim, instance, { ...user, ...(databaseRoles.length > 0 ? { databaseRoles } : {}) });
  });
}

async function remove(call: Call, sim: Sim): Promise<JsonObject> {
  const instance = instanceOf(call, sim);
  checkRunning(instance);
  const user = userOf(call, sim, instance);
  if (isPostgres(instance.databaseVersion) && user.name === 'postgres')
    throw invalidRequest('failed to delete user "postgres": it is the default user.');
  return doAtOnce(call, sim, 'sql.users', { type: 'DELETE_USER', instance }, async () => {
    const dropped = runtimeOf(sim)?.dropUser(connectionName(instance), { name: user.name, host: user.host });
    await refused(dropped, `failed to delete user "${user.name}"`);
    sim.store.delete(KIND, key(instance, user));
  });
}

interface DatabaseUser {
  name: string;
  host: string;
  password: string | undefined;
  roles: string[] | undefined;
}

async function setUser(sim: Sim, instance: InstanceRecord, { name, host, password, roles }: DatabaseUser): Promise<void> {
  const done = runtimeOf(sim)?.setUser(connectionName(instance), {
    name,
    host,
    ...(password === undefined ? {} : { password }),
    ...(roles?.length ? { roles } : {}),
  });
  await refused(done, `failed to create user "${name}"`);
}

/** What the database itself refuses (a user that owns tables, say) is the client's 400, in the database's words. */
async function refused(work: Promise<void> | undefined, what: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GoogleError) throw error;
    throw invalidRequest(`${what}: ${wordsOf(error)}`);
  }
}

/** IAM users need the flag, have no password, and PostgreSQL knows a service account without its last domain. */
function checkIam(
  sim: Sim,
  instance: InstanceRecord,
  type: string | undefined,
  name: string,
  password: string | undefined,
): void {
  if (type === undefined || type === 'BUILT_IN') return;
  if (!type.startsWith('CLOUD_IAM_'))
    throw invalidRequest(`Users of type ${type} are not supported for ${instance.databaseVersion}.`);
  const flags = (instance.settings['databaseFlags'] ?? []) as Array<{ name: string; value: string }>;
  const postgres = isPostgres(instance.databaseVersion);
  const flag = postgres ? 'cloudsql.iam_authentication' : 'cloudsql_iam_authentication';
  if (!flags.some((one) => one.name === flag && one.value === 'on')) {
    throw invalidRequest(`failed to create user "${name}": role "cloudsqliamuser" does not exist.`);
  }
  if (password) throw invalidRequest('IAM users cannot have a password.');
  if (type === 'CLOUD_IAM_SERVICE_ACCOUNT' && postgres) {
    if (name.endsWith(IAM_SUFFIX))
      throw invalidRequest(`Database username for Cloud IAM service account should be created without "${IAM_SUFFIX}" suffix.`);
    if (!findAccount(sim, name + IAM_SUFFIX)) throw invalidRequest(`The service account ${name}${IAM_SUFFIX} does not exist.`);
  }
}

function listUsers(sim: Sim, instance: InstanceRecord): UserRecord[] {
  return sim.store.list<UserRecord>(KIND, `${keyOf(instance)}/`).map(({ value }) => value);
}

/** By name and host; where no host fits, by name alone if that is clear. */
function userOf(call: Call, sim: Sim, instance: InstanceRecord): UserRecord {
  const named = listUsers(sim, instance).filter((user) => user.name === call.params['name']);
  // The administrator's host reads as an empty one, and answers to % as well.
  const hosts = call.params['host'] === '%' ? ['%', ''] : [call.params['host'] ?? ''];
  const user = named.find(({ host }) => hosts.includes(host)) ?? (named.length === 1 ? named[0] : undefined);
  if (!user) throw notFound('The Cloud SQL user does not exist.');
  return user;
}

function key(instance: InstanceRecord, user: UserRecord): string {
  return `${keyOf(instance)}/${user.name}@${user.host}`;
}

function save(sim: Sim, instance: InstanceRecord, user: UserRecord): void {
  sim.store.put(KIND, key(instance, user), { ...user, etag: sim.id(64) });
}

function show(instance: InstanceRecord, user: UserRecord): JsonObject {
  const iam = user.type?.startsWith('CLOUD_IAM_') === true;
  return {
    kind: 'sql#user',
    ...user,
    project: instance.project,
    instance: instance.name,
    iamStatus: iam ? 'ACTIVE' : 'IAM_STATUS_UNSPECIFIED',
    ...(iam ? { iamEmail: user.type === 'CLOUD_IAM_SERVICE_ACCOUNT' ? `${user.name}${IAM_SUFFIX}` : user.name } : {}),
    ...(iam ? {} : { passwordPolicy: { status: {} } }),
  };
}
