import type { CommandGroup, CommandSpec } from './command.ts';
import { completionCommand } from './completion.ts';
import { connectCommand } from './connect.ts';
import { deployCommand } from './deploy.ts';
import { destroyCommand } from './destroy.ts';
import { initCommand } from './init.ts';
import { localCommand } from './local.ts';
import { modelCommand } from './model.ts';
import { secretsCommand } from './secrets.ts';
import { simulatorCommand } from './simulator.ts';
import { statusCommand } from './status.ts';

/** Every command, in the order of `--help`: that of the journey. */
export const commands: Array<CommandSpec | CommandGroup> = [
  initCommand,
  deployCommand,
  modelCommand,
  connectCommand,
  secretsCommand,
  statusCommand,
  destroyCommand,
  localCommand,
  simulatorCommand,
  completionCommand,
];
