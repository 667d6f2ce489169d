import type { Deps } from '../deps.ts';
import { makeAsk } from './ask.ts';
import { renderBlocks } from './blocks.ts';
import type { Modes } from './modes.ts';
import { makePaint } from './paint.ts';
import { plainSteps, silentSteps } from './plain-steps.ts';
import { readable } from './readable.ts';
import type { Step, StepOptions, Ui } from './ui.ts';

/** How a form shows one step; several may run at once. */
export type ShowSteps = <T>(title: string, work: (step: Step) => Promise<T>, options: StepOptions<T>) => Promise<T>;

/** Makes the Ui of the form that was decided. `commandLine` is what was typed, from the program's name on. */
export async function makeUi(deps: Deps, modes: Modes, commandLine: string[]): Promise<Ui> {
  const { stderr } = deps;
  const paint = makePaint(modes.color.stderr);
  const show = await stepsOf(deps, modes);
  const talks = !modes.quiet && modes.form !== 'json';
  return {
    interactive: modes.interactive,
    ask: makeAsk({
      modes,
      commandLine,
      prompter: async () => (await import('./prompts.ts')).makePrompter(deps, modes.color.stderr),
      say: (text) => {
        stderr.write(renderBlocks([{ kind: 'text', text }], { columns: columnsOf(stderr), paint }));
      },
    }),
    step: (title, work, options = {}) => show(title, work, options),
    steps: (work) => work({ run: (title, step, options = {}) => show(title, step, options) }),
    preview: (blocks) => {
      if (talks) stderr.write(renderBlocks(blocks, { columns: columnsOf(stderr), paint }));
    },
    note: (text) => {
      if (talks) stderr.write(`${readable(text)}\n`);
    },
    warn: (text) => {
      stderr.write(`${paint.careful('Warning:')} ${readable(text)}\n`);
    },
    debug: (text) => {
      if (modes.verbose) stderr.write(`${paint.dim(readable(text))}\n`);
    },
  };
}

/** The width to lay out for: a terminal's own; otherwise none, so that programs and files get whole lines. */
export function columnsOf(stream: { isTTY?: boolean; columns?: number }): number | undefined {
  return stream.isTTY ? Math.max(20, stream.columns || 80) : undefined;
}

async function stepsOf(deps: Deps, modes: Modes): Promise<ShowSteps> {
  if (modes.quiet || modes.form === 'json') return silentSteps;
  // Some terminals, those of `script` and of containers for one, are 0 columns wide: the spinner would count lines without end.
  if (modes.form === 'plain' || !deps.stderr.columns) return plainSteps(deps.stderr);
  const { terminalSteps } = await import('./terminal-steps.ts');
  return terminalSteps(deps.stderr, makePaint(modes.color.stderr), modes.color.stderr);
}
