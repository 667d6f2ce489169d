import type { ApiTable, TypeTable } from '../../src/local/simulator/discovery-table.ts';
import { readScalar } from '../../src/local/simulator/scalars.ts';

/** Where an answer is not as its method's schema says: unknown fields, other types, values outside of enums. Empty: it fits. */
export function misfits(value: unknown, declared: TypeTable, document: ApiTable, at = ''): string[] {
  const type = declared.ref ? document.schemas[declared.ref] : declared;
  if (!type || type.type === 'any' || value === undefined) return [];
  if (value === null) return [`${at} is null`];
  if (type.items) {
    if (!Array.isArray(value)) return [`${at} is no list: ${shown(value)}`];
    return value.flatMap((item, place) => misfits(item, type.items as TypeTable, document, `${at}[${place}]`));
  }
  if (type.map || type.properties) {
    if (typeof value !== 'object' || Array.isArray(value)) return [`${at} is no object: ${shown(value)}`];
    return Object.entries(value).flatMap(([name, item]) => misfit(name, item, type, document, at ? `${at}.${name}` : name));
  }
  return scalarFits(value, type)
    ? []
    : [`${at} is no ${type.enum ? 'value of its enum' : [type.type, type.format].filter(Boolean).join(' ')}: ${shown(value)}`];
}

function misfit(name: string, item: unknown, type: TypeTable, document: ApiTable, at: string): string[] {
  if (type.map) return misfits(item, type.map, document, at);
  const property = Object.hasOwn(type.properties ?? {}, name) ? type.properties?.[name] : undefined;
  if (property) return misfits(item, property, document, at);
  return Object.keys(type.properties ?? {}).length === 0 ? [] : [`${at} is not in the schema`];
}

function scalarFits(value: unknown, type: TypeTable): boolean {
  if (type.enum) return typeof value === 'string' && type.enum.includes(value);
  const read = readScalar(value, type.type, type.format);
  // 64-bit integers are texts in answers, the others numbers.
  return read !== undefined && typeof read === typeof value;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 80);
}
