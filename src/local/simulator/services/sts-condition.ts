import type { Json, JsonObject } from '../service.ts';
import { isObject } from './masks.ts';

/** A CEL expression outside of what is understood here. */
export class UnknownExpression extends Error {}

const TEXT = `'[^']*'|"[^"]*"`;
const FIELD = '(?:assertion|google|attribute)(?:\\.\\w+|\\[(?:' + TEXT + ')\\])+';
const COMPARISON = new RegExp(`^(${FIELD})\\s*(==|!=)\\s*(${TEXT}|true|false|\\d+)$`);
const MEMBERSHIP = new RegExp(`^(${FIELD})\\s+in\\s+\\[((?:\\s*(?:${TEXT})\\s*,?)*)\\]$`);
const MATCH = new RegExp(`^(${FIELD})\\.(startsWith|endsWith|contains)\\((${TEXT})\\)$`);

/**
 * Whether an attribute condition holds, in the part of CEL that such conditions use: `==`, `!=`, `in […]`, `startsWith`, `endsWith`
 * and `contains`, joined by `&&` and `||`. https://docs.cloud.google.com/iam/docs/workload-identity-federation#conditions
 * @param scope `{assertion, google, attribute}`
 * @throws UnknownExpression
 */
export function holds(condition: string, scope: JsonObject): boolean {
  return condition.split('||').some((part) => part.split('&&').every((term) => termHolds(term.trim(), scope)));
}

function termHolds(term: string, scope: JsonObject): boolean {
  const [, field = '', operator, wanted = ''] = COMPARISON.exec(term) ?? MATCH.exec(term) ?? [];
  if (operator !== undefined) {
    const value = String(evaluate(field, scope) ?? '');
    const text = plain(wanted);
    if (operator === '==' || operator === '!=') return (value === text) === (operator === '==');
    if (operator === 'contains') return value.includes(text);
    return operator === 'startsWith' ? value.startsWith(text) : value.endsWith(text);
  }
  const [, member = '', items = ''] = MEMBERSHIP.exec(term) ?? [];
  if (member === '') throw new UnknownExpression(term);
  return [...items.matchAll(new RegExp(TEXT, 'g'))].some(([item]) => plain(item) === String(evaluate(member, scope) ?? ''));
}

/** The value of a mapping: a field such as `assertion.sub` or `assertion['kubernetes.io'].pod`. @throws UnknownExpression */
export function evaluate(expression: string, scope: JsonObject): Json | undefined {
  if (!new RegExp(`^${FIELD}$`).test(expression.trim())) throw new UnknownExpression(expression);
  const steps = [...expression.trim().matchAll(new RegExp(`\\w+|(${TEXT})`, 'g'))].map(([step, quoted]) =>
    quoted === undefined ? step : plain(quoted),
  );
  return steps.reduce<Json | undefined>((node, step) => (isObject(node) ? node[step] : undefined), scope);
}

function plain(text: string): string {
  return text.replace(/^(['"])(.*)\1$/s, '$2');
}
