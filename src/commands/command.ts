import type { Deps } from '../deps.ts';
import type { OptionTable, OptionValues } from '../settings/option.ts';
import type { Origin } from '../settings/resolve-options.ts';
import type { Settings } from '../settings/settings.ts';
import type { CommandResult, Ui } from '../ui/ui.ts';

/**
 * How a command is written: two files. `status.ts` says what the command takes and imports nothing heavy, because all of these
 * are loaded for `--help`; `status-action.ts` does the work and is loaded when the command runs.
 *
 *     // src/commands/status.ts
 *     export const statusOptions = {
 *       wait: toggle('wait until everything serves'),
 *       timeout: value('seconds', 'how long to wait', { parse: wholeNumber(1, 86_400), default: 600 }),
 *     };
 *     export const statusCommand: CommandSpec<typeof statusOptions> = {
 *       name: 'status',
 *       summary: 'Show every resource and its health',
 *       examples: ['mlflow-gcp status --wait'],
 *       options: statusOptions,
 *       load: () => import('./status/status-action.ts'),
 *     };
 *
 *     // src/commands/status-action.ts
 *     export async function run({ ui, settings, options }: Context<typeof statusOptions>): Promise<CommandResult> {
 *       const resources = await ui.step('Look at the resources', () => …);
 *       return { data: { resources }, show: [{ kind: 'table', head: […], rows: […] }] };
 *     }
 *
 * Then name the command in `src/commands/list.ts`. Flag, variable (`MLFLOW_GCP_TIMEOUT`), `--help`, `--json`, exit status, error
 * output and Ctrl-C follow from that. Fail by throwing a `UserError`; anything else is shown as a fault of the program.
 */
export interface CommandSpec<T extends OptionTable = OptionTable> {
  name: string;
  /** One line, as an order, without a full stop: "Show every resource and its health". */
  summary: string;
  /** Further sentences for `--help`. */
  details?: string;
  /** Command lines as a user types them, the most usual one first. */
  examples: string[];
  args?: Argument[];
  options: T;
  /** False leaves mlflow-gcp.yaml unread, so that a broken file does not get in the way. Default true. */
  readsFile?: boolean;
  /**
   * True for a command that stays in front and writes to `deps.stdout` line by line by itself (`simulator`, `local logs -f`). It returns
   * nothing, ends when `deps.signal` aborts (returning is status 0, throwing `deps.signal.reason` is 130), and may take as long
   * as it needs for that. Every other command is left behind a few seconds after Ctrl-C.
   */
  foreground?: boolean;
  /** True for what the program calls by itself: left out of `--help`. */
  hidden?: boolean;
  load(): Promise<CommandAction<T>>;
}

/** A command with commands below it: `secrets list`, `local start`. */
export interface CommandGroup {
  name: string;
  summary: string;
  examples: string[];
  commands: CommandSpec[];
}

export interface Argument {
  name: string;
  description: string;
  /** Default true. */
  required?: boolean;
  /** Takes all that follow. */
  many?: boolean;
}

export interface CommandAction<T extends OptionTable = OptionTable> {
  /** Does the work. What it returns is the result: `data` for `--json`, `show` for people. Only foreground commands return nothing. */
  run(context: Context<T>): Promise<CommandResult | undefined>;
}

export interface Context<T extends OptionTable = OptionTable> {
  deps: Deps;
  ui: Ui;
  /** The global flags, with environment and mlflow-gcp.yaml behind them. */
  settings: Settings;
  /** The command's own options: flag, else environment, else default. */
  options: OptionValues<T>;
  /** Where an option's value came from: `--tier`, `MLFLOW_GCP_TIER` or `default`. Lets mlflow-gcp.yaml come in before the default. */
  originOf(option: keyof T & string): Origin;
  /** Positional arguments, in order. */
  args: string[];
}
