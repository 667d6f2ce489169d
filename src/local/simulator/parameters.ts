import type { Method } from './discovery.ts';
import type { ParameterTable } from './discovery-table.ts';
import type { Family } from './error-form.ts';
import { badRequest } from './error-form.ts';
import { readScalar } from './scalars.ts';
import { camelCase, snakeCase, typeName } from './schema-names.ts';
import type { ParamValue } from './service.ts';
import { GoogleError } from './service.ts';

/** Known at every method, whatever its document says. https://docs.cloud.google.com/apis/docs/system-parameters */
const SYSTEM = new Set(
  [
    'alt',
    'callback',
    'fields',
    'key',
    'prettyPrint',
    'quotaUser',
    'userIp',
    'uploadType',
    'upload_protocol',
    'access_token',
    'oauth_token',
  ]
    .flatMap((name) => [name, `$${name}`])
    .concat('$.xgafv', '$apiVersion', '$req', '$ct', 'pp', 'bearer_token', 'passwd', '$userProject', '$unique', 'trace'),
);

/**
 * The path and query parameters of a request, by their discovery names and typed. Throws the 400 of Google's front end for an
 * unknown one and for a value of another type.
 */
export function readParameters(
  method: Method,
  pathValues: Record<string, string>,
  query: URLSearchParams,
  family: Family,
): Record<string, ParamValue> {
  const { parameters } = method.table;
  const values: Record<string, ParamValue> = {};
  for (const [name, text] of Object.entries(pathValues)) {
    if (text.includes('\0'))
      throw badRequest([
        { field: snakeCase(name), description: `Invalid value at '${snakeCase(name)}' (TYPE_STRING), it holds a NUL.` },
      ]);
    values[name] = readValue(method, name, text, parameters[name], family);
  }
  const unknown: string[] = [];
  for (const name of new Set(query.keys())) {
    if (SYSTEM.has(name)) continue;
    const proper = properName(parameters, name, family);
    const table = proper === undefined ? undefined : parameters[proper];
    if (proper === undefined || table?.in !== 'query') unknown.push(name);
    else values[proper] = readAll(method, proper, query.getAll(name), table, family);
  }
  // Cloud Storage overlooks what it does not know.
  if (unknown.length > 0 && family !== 'classic')
    throw badRequest(unknown.map((name) => ({ description: unknownParameter(name) })));
  requireAll(parameters, values);
  return values;
}

export function unknownParameter(name: string): string {
  return `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`;
}

function properName(parameters: Record<string, ParameterTable>, name: string, family: Family): string | undefined {
  if (Object.hasOwn(parameters, name)) return name;
  const camel = camelCase(name);
  return family !== 'classic' && Object.hasOwn(parameters, camel) ? camel : undefined;
}

function readAll(method: Method, name: string, texts: string[], table: ParameterTable, family: Family): ParamValue {
  if (table.repeated) return texts.map((text) => String(readValue(method, name, text, table, family)));
  return readValue(method, name, texts.at(-1) ?? '', table, family);
}

function readValue(
  method: Method,
  name: string,
  text: string,
  table: ParameterTable | undefined,
  family: Family,
): string | number | boolean {
  if (!table) return text;
  // Google's Python tools write True and False.
  const plain = table.type === 'boolean' ? text.toLowerCase() : text;
  const value = readScalar(plain, table.type, table.format);
  const place = table.enum && /^\d+$/.test(text) ? table.enum[Number(text)] : undefined;
  if (place !== undefined && family !== 'classic') return place;
  if (value === undefined || (table.enum && !table.enum.includes(text))) throw invalidValue(method, name, text, table, family);
  return value;
}

function invalidValue(method: Method, name: string, text: string, table: ParameterTable, family: Family): GoogleError {
  if (family === 'classic') {
    return new GoogleError({
      code: 400,
      message: `Invalid value for ${table.enum ? 'enum' : table.type}: ${text}`,
      reason: 'invalidParameter',
      locationType: 'parameter',
      location: name,
    });
  }
  const field = snakeCase(name);
  const type = typeName(table, method.api, method.version, name);
  return badRequest([{ field, description: `Invalid value at '${field}' (${type}), ${JSON.stringify(text)}` }]);
}

function requireAll(parameters: Record<string, ParameterTable>, values: Record<string, ParamValue>): void {
  for (const [name, table] of Object.entries(parameters)) {
    const value = values[name];
    if (!table.required || (value !== undefined && value !== '')) continue;
    const message = `Required parameter: ${name}`;
    throw new GoogleError({ code: 400, message, reason: 'required', locationType: 'parameter', location: name });
  }
}
