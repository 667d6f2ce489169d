import type { Json, JsonObject, ParamValue } from '../service.ts';
import { badRequest } from './refusals.ts';

/**
 * Whether a resource fits a list filter, in the part of Google's filter language that clients use: terms like `labels.a=b`,
 * `state:ENABLED`, `name:wine` (contains) and `NOT x=y`, joined by spaces or `AND`; `OR` binds tighter, as AIP-160 has it.
 * https://google.aip.dev/160
 * @throws GoogleError 400 for what cannot be read
 */
export function fits(resource: JsonObject, filter: ParamValue): boolean {
  const text = String(filter ?? '').trim();
  if (text === '') return true;
  return text
    .replace(/[()]/g, ' ')
    .trim()
    .split(/\s+AND\s+|(?<!\bOR|\bNOT)\s+(?!OR\b)/)
    .every((group) => group.split(/\s+OR\s+/).some((term) => fitsTerm(resource, term)));
}

function fitsTerm(resource: JsonObject, term: string): boolean {
  const [, not, path, operator, quoted] = /^(NOT\s+|-)?([\w.-]+)\s*(!=|=|:)\s*(.*)$/.exec(term.trim()) ?? [];
  if (path === undefined || operator === undefined || quoted === undefined) {
    if (/^[\w-]+$/.test(term)) return String(resource['name'] ?? '').includes(term);
    throw badRequest(`The filter ${JSON.stringify(term)} cannot be read.`);
  }
  const value = valueAt(resource, path);
  const wanted = quoted.replace(/^"(.*)"$/, '$1');
  const hit = operator === ':' ? has(value, wanted) : String(value ?? '') === wanted;
  return hit === (not === undefined && operator !== '!=') || (operator === '!=' && not !== undefined && hit);
}

function valueAt(resource: JsonObject, path: string): Json | undefined {
  return path
    .split('.')
    .map((step) => step.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
    .reduce<Json | undefined>(
      (node, step) => (typeof node === 'object' && node !== null && !Array.isArray(node) ? node[step] : undefined),
      resource,
    );
}

function has(value: Json | undefined, wanted: string): boolean {
  if (value === undefined || value === null) return false;
  if (wanted === '*') return true;
  if (typeof value === 'object') return wanted in value;
  return String(value).toLowerCase().includes(wanted.toLowerCase());
}
