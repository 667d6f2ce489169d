import type { Deps } from '../deps.ts';
import { UsageError } from '../errors.ts';
import { envName, flagName } from './names.ts';
import { InvalidValue, type Option, type OptionTable, type OptionValues } from './option.ts';

const MOST_FAULTS = 20;

/** Where a value came from, by the name a user knows: `--project`, `MLFLOW_GCP_PROJECT`, a file's path, or `default`. */
export type Origin = string;

export interface ResolvedOptions<T extends OptionTable> {
  values: OptionValues<T>;
  origins: Record<keyof T, Origin>;
}

/** What stood on the command line, by option: undefined where the flag was not given. */
export type GivenFlags = (key: string, option: Option<unknown>) => boolean | string | string[] | undefined;

/**
 * Gives each option its value: the flag's, else that of `MLFLOW_GCP_<FLAG>`, else the default. An empty variable counts as none.
 * Throws one {@link UsageError} (INVALID_VALUE) that names every value that is not as it should be, and where it came from.
 */
export function resolveOptions<T extends OptionTable>(table: T, given: GivenFlags, env: Deps['env']): ResolvedOptions<T> {
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  const faults: string[] = [];
  for (const [key, option] of Object.entries(table)) {
    const source = sourceOf(key, option, given, env);
    origins[key] = source.origin;
    values[key] = source.texts === undefined ? option.default : parseAll(option, source.texts, source.origin, faults);
  }
  if (faults.length > 0) throw invalidValues(faults);
  return { values: values as OptionValues<T>, origins: origins as Record<keyof T, Origin> };
}

/** The one error for values that are not as they should be; `faults` are sentences that each name their origin. */
export function invalidValues(faults: string[]): UsageError {
  return new UsageError({
    code: 'INVALID_VALUE',
    message: firstOf([...new Set(faults)]).join('\n'),
    hint: 'Correct the value and run the command again; --help lists what each option takes.',
  });
}

/** As many as a person mends at once: a list of a hundred thousand commas has as many faults. */
function firstOf(faults: string[]): string[] {
  return faults.length <= MOST_FAULTS ? faults : [...faults.slice(0, MOST_FAULTS), `And ${faults.length - MOST_FAULTS} more.`];
}

function sourceOf(
  key: string,
  option: Option<unknown>,
  given: GivenFlags,
  env: Deps['env'],
): { origin: Origin; texts?: string[] } {
  const flag = given(key, option);
  if (flag !== undefined)
    return { origin: flagName(key), texts: typeof flag === 'boolean' ? [String(flag)] : [flag].flat().flatMap(split) };
  const name = envName(key, option);
  const text = env[name];
  if (text !== undefined && text.trim() !== '') return { origin: name, texts: split(text) };
  return { origin: 'default' };

  function split(given: string): string[] {
    return option.kind === 'list' ? given.split(',').map((part) => part.trim()) : [given];
  }
}

function parseAll(option: Option<unknown>, texts: string[], origin: Origin, faults: string[]): unknown {
  const parsed: unknown[] = [];
  for (const text of texts) {
    try {
      parsed.push(option.parse(text));
    } catch (error) {
      if (!(error instanceof InvalidValue)) throw error;
      faults.push(`${origin} is ${JSON.stringify(text)}: ${error.message}.`);
    }
  }
  return option.kind === 'list' ? parsed : parsed[0];
}
