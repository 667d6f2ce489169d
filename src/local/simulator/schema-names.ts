import type { TypeTable } from './discovery-table.ts';

/** `maxInstanceRequestConcurrency` → `max_instance_request_concurrency`: the names that Google's messages use. */
export function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Google's front end takes the names of the protos as well: `repository_id`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The number of an enum's value. */
export function enumNumber(type: TypeTable, name: string): number | undefined {
  const place = type.enum?.indexOf(name) ?? -1;
  return place < 0 ? undefined : (type.numbers?.[place] ?? place);
}

/** The name of an enum's number. */
export function enumName(type: TypeTable, number: number): string | undefined {
  const place = type.numbers ? type.numbers.indexOf(number) : number;
  return type.enum?.[place];
}

const WRAPPERS: Record<string, string> = {
  'google-datetime': 'Timestamp',
  'date-time': 'Timestamp',
  'google-duration': 'Duration',
  'google-fieldmask': 'FieldMask',
};

/** How Google's messages name a type: `TYPE_INT32`, `type.googleapis.com/google.protobuf.Duration`. */
export function typeName(
  type: { type?: string; format?: string; ref?: string; enum?: string[] },
  api: string,
  version: string,
  field: string,
): string {
  const wrapper = WRAPPERS[type.format ?? ''];
  if (wrapper) return `type.googleapis.com/google.protobuf.${wrapper}`;
  if (type.enum)
    return `type.googleapis.com/google.cloud.${api}.${version}.${field.charAt(0).toUpperCase()}${camelCase(field).slice(1)}`;
  if (type.ref) return `type.googleapis.com/google.cloud.${api}.${version}.${type.ref}`;
  if (type.format === 'byte') return 'TYPE_BYTES';
  if (type.type === 'boolean') return 'TYPE_BOOL';
  if (type.type === 'integer' || type.type === 'number')
    return `TYPE_${(type.format ?? (type.type === 'integer' ? 'int32' : 'double')).toUpperCase()}`;
  if (/^u?int64$/.test(type.format ?? '')) return `TYPE_${type.format?.toUpperCase()}`;
  return 'TYPE_STRING';
}
