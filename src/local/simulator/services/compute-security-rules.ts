import { isIP } from 'node:net';
import type { Json, JsonObject } from '../service.ts';
import { invalidValue, required } from './compute-errors.ts';
import { isObject } from './masks.ts';

/** The priority of the rule that decides when no other fits. */
export const DEFAULT_PRIORITY = 2147483647;
const MOST_RANGES = 10;
const MOST_EXPRESSION = 2048;
const MOST_SUBEXPRESSIONS = 5;
const ACTION = /^(allow|deny\((403|404|429|502)\)|redirect|throttle|rate_based_ban|goto_next|deny|fairshare)$/;

/** What Google adds where no rule is given. */
export const ALLOW_ALL: JsonObject = {
  action: 'allow',
  description: 'default rule',
  match: { config: { srcIpRanges: ['*'] }, versionedExpr: 'SRC_IPS_V1' },
  priority: DEFAULT_PRIORITY,
};

/** Rules with what Google fills in, in the order of its answers, which says nothing about which comes first. @throws GoogleError 400 */
export function completeRules(rules: JsonObject[]): JsonObject[] {
  const complete = rules.map((rule, place) => completeRule(rule, `resource.rules[${place}]`));
  const priorities = complete.map((rule) => Number(rule['priority']));
  const twice = priorities.findIndex((priority, place) => priorities.indexOf(priority) !== place);
  if (twice >= 0) throw samePriority(`resource.rules[${twice}].priority`, priorities[twice]);
  const last = complete.find((rule) => rule['priority'] === DEFAULT_PRIORITY);
  if (!last) {
    const why = `There must be a default rule, with priority ${DEFAULT_PRIORITY}, that matches everything.`;
    throw invalidValue('resource.rules', '', why);
  }
  const ranges = rangesOf(last);
  if (ranges && (ranges.length !== 1 || ranges[0] !== '*'))
    throw invalidValue('resource.rules.match', ranges.join(', '), "The match of the default rule must be '*'.");
  // Google lists them by their priorities as texts: 111111111 comes before 555.
  return complete.sort((one, other) => (String(one['priority']) < String(other['priority']) ? -1 : 1));
}

export function samePriority(field: string, priority: unknown) {
  return invalidValue(field, String(priority), 'Cannot have rules with the same priorities.');
}

/** One rule with what Google fills in. @param field where it stands @throws GoogleError 400 */
export function completeRule(rule: JsonObject, field: string): JsonObject {
  const priority = rule['priority'] ?? 0;
  if (Number(priority) < 0)
    throw invalidValue(`${field}.priority`, String(priority), `Must be between 0 and ${DEFAULT_PRIORITY}.`);
  checkAction(rule, field);
  checkMatch(rule, field);
  return { kind: 'compute#securityPolicyRule', description: '', preview: false, ...rule, priority };
}

function checkAction(rule: JsonObject, field: string): void {
  const action = rule['action'];
  if (action === undefined || action === null || action === '') throw required(`${field}.action`);
  if (!ACTION.test(String(action))) throw invalidValue(`${field}.action`, action, 'It is not a valid action.');
  const limited = action === 'throttle' || action === 'rate_based_ban' || action === 'fairshare';
  const limits = rule['rateLimitOptions'];
  if (limited !== isObject(limits)) {
    if (limited) throw required(`${field}.rateLimitOptions`);
    throw invalidValue(`${field}.rateLimitOptions`, limits, `It cannot be set for the action ${action}.`);
  }
  if (isObject(limits)) checkLimits(limits, String(action), `${field}.rateLimitOptions`);
  if (action === 'redirect' && !isObject(rule['redirectOptions'])) throw required(`${field}.redirectOptions`);
}

function checkLimits(limits: JsonObject, action: string, field: string): void {
  const threshold = limits['rateLimitThreshold'];
  if (action !== 'fairshare' && !isObject(threshold)) throw required(`${field}.rateLimitThreshold`);
  if (limits['conformAction'] !== undefined && limits['conformAction'] !== 'allow')
    throw invalidValue(`${field}.conformAction`, limits['conformAction'], "Must be 'allow'.");
  if (!/^(deny\((403|404|429|502)\)|redirect)$/.test(String(limits['exceedAction'])))
    throw invalidValue(`${field}.exceedAction`, limits['exceedAction'], "Must be 'deny(STATUS)' or 'redirect'.");
  const ban = limits['banDurationSec'];
  if ((action === 'rate_based_ban') !== (ban !== undefined && ban !== 0)) {
    if (action === 'rate_based_ban') throw required(`${field}.banDurationSec`);
    throw invalidValue(`${field}.banDurationSec`, String(ban), 'It is for the action rate_based_ban alone.');
  }
}

function rangesOf(rule: JsonObject): string[] | undefined {
  const match = rule['match'];
  const config = isObject(match) ? match['config'] : undefined;
  return isObject(config) && Array.isArray(config['srcIpRanges']) ? (config['srcIpRanges'] as string[]) : undefined;
}

function checkMatch(rule: JsonObject, field: string): void {
  const match = rule['match'];
  if (!isObject(match)) {
    if (isObject(rule['networkMatch'])) return;
    throw required(`${field}.match`);
  }
  const expression = match['expr'];
  if (isObject(expression)) {
    if (match['versionedExpr'] !== undefined || match['config'] !== undefined)
      throw invalidValue(`${field}.match`, 'expr, versionedExpr', 'Only one of expr and versionedExpr can be set.');
    checkExpression(expression['expression'], `${field}.match.expr.expression`);
    return;
  }
  if (match['versionedExpr'] !== 'SRC_IPS_V1') throw required(`${field}.match.versionedExpr`);
  checkRanges(rangesOf(rule), `${field}.match.config.srcIpRanges`);
}

function checkRanges(ranges: string[] | undefined, field: string): void {
  if (!ranges || ranges.length === 0) throw required(field);
  if (ranges.length > MOST_RANGES)
    throw invalidValue(
      field,
      ranges.join(', '),
      `A rule may have at most ${MOST_RANGES} IP address ranges; it has ${ranges.length}.`,
    );
  for (const [place, range] of ranges.entries()) {
    if (!isRange(range)) throw invalidValue(`${field}[${place}]`, range, 'Must be a valid IP address range.');
  }
}

function isRange(range: string): boolean {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const version = isIP(address);
  return range === '*' || (version !== 0 && Number(length ?? 0) <= (version === 4 ? 32 : 128));
}

/** Not parsed, only looked over: length, closed quotes and brackets, the number of parts. https://docs.cloud.google.com/armor/docs/rules-language-reference */
function checkExpression(expression: Json | undefined, field: string): void {
  if (typeof expression !== 'string' || expression.trim() === '') throw required(field);
  if (expression.length > MOST_EXPRESSION)
    throw invalidValue(field, `${expression.slice(0, 40)}…`, `An expression may have at most ${MOST_EXPRESSION} characters.`);
  const bare = expression.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, '');
  let open = 0;
  for (const sign of bare) {
    if ('([{'.includes(sign)) open++;
    if (')]}'.includes(sign) && --open < 0) break;
  }
  if (open !== 0 || /['"]/.test(bare)) throw invalidValue(field, expression, 'Error in expression: Syntax error.');
  if (bare.split(/&&|\|\|/).length > MOST_SUBEXPRESSIONS)
    throw invalidValue(field, expression, `An expression may have at most ${MOST_SUBEXPRESSIONS} subexpressions.`);
}
