import type { ApiTable, TypeTable } from './discovery-table.ts';
import { snakeCase } from './schema-names.ts';
import type { Json } from './service.ts';
import { GoogleError } from './service.ts';

/** What `fields=` asks for: names with what is wanted of each. An empty tree means all of it; `*` stands for every name. */
export interface Selection {
  [name: string]: Selection;
}

/**
 * Reads the `fields` parameter: `a,b/c,items(id,name/first),*`. Throws 400 where it cannot be read.
 * https://docs.cloud.google.com/storage/docs/json_api#partial-response
 */
export function parseSelection(text: string): Selection {
  const tokens = text.match(/[^,/()\s]+|[,/()]/g) ?? [];
  let at = 0;
  const invalid = (): GoogleError =>
    new GoogleError({
      code: 400,
      message: `Invalid field selection ${text}`,
      reason: 'invalidParameter',
      locationType: 'parameter',
      location: 'fields',
    });
  const list = (depth: number): Selection => {
    if (depth > 50) throw invalid();
    const selection: Selection = Object.create(null);
    for (;;) {
      const path = element(depth);
      merge(selection, path.name, path.of);
      if (tokens[at] !== ',') return selection;
      at++;
    }
  };
  const element = (depth: number): { name: string; of: Selection } => {
    const name = tokens[at++];
    if (name === undefined || /^[,/()]$/.test(name)) throw invalid();
    if (tokens[at] === '/') {
      at++;
      const inner = element(depth + 1);
      return { name, of: Object.assign(Object.create(null), { [inner.name]: inner.of }) };
    }
    if (tokens[at] !== '(') return { name, of: Object.create(null) };
    at++;
    const of = list(depth + 1);
    if (tokens[at++] !== ')') throw invalid();
    return { name, of };
  };
  const selection = list(0);
  if (at !== tokens.length) throw invalid();
  return selection;
}

function merge(into: Selection, name: string, of: Selection): void {
  const known = into[name];
  if (known === undefined) into[name] = of;
  // All of it beats a part of it.
  else if (Object.keys(known).length > 0 && Object.keys(of).length > 0)
    for (const [inner, rest] of Object.entries(of)) merge(known, inner, rest);
  else into[name] = Object.create(null);
}

/** Throws 400 where the selection names what the answer's schema does not have. */
export function checkSelection(selection: Selection, typeOfAnswer: TypeTable | undefined, document: ApiTable, path = ''): void {
  const type = typeOfAnswer?.ref ? document.schemas[typeOfAnswer.ref] : typeOfAnswer;
  if (!type || Object.keys(selection).length === 0) return;
  if (type.items) checkSelection(selection, type.items, document, path);
  if (!type.properties || Object.keys(type.properties).length === 0) return;
  for (const [name, of] of Object.entries(selection)) {
    if (name === '*') continue;
    const property = Object.hasOwn(type.properties, name) ? type.properties[name] : undefined;
    if (!property) throw unknownField(path ? `${path}.${snakeCase(name)}` : snakeCase(name));
    checkSelection(of, property, document, path ? `${path}.${snakeCase(name)}` : snakeCase(name));
  }
}

function unknownField(path: string): GoogleError {
  return new GoogleError({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'Request contains an invalid argument.',
    reason: 'invalidParameter',
    locationType: 'parameter',
    location: 'fields',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [
          { field: path, description: `Error expanding 'fields' parameter. Cannot find matching fields for path '${path}'.` },
        ],
      },
    ],
  });
}

/** The selected part of an answer. */
export function select(value: Json, selection: Selection): Json {
  if (Object.keys(selection).length === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => select(item, selection));
  const picked: { [key: string]: Json } = {};
  for (const [name, item] of Object.entries(value)) {
    const of = selection[name] ?? selection['*'];
    if (of !== undefined) picked[name] = select(item, of);
  }
  return picked;
}
