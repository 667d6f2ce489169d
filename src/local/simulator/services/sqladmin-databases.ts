import type { Call, Handler, JsonObject, OperationKind, Sim } from '../service.ts';
import { invalidRequest, notFound } from './sqladmin-errors.ts';
import { checkRunning } from './sqladmin-instances.ts';
import { doAtOnce, startOperation, withInstance } from './sqladmin-operations.ts';
import { connectionName, type InstanceRecord, instanceOf, keyOf, link } from './sqladmin-records.ts';
import { runtimeOf, translated } from './sqladmin-runtime.ts';
import { isPostgres } from './sqladmin-versions.ts';

interface DatabaseRecord {
  name: string;
  charset: string;
  collation: string;
  etag: string;
}

const KIND = 'sqladmin.databases';
const SYSTEM = { postgres: ['postgres'], mysql: ['mysql', 'information_schema', 'performance_schema', 'sys'] };
/** There, but never listed. */
const TEMPLATES = ['template0', 'template1', 'cloudsqladmin'];

/** https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/databases */
export const databaseMethods: Record<string, Handler> = {
  'sql.databases.insert': insert,
  'sql.databases.get': (call, sim) => {
    const instance = instanceOf(call, sim);
    return show(call.version, instance, databaseOf(call, sim, instance));
  },
  'sql.databases.list': (call, sim) => {
    const instance = instanceOf(call, sim);
    const items = sim.store
      .list<DatabaseRecord>(KIND, `${keyOf(instance)}/`)
      .map(({ value }) => show(call.version, instance, value));
    return { kind: 'sql#databasesList', ...(items.length > 0 ? { items } : {}) };
  },
  'sql.databases.patch': change,
  'sql.databases.update': change,
  'sql.databases.delete': (call, sim) => {
    const instance = instanceOf(call, sim);
    const { name } = databaseOf(call, sim, instance);
    checkRunning(instance);
    if (isSystem(instance, name)) throw invalidRequest(`failed to delete database "${name}": it is a system database.`);
    return startOperation(call, sim, {
      kind: 'deleteDatabase',
      type: 'DELETE_DATABASE',
      instance,
      target: `databases/${name}`,
      data: { name },
    });
  },
};

/** How the long operations on databases end. */
export const databaseEffects: Record<string, OperationKind> = {
  updateDatabase: {
    usual: 'sql.databases',
    finish: (operation, sim) =>
      withInstance(operation, sim, async (instance) => {
        const { name, charset, collation } = operation.data as { name: string; charset?: string; collation?: string };
        const before = find(sim, instance, name);
        const changed = { ...(charset && { charset }), ...(collation && { collation }) };
        await translated(runtimeOf(sim)?.createDatabase(connectionName(instance), { name, ...changed }));
        if (before) save(sim, instance, { ...before, ...changed });
      }),
  },
  deleteDatabase: {
    usual: 'sql.databases',
    finish: (operation, sim) =>
      withInstance(operation, sim, async (instance) => {
        const name = String(operation.data['name']);
        await translated(runtimeOf(sim)?.dropDatabase(connectionName(instance), name));
        sim.store.delete(KIND, `${keyOf(instance)}/${name}`);
      }),
  },
};

/** Writes down the databases that every new instance has. */
export function createSystemDatabases(sim: Sim, instance: InstanceRecord): void {
  const postgres = isPostgres(instance.databaseVersion);
  for (const name of postgres ? SYSTEM.postgres : SYSTEM.mysql) save(sim, instance, { name, ...encoding(instance), etag: '' });
}

async function insert(call: Call, sim: Sim): Promise<JsonObject> {
  const instance = instanceOf(call, sim);
  const { name, charset, collation } = call.body as { name?: string; charset?: string; collation?: string };
  checkName(name);
  checkRunning(instance);
  if (find(sim, instance, name) || TEMPLATES.includes(name)) {
    const detail = isPostgres(instance.databaseVersion)
      ? `pq: database "${name}" already exists`
      : `Error 1007: Can't create database '${name}'; database exists`;
    throw invalidRequest(`failed to create database ${name}. Detail: ${detail}.`);
  }
  const usual = encoding(instance, charset);
  checkCollation(instance, charset ?? usual.charset, collation);
  const database = { name, charset: charset ?? usual.charset, collation: collation ?? usual.collation, etag: '' };
  const work = { type: 'CREATE_DATABASE', instance, target: `databases/${name}` };
  return doAtOnce(call, sim, 'sql.databases', work, async () => {
    await translated(
      runtimeOf(sim)?.createDatabase(connectionName(instance), {
        name,
        ...(charset ? { charset } : {}),
        ...(collation ? { collation } : {}),
      }),
    );
    save(sim, instance, database);
  });
}

function change(call: Call, sim: Sim): JsonObject {
  const instance = instanceOf(call, sim);
  const { name, charset, collation } = { ...databaseOf(call, sim, instance), ...call.body } as DatabaseRecord;
  checkRunning(instance);
  if (isPostgres(instance.databaseVersion))
    throw invalidRequest('The character set and the collation of a PostgreSQL database cannot be changed.');
  const data = { name: String(call.params['database'] ?? name), charset, collation };
  return startOperation(call, sim, {
    kind: 'updateDatabase',
    type: 'UPDATE_DATABASE',
    instance,
    target: `databases/${data.name}`,
    data,
  });
}

function checkName(name: string | undefined): asserts name is string {
  if (name === undefined || name === '') throw invalidRequest('Missing parameter: name.');
  if (Buffer.byteLength(name) > 63 || name.includes('\0') || name.includes('/'))
    throw invalidRequest(`Invalid database name: ${JSON.stringify(name)}.`);
}

function isSystem(instance: InstanceRecord, name: string): boolean {
  return (isPostgres(instance.databaseVersion) ? SYSTEM.postgres : SYSTEM.mysql).includes(name);
}

/** In MySQL a collation belongs to one character set, whose name it begins with. */
function checkCollation(instance: InstanceRecord, charset: string, collation: string | undefined): void {
  if (isPostgres(instance.databaseVersion) || collation === undefined || collation === 'binary') return;
  const own = charset.toLowerCase() === 'utf8' ? ['utf8', 'utf8mb3'] : [charset.toLowerCase()];
  if (own.some((name) => collation.toLowerCase().startsWith(`${name}_`))) return;
  throw invalidRequest(`Collation ${collation} is not valid for character set ${charset}.`);
}

/** The character set and collation that a database has when none is asked for. */
function encoding(instance: InstanceRecord, charset?: string): { charset: string; collation: string } {
  if (isPostgres(instance.databaseVersion)) return { charset: 'UTF8', collation: 'en_US.UTF8' };
  const used = charset ?? (instance.databaseVersion < 'MYSQL_8_0' ? 'utf8' : 'utf8mb4');
  return { charset: used, collation: used === 'utf8mb4' ? 'utf8mb4_0900_ai_ci' : `${used}_general_ci` };
}

function find(sim: Sim, instance: InstanceRecord, name: string): DatabaseRecord | undefined {
  return sim.store.get<DatabaseRecord>(KIND, `${keyOf(instance)}/${name}`);
}

function databaseOf(call: Call, sim: Sim, instance: InstanceRecord): DatabaseRecord {
  const database = find(sim, instance, String(call.params['database']));
  if (!database) throw notFound();
  return database;
}

function save(sim: Sim, instance: InstanceRecord, database: DatabaseRecord): void {
  sim.store.put(KIND, `${keyOf(instance)}/${database.name}`, { ...database, etag: sim.id(64) });
}

function show(version: string, instance: InstanceRecord, database: DatabaseRecord): JsonObject {
  return {
    kind: 'sql#database',
    ...database,
    instance: instance.name,
    selfLink: link(version, instance.project, `instances/${instance.name}/databases/${database.name}`),
    project: instance.project,
  };
}
