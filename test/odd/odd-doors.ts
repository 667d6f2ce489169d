import { VARIABLES } from '../../scripts/docs-variables.ts';
import type { CommandSpec } from '../../src/commands/command.ts';
import { commands } from '../../src/commands/list.ts';
import { globalOptions } from '../../src/settings/global-options.ts';
import { envName, flagName } from '../../src/settings/names.ts';
import type { Option } from '../../src/settings/option.ts';
import { pick } from '../support/chances.ts';
import { configPaths, fileWithOddValue, oddFile } from './odd-files.ts';
import { oddBytes, oddText } from './odd-texts.ts';

type Chance = () => number;

/** One run of the program with something odd in it. */
export interface OddRun {
  /** Where the odd value went in: `init --tier`, `MLFLOW_GCP_TIER`, `database.tier of mlflow-gcp.yaml`. */
  door: string;
  args: string[];
  env?: Record<string, string>;
  /** mlflow-gcp.yaml of the folder it runs in. */
  file?: Buffer;
  stdin?: Buffer;
  /** The odd value itself, where it is one that may not be shown. */
  secret?: string;
}
export type Door = (chance: Chance) => OddRun;

interface Command {
  spec: CommandSpec;
  words: string[];
}

const every: Command[] = commands.flatMap((spec) =>
  'commands' in spec
    ? spec.commands.filter(({ hidden }) => !hidden).map((one) => ({ spec: one, words: [spec.name, one.name] }))
    : [{ spec, words: [spec.name] }],
);

/** Arguments that a command must have, so that it comes as far as its options. */
function needed({ spec }: Command): string[] {
  return (spec.args ?? []).filter(({ required = true }) => required).map(() => 'tracking_password');
}
const FORMS = [['--json'], [], ['--verbose'], ['--quiet'], ['--json', '--verbose']];
/** With nobody to ask, and either no agreement or nothing but a plan: whatever the value, nothing is to be made. */
function tail({ spec }: Command, chance: Chance): string[] {
  // With a good value this one would serve, until it is told to end.
  const plan = spec.name === 'simulator' ? [['--dry-run']] : [['--no-input'], ['--no-input', '--yes', '--dry-run']];
  return [...pick(plan, chance), ...pick(FORMS, chance)];
}

function doorsOfOptions(command: Command): Door[] {
  const { words, spec } = command;
  return Object.entries({ ...globalOptions, ...spec.options }).flatMap(([key, option]: [string, Option<unknown>]): Door[] => [
    (chance) => {
      const text = oddText(chance);
      const flag = pick(
        [[`${flagName(key)}=${text}`], option.kind === 'switch' ? [flagName(key), text] : [flagName(key), text]],
        chance,
      );
      return {
        door: `${words.join(' ')} ${flagName(key)}`,
        args: [...words, ...needed(command), ...flag, ...tail(command, chance)],
      };
    },
    (chance) => ({
      door: `${words.join(' ')} with ${envName(key, option)}`,
      args: [...words, ...needed(command), ...tail(command, chance)],
      env: { [envName(key, option)]: oddText(chance) },
    }),
  ]);
}

function doorsOfArguments(command: Command): Door[] {
  return (command.spec.args ?? []).map(({ name }) => (chance) => ({
    door: `${command.words.join(' ')} <${name}>`,
    args: [...command.words, oddText(chance), ...tail(command, chance)],
  }));
}

const readers = every.filter(({ spec }) => spec.readsFile !== false);
const READER_TAILS = [['--no-input'], ['--no-input', '--dry-run', '--yes']];

const fileDoors: Door[] = [
  ...configPaths().map(
    (keys): Door =>
      (chance) => ({
        door: `${keys.join('.')} of mlflow-gcp.yaml`,
        ...ofReader(chance),
        file: fileWithOddValue(keys, chance),
      }),
  ),
  ...Array.from({ length: 8 }, (): Door => (chance) => ({ door: 'mlflow-gcp.yaml', ...ofReader(chance), file: oddFile(chance) })),
];

function ofReader(chance: Chance): { args: string[] } {
  const command = pick(readers, chance);
  return { args: [...command.words, ...needed(command), ...pick(READER_TAILS, chance), ...pick(FORMS, chance)] };
}

/** What each of the other variables is read by. */
const READ_BY: Record<string, string[]> = {
  MLFLOW_GCP_HOME: ['local', 'status'],
  MLFLOW_GCP_CACHE: ['local', 'status'],
  MLFLOW_GCP_PYTHON: ['model', '--tracking-uri', 'http://127.0.0.1:9'],
  XDG_DATA_HOME: ['local', 'status'],
  XDG_CACHE_HOME: ['model', '--tracking-uri', 'http://127.0.0.1:9', '--dry-run'],
  XDG_STATE_HOME: ['local', 'status'],
  MLFLOW_TRACKING_USERNAME: ['model', '--tracking-uri', 'http://127.0.0.1:9'],
  MLFLOW_TRACKING_PASSWORD: ['model', '--tracking-uri', 'http://127.0.0.1:9'],
};
const SECRET = ['MLFLOW_TRACKING_PASSWORD', 'CLOUDSDK_AUTH_ACCESS_TOKEN', 'HTTPS_PROXY'];

const variableDoors: Door[] = VARIABLES.flatMap(({ rows }) => rows).map(
  ([name]): Door =>
    (chance) => {
      const value = harmless(name, oddText(chance));
      return {
        door: name,
        args: [...(READ_BY[name] ?? ['connect', '--no-check']), '--no-input', ...pick(FORMS, chance)],
        env: { [name]: value },
        ...(SECRET.includes(name) && { secret: value }),
      };
    },
);

/** Tests speak to this machine alone: no proxy elsewhere, no way past the simulator, and no looking for other credentials. */
function harmless(name: string, text: string): string {
  if (name === 'HTTPS_PROXY') return URL.canParse(`http://${text}`) || URL.canParse(text) ? `ftp://user:${text}@` : text;
  // How much lies in it is counted.
  if (/^(?:MLFLOW_GCP_HOME|XDG_)/.test(name) && /^\/|\.\.|^\.|^~/.test(text)) return '/';
  if (name === 'CLOUDSDK_AUTH_ACCESS_TOKEN' && text.trim() === '') return 'x y';
  return name === 'NO_PROXY' ? text.replaceAll('*', 'x') : text;
}

/** Values that are read from a pipe; none of them may be seen again. */
const pipeDoors: Door[] = [
  (chance) => piped('init --password-file -', ['init', '--no-input', '--yes', '--password-file', '-', '--dry-run'], chance),
  ...['tracking_password', 'tracking_username', 'tracking_url', 'database_url', 'artifact_url'].map(
    (name): Door =>
      (chance) =>
        piped(`secrets set ${name}`, ['secrets', 'set', name, '--no-input', '--dry-run'], chance),
  ),
];

function piped(door: string, args: string[], chance: Chance): OddRun {
  const stdin = oddBytes(chance);
  return { door, args: [...args, ...pick(FORMS, chance)], stdin, secret: stdin.toString('utf8') };
}

/** Nonsense in place of a command, and a lone odd word behind each. */
const commandDoors: Door[] = [
  ...Array.from({ length: 4 }, (): Door => (chance) => ({ door: '<command>', args: [oddText(chance), ...pick(FORMS, chance)] })),
  ...every.map(
    (command): Door =>
      (chance) => ({
        door: `${command.words.join(' ')} …`,
        args: [...command.words, `x${oddText(chance)}`, oddText(chance), ...tail(command, chance)],
      }),
  ),
];

/** Every place where a value goes into the program, from the command tree, the config's schema and the list of variables. */
export const doors: Record<string, Door[]> = {
  options: every.flatMap(doorsOfOptions),
  arguments: every.flatMap(doorsOfArguments),
  file: fileDoors,
  variables: variableDoors,
  pipe: pipeDoors,
  commands: commandDoors,
};
