import type { CommandGroup, CommandSpec } from './command.ts';

/** Every command, in the order of `--help`: that of the journey. */
export const commands: Array<CommandSpec | CommandGroup> = [];
