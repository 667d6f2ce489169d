import type { Step, StepOptions, Ui } from './ui.ts';

/** One line of the log: a step that began or ended, or the command that it belongs to. */
export interface StepLine {
  /** The command's words, without values: `secrets rotate`. */
  command: string;
  /** Tells runs at the same time apart. */
  run: string;
  event: 'begun' | 'ended' | 'failed';
  step?: string;
  /** Id of the resource in the plan. */
  resource?: string | undefined;
  /** What was planned for it: create, update, delete. */
  action?: string | undefined;
  outcome?: string | undefined;
  ms?: number;
  /** Code of the error. */
  error?: string;
}

/** Takes what {@link StepLine} says of a step; the command's own words are known to it. */
export type WriteStep = (line: Omit<StepLine, 'command' | 'run'>) => void;

/** The same Ui, which also writes each step down as it begins and as it ends. `codeOf`: the code of what a step threw. */
export function loggedUi(ui: Ui, write: WriteStep, codeOf: (error: unknown) => string): Ui {
  const logged = async <T>(title: string, options: StepOptions<T>, show: () => Promise<T>): Promise<T> => {
    const line = { step: title, resource: options.resource, action: options.action };
    const begun = performance.now();
    const ms = (): number => Math.round(performance.now() - begun);
    write({ ...line, event: 'begun' });
    try {
      const value = await show();
      write({ ...line, event: 'ended', outcome: options.outcome?.(value), ms: ms() });
      return value;
    } catch (error) {
      write({ ...line, event: 'failed', ms: ms(), error: codeOf(error) });
      throw error;
    }
  };
  const step = <T>(title: string, work: (step: Step) => Promise<T>, options: StepOptions<T> = {}): Promise<T> =>
    logged(title, options, () => ui.step(title, work, options));
  return {
    ...ui,
    step,
    steps: (work) =>
      ui.steps((group) =>
        work({ run: (title, run, options = {}) => logged(title, options, () => group.run(title, run, options)) }),
      ),
  };
}
