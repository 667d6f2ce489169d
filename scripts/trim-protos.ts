/** A part of protobufjs' JSON: a package, a message, an enum, a service or an extension. https://github.com/protobufjs/protobuf.js#reflection */
interface Node {
  nested?: Record<string, Node>;
  fields?: Record<string, { type: string }>;
  values?: Record<string, number>;
  methods?: Record<string, { requestType: string; responseType: string; options?: Record<string, unknown> }>;
  extend?: string;
}

/** What may come in a field of any type, whatever else is named. https://protobuf.dev/reference/protobuf/google.protobuf/ */
const WELL_KNOWN = /^google\.(?:rpc|protobuf\.(?:Any|Duration|Empty|FieldMask|Timestamp|Struct|\w*Value))\b/;

/**
 * The descriptions of these services' messages alone. A file that Google ships describes every service and version of an API, and the
 * language of descriptions itself; at each start all of it is made into objects. `services`: full names; without any, all that are in it.
 */
export function trimProtos(root: Node, services?: string[]): Node {
  const units = unitsOf(root);
  const isRoot = (name: string, node: Node) =>
    (node.methods !== undefined && (services?.includes(name) ?? true)) || WELL_KNOWN.test(name);
  const roots = [...units].filter(([name, node]) => isRoot(name, node)).map(([name]) => name);
  const missing = (services ?? []).filter((name) => !roots.includes(name));
  if (missing.length > 0) throw new Error(`there is no ${missing.join(', ')} in these descriptions`);
  // A set that grows while it is gone through: what is named for the first time comes last.
  const kept = new Set(roots);
  for (const name of kept) {
    for (const type of namedIn(units.get(name) ?? {})) {
      const unit = unitOf(type, name, units);
      if (unit !== undefined) kept.add(unit);
    }
  }
  return only(root, kept, '');
}

/** Messages, enums and services by their full names; what stands inside of a message goes with it. */
function unitsOf(node: Node, prefix = ''): Map<string, Node> {
  const found = new Map<string, Node>();
  for (const [key, child] of Object.entries(node.nested ?? {})) {
    const name = prefix + key;
    // Extensions are those of the language of descriptions: their values stand in the options, written out.
    if (child.extend !== undefined) continue;
    if (child.fields || child.values || child.methods) found.set(name, child);
    else for (const [inner, unit] of unitsOf(child, `${name}.`)) found.set(inner, unit);
  }
  return found;
}

function namedIn(node: Node): string[] {
  const fields = Object.values(node.fields ?? {}).map(({ type }) => type);
  const methods = Object.values(node.methods ?? {}).flatMap(({ requestType, responseType, options }) => [
    requestType,
    responseType,
    // What a long-running operation ends with is named by an option.
    ...Object.entries(options ?? {}).flatMap(([key, value]) => (key.includes('operation_info') ? String(value) : [])),
  ]);
  return [...fields, ...methods, ...Object.values(node.nested ?? {}).flatMap(namedIn)];
}

/** A name is looked for in the scope that it stands in, then in those around it. https://protobuf.dev/programming-guides/proto3/#name-resolution */
function unitOf(type: string, scope: string, units: Map<string, Node>): string | undefined {
  const parts = scope.split('.');
  for (let depth = type.startsWith('.') ? 0 : parts.length; depth >= 0; depth--) {
    const full = [...parts.slice(0, depth), ...type.replace(/^\./, '').split('.')];
    for (let length = full.length; length > depth; length--) {
      const name = full.slice(0, length).join('.');
      if (units.has(name)) return name;
    }
  }
  return undefined;
}

function only(node: Node, kept: ReadonlySet<string>, prefix: string): Node {
  const nested = Object.entries(node.nested ?? {}).flatMap(([key, child]): Array<[string, Node]> => {
    const name = prefix + key;
    if (kept.has(name)) return [[key, child]];
    if (child.fields || child.values || child.methods || child.extend !== undefined) return [];
    const inner = only(child, kept, `${name}.`);
    return Object.keys(inner.nested ?? {}).length > 0 ? [[key, inner]] : [];
  });
  return { ...node, nested: Object.fromEntries(nested) };
}
