import { globalOptions } from '../../settings/global-options.ts';
import { flagName } from '../../settings/names.ts';
import type { OptionTable } from '../../settings/option.ts';
import type { CommandGroup, CommandSpec } from '../command.ts';

/** A flag as shells need it. */
export interface CompletedFlag {
  /** `--with` */
  long: string;
  /** `-y` */
  short?: string;
  description: string;
  /** May be given several times. */
  many: boolean;
  /** Undefined for a flag without a value. */
  value?: { placeholder: string; kind: 'words' | 'file' | 'folder' | 'text'; words: readonly string[] };
}

/** A place on the command line: the words that lead to it, and what may follow. */
export interface CompletedCommand {
  /** Empty for the program itself. */
  path: string[];
  below: Array<{ name: string; summary: string }>;
  flags: CompletedFlag[];
  /** Whether words that are no commands may follow. */
  takesArguments: boolean;
}

const HELP: CompletedFlag = { long: '--help', short: '-h', description: 'print help', many: false };
const VERSION: CompletedFlag = { long: '--version', short: '-V', description: 'print the version', many: false };
const HELP_COMMAND = { name: 'help', summary: 'Print help on a command' };

/** Every place where something can be completed: the program first, then its commands and theirs, hidden ones left out. */
export function completionTree(commands: Array<CommandSpec | CommandGroup>): CompletedCommand[] {
  const everywhere = [...flagsOf(globalOptions), HELP];
  const shown = commands.filter(isShown);
  const place = (path: string[], more: Partial<CompletedCommand>): CompletedCommand => ({
    path,
    below: [],
    flags: everywhere,
    takesArguments: false,
    ...more,
  });
  const ofCommand = (spec: CommandSpec, above: string[]): CompletedCommand =>
    place([...above, spec.name], {
      flags: [...flagsOf(spec.options), ...everywhere],
      takesArguments: (spec.args ?? []).length > 0,
    });
  return [
    place([], { below: [...shown.map(naming), HELP_COMMAND], flags: [...everywhere, VERSION] }),
    place([HELP_COMMAND.name], { below: shown.map(naming) }),
    ...shown.flatMap((spec) => {
      if (!('commands' in spec)) return [ofCommand(spec, [])];
      const below = spec.commands.filter(isShown);
      return [place([spec.name], { below: below.map(naming) }), ...below.map((one) => ofCommand(one, [spec.name]))];
    }),
  ];
}

function isShown(spec: CommandSpec | CommandGroup): boolean {
  return !('hidden' in spec && spec.hidden);
}

function naming({ name, summary }: CommandSpec | CommandGroup): { name: string; summary: string } {
  return { name, summary };
}

function flagsOf(table: OptionTable): CompletedFlag[] {
  return Object.entries(table).map(([key, option]) => ({
    long: flagName(key),
    ...(option.short !== undefined && { short: `-${option.short}` }),
    description: option.description,
    many: option.kind === 'list',
    ...(option.kind !== 'switch' && { value: takenValue(option.placeholder ?? 'value', option.choices ?? []) }),
  }));
}

function takenValue(placeholder: string, words: readonly string[]): NonNullable<CompletedFlag['value']> {
  if (words.length > 0) return { placeholder, kind: 'words', words };
  return { placeholder, kind: placeholder === 'file' || placeholder === 'folder' ? placeholder : 'text', words };
}
