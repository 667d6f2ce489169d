import type { CommandResult } from '../ui/ui.ts';
import type { Context } from './command.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { completionTree } from './completion/tree.ts';
import { zshScript } from './completion/zsh.ts';
import { commands } from './list.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Prints the script that completes this version's commands. It stands for itself: Tab does not start the program. */
export async function run(_context: Context<Record<string, never>>, shell: keyof typeof SCRIPTS): Promise<CommandResult> {
  const script = SCRIPTS[shell](completionTree(commands));
  return { data: { shell, script }, show: [{ kind: 'verbatim', text: script }] };
}
