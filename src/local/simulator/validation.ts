import type { Method } from './discovery.ts';
import type { ApiTable, TypeTable } from './discovery-table.ts';
import type { Family } from './error-form.ts';
import { badRequest } from './error-form.ts';
import { readScalar } from './scalars.ts';
import { camelCase, enumName, snakeCase, typeName } from './schema-names.ts';
import type { Json, JsonObject } from './service.ts';

/** As deep as protocol buffers' own JSON reader goes. */
const DEEPEST = 100;

interface Context {
  document: ApiTable;
  strict: boolean;
  violations: Array<{ field?: string; description: string }>;
}

/**
 * A request body in canonical form: names in camel case, enum numbers as names, 64-bit integers as text, without the fields that
 * Google fills in itself and (but for the older APIs, whose PATCH clears by null) without nulls. Throws Google's 400 that lists
 * every field that is unknown or of another type.
 */
export function readBody(body: unknown, method: Method, family: Family): JsonObject {
  const { document, table } = method;
  const type = table.request ? document.schemas[table.request] : undefined;
  if (!type) return isObject(body) ? (body as JsonObject) : {};
  const context: Context = { document, strict: family !== 'classic', violations: [] };
  if (!isObject(body))
    throw badRequest([{ description: 'Invalid JSON payload received. Unknown name "": Root element must be a message.' }]);
  const keepNulls = family !== 'modern';
  const at = bodyName(method);
  const value = readObject(at === '' ? withoutParameters(body, method) : body, type, at, context, 0, keepNulls);
  if (context.violations.length > 0) throw badRequest(context.violations);
  return value;
}

/** The body that is the whole request message may repeat what is in the path (`parent`); the path counts. */
function withoutParameters(body: Record<string, unknown>, { table }: Method): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !Object.hasOwn(table.parameters, camelCase(name))));
}

/** The name under which a message speaks of the body: requests of their own are the whole message, resources are one field of it. */
function bodyName(method: Method): string {
  const name = method.table.request ?? '';
  if (name.endsWith('Request')) return '';
  if (method.api === 'sqladmin') return 'body';
  if (method.api === 'compute') return 'resource';
  return snakeCase(name.replace(/^Google[A-Za-z]*V\d+(?:beta\d+)?/, ''));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolve(type: TypeTable, document: ApiTable): TypeTable {
  const target = type.ref ? document.schemas[type.ref] : undefined;
  return target ? { ...target, ref: type.ref as string } : type;
}

function readObject(
  value: Record<string, unknown>,
  type: TypeTable,
  at: string,
  context: Context,
  depth: number,
  keepNulls: boolean,
): JsonObject {
  const result: JsonObject = {};
  const set = (name: string, item: Json | undefined): void => {
    // `__proto__` is a name like any other here.
    if (item !== undefined)
      Object.defineProperty(result, name, { value: item, enumerable: true, configurable: true, writable: true });
  };
  for (const [name, item] of Object.entries(value)) {
    if (type.map) {
      set(name, read(item, type.map, at ? `${at}[${name}]` : name, context, depth + 1, keepNulls));
      continue;
    }
    const proper = propertyName(type, name, context.strict);
    if (proper === undefined) {
      if (context.strict) unknownName(name, at, context);
      continue;
    }
    const property = (type.properties as Record<string, TypeTable>)[proper] as TypeTable;
    const field = snakeCase(proper);
    const known = read(item, property, at ? `${at}.${field}` : field, context, depth + 1, keepNulls);
    // An etag is Google's to make, but sent back it guards against a stale write.
    if (!property.readOnly || proper === 'etag') set(proper, known);
  }
  return result;
}

function propertyName(type: TypeTable, name: string, strict: boolean): string | undefined {
  const properties = type.properties ?? {};
  if (Object.hasOwn(properties, name)) return name;
  const camel = camelCase(name);
  return strict && Object.hasOwn(properties, camel) ? camel : undefined;
}

function unknownName(name: string, at: string, context: Context): void {
  const where = at ? ` at '${at}'` : '';
  context.violations.push({
    ...(at ? { field: at } : {}),
    description: `Invalid JSON payload received. Unknown name "${name}"${where}: Cannot find field.`,
  });
}

function read(
  value: unknown,
  declared: TypeTable,
  at: string,
  context: Context,
  depth: number,
  keepNulls: boolean,
): Json | undefined {
  if (depth > DEEPEST) {
    throw badRequest([
      { description: `Invalid JSON payload received. Message too deep. Max recursion depth reached for key '${at.slice(-40)}'` },
    ]);
  }
  if (value === null) return keepNulls || declared.type === 'any' ? null : undefined;
  const type = resolve(declared, context.document);
  if (type.items) return readList(value, type.items, at, context, depth, keepNulls);
  if (type.map || type.properties) {
    if (isObject(value)) return readObject(value, openType(type), at, context, depth, keepNulls);
    return invalid(value, type, at, context);
  }
  if (type.type === 'any' || type.type === undefined) return anything(value, at, depth);
  return readLeaf(value, type, at, context);
}

/** An object without any declared property (Struct, Any) takes whatever comes. */
function openType(type: TypeTable): TypeTable {
  return type.properties && Object.keys(type.properties).length === 0 && !type.ref ? { map: { type: 'any' } } : type;
}

function readList(
  value: unknown,
  items: TypeTable,
  at: string,
  context: Context,
  depth: number,
  keepNulls: boolean,
): Json | undefined {
  if (Array.isArray(value))
    return value.map((item, place) => read(item, items, `${at}[${place}]`, context, depth + 1, keepNulls) ?? null);
  const description = `Invalid value at '${at}' (${typeName(items, context.document.api, context.document.version, lastName(at))}), ${shown(value)}`;
  context.violations.push({ field: at, description });
  return undefined;
}

function readLeaf(value: unknown, type: TypeTable, at: string, context: Context): Json | undefined {
  if (type.enum) {
    const name = typeof value === 'number' ? enumName(type, value) : type.enum.find((known) => known === value);
    // The classic API takes texts that its document does not list (storage classes, for one).
    if (name === undefined && !(context.strict === false && typeof value === 'string')) return invalid(value, type, at, context);
    return name ?? (value as string);
  }
  const scalar = readScalar(value, type.type, type.format);
  return scalar === undefined ? invalid(value, type, at, context) : scalar;
}

function invalid(value: unknown, type: TypeTable, at: string, context: Context): undefined {
  const { api, version } = context.document;
  context.violations.push({
    field: at,
    description: `Invalid value at '${at}' (${typeName(type, api, version, lastName(at))}), ${shown(value)}`,
  });
  return undefined;
}

function anything(value: unknown, at: string, depth: number): Json {
  if (depth > DEEPEST)
    throw badRequest([
      { description: `Invalid JSON payload received. Message too deep. Max recursion depth reached for key '${at}'` },
    ]);
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) anything(item, at, depth + 1);
  return value as Json;
}

function shown(value: unknown): string {
  if (typeof value === 'object')
    return Array.isArray(value) ? 'Starting a list on a scalar field' : 'Starting an object on a scalar field';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function lastName(at: string): string {
  return at.split('.').at(-1)?.replace(/\[.*$/, '') ?? '';
}
