/** The values and names that a user gives to one option. `V` is what a command gets. */
export interface Option<V> {
  kind: 'switch' | 'value' | 'list';
  description: string;
  /** What stands for the value in `--help`, without brackets: `cidr`. Switches have none. */
  placeholder?: string;
  /** One letter, for the few options that are typed often. */
  short?: string;
  choices?: readonly string[];
  /** Its variable, where another command has a flag of this name that means something else: who sets that one does not mean this. */
  variable?: string;
  /** The value when neither flag nor environment nor file has one. */
  default?: V;
  /** Turns one given text into one value; throws {@link InvalidValue}. */
  parse(text: string): unknown;
}

/** Options by their name in camel case: `allowIp` is the flag `--allow-ip` and the variable `MLFLOW_GCP_ALLOW_IP`. */
// biome-ignore lint/suspicious/noExplicitAny: options of different types stand in one table, and each keeps its own type.
export type OptionTable = Record<string, Option<any>>;
export type OptionValues<T extends OptionTable> = { [K in keyof T]: T[K] extends Option<infer V> ? V : never };

/** Thrown by parsers: what was expected, as the end of a sentence ("expected a whole number from 0 to 65535"). */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
}

type Parse<T> = (text: string) => T;

/** An option that is given or not: `--dry-run`. */
export function toggle(description: string, more: { short?: string; variable?: string } = {}): Option<boolean> {
  return { kind: 'switch', description, default: false, parse: parseSwitch, ...more };
}

/** An option with a value: `value('number', 'Port to listen on', { parse: wholeNumber(0, 65535), default: 0 })`. */
export function value(placeholder: string, description: string, more?: { variable?: string }): Option<string | undefined>;
export function value(placeholder: string, description: string, more: { default: string }): Option<string>;
export function value<T>(placeholder: string, description: string, more: { parse: Parse<T>; default: T }): Option<T>;
export function value<T>(placeholder: string, description: string, more: { parse: Parse<T> }): Option<T | undefined>;
export function value(placeholder: string, description: string, more: object = {}): Option<unknown> {
  return { kind: 'value', placeholder, description, parse: nonEmpty, ...more };
}

/** An option that takes one of a few words. */
export function choice<const C extends string>(
  placeholder: string,
  choices: readonly C[],
  description: string,
): Option<C | undefined>;
export function choice<const C extends string>(
  placeholder: string,
  choices: readonly C[],
  description: string,
  more: { default: NoInfer<C> },
): Option<C>;
export function choice(placeholder: string, choices: readonly string[], description: string, more: object = {}): Option<unknown> {
  return { kind: 'value', placeholder, description, choices, parse: oneOf(choices), ...more };
}

/** An option that may be given several times, with several values each, or with commas: `--allow-ip A B`, `--allow-ip A,B`. */
export function list(placeholder: string, description: string): Option<string[]>;
export function list<T>(placeholder: string, description: string, more: { parse: Parse<T> }): Option<T[]>;
export function list(placeholder: string, description: string, more: object = {}): Option<unknown[]> {
  return { kind: 'list', placeholder, description, default: [], parse: nonEmpty, ...more };
}

/** A whole number in a range, both ends included. */
export function wholeNumber(least: number, most: number): Parse<number> {
  return (text) => {
    const number = Number(text);
    // Digits alone: "-0" is no size that somebody means.
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidValue(`expected a whole number from ${least} to ${most}`);
  };
}

/** A number greater than zero, such as 0.5 or 1000. */
export function positiveNumber(text: string): number {
  const number = Number(text);
  // Number() also takes "0x10" and " 5 ", which nobody means either.
  if (/^(?:\d+\.?\d*|\.\d+)$/.test(text) && Number.isFinite(number) && number > 0) return number;
  throw new InvalidValue('expected a number greater than zero');
}

/** Makes a parser of a validator that says true or what is wrong, as questions have them. */
export function checked(validate: (text: string) => true | string): Parse<string> {
  return (text) => {
    const verdict = validate(text);
    if (verdict === true) return text;
    throw new InvalidValue(verdict);
  };
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidValue('expected a value that is not empty');
  return text;
}

function oneOf(choices: readonly string[]): Parse<string> {
  return (text) => {
    if (choices.includes(text)) return text;
    throw new InvalidValue(`expected one of ${choices.join(', ')}`);
  };
}

/** What a switch may be set to in the environment. */
function parseSwitch(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (['1', 'true', 'yes'].includes(word)) return true;
  if (['0', 'false', 'no'].includes(word)) return false;
  throw new InvalidValue('expected 1, true or yes, or else 0, false or no');
}
