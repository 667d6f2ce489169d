import type { Json, JsonObject } from '../service.ts';
import type { Filter } from './logging-filter-parse.ts';
import { isObject } from './masks.ts';
import { invalidField } from './refusals.ts';

const SEVERITIES = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY'];
const TIMES = new Set(['timestamp', 'receiveTimestamp']);

/** Whether an entry fits. A comparison with a field that an entry lacks is false. */
export function fitsFilter(entry: JsonObject, filter: Filter): boolean {
  if ('all' in filter) return filter.all.every((one) => fitsFilter(entry, one));
  if ('any' in filter) return filter.any.some((one) => fitsFilter(entry, one));
  if ('not' in filter) return !fitsFilter(entry, filter.not);
  if ('text' in filter) return JSON.stringify(entry).toLowerCase().includes(filter.text.toLowerCase());
  const { path, operator, values, every } = filter;
  const field = valueAt(entry, path);
  const holds = (value: string) => compare(field, operator, value, path.at(-1) ?? '');
  return every ? values.every(holds) : values.some(holds);
}

function valueAt(entry: JsonObject, path: string[]): Json | undefined {
  if (path[0] === 'log_id' || path[0] === 'logName' || path[0] === 'log_name') {
    const name = String(entry['logName'] ?? '');
    return path[0] === 'log_id' ? decodeURIComponent(name.replace(/^.*\/logs\//, '')) : name;
  }
  const first = path[0] === 'severity' && entry['severity'] === undefined ? { ...entry, severity: 'DEFAULT' } : entry;
  return path.reduce<Json | undefined>((node, step) => (isObject(node) ? (node[step] ?? node[camel(step)]) : undefined), first);
}

function camel(step: string): string {
  return step.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function compare(field: Json | undefined, operator: string, value: string, name: string): boolean {
  if (field === undefined || field === null) return false;
  if (Array.isArray(field)) return field.some((item) => compare(item, operator, value, name));
  if (operator === ':') return has(field, value);
  if (operator === '=~' || operator === '!~') return new RegExp(value).test(String(field)) === (operator === '=~');
  const order = orderOf(field, value, name);
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order >= 0;
  }
}

function has(field: Json, value: string): boolean {
  if (value === '*') return true;
  if (isObject(field)) return value in field;
  return String(field).toLowerCase().includes(value.toLowerCase());
}

/** Less than zero where the field comes before the value: severities by rank, times by time, numbers by size, texts whatever their case. */
function orderOf(field: Json, value: string, name: string): number {
  if (name === 'severity') return rank(String(field)) - rank(value);
  if (TIMES.has(camel(name))) {
    const time = timeKey(value);
    if (time === undefined) throw invalidField('filter', `Unparseable filter: invalid timestamp ${JSON.stringify(value)}`);
    return textOrder(timeKey(String(field)) ?? '', time);
  }
  if (typeof field === 'number') return field - Number(value);
  return textOrder(String(field).toLowerCase(), value.toLowerCase());
}

function textOrder(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function rank(severity: string): number {
  const place = SEVERITIES.indexOf(severity.toUpperCase());
  if (place < 0 && !/^\d+$/.test(severity)) throw invalidField('filter', `Unparseable filter: unknown severity ${severity}`);
  return place < 0 ? Number(severity) / 100 : place;
}

/** A time as text of one length that sorts by time, to the nanosecond; undefined for what is none. */
export function timeKey(text: string): string | undefined {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? '';
  return `${new Date(at).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}
