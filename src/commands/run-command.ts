import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { Deps } from '../deps.ts';
import { BugError, InterruptedError } from '../errors.ts';
import { openStepLog, type StepLog } from '../project/step-log.ts';
import { Flag } from '../settings/flag.ts';
import { globalOptions } from '../settings/global-options.ts';
import { misspeltVariables } from '../settings/misspelt.ts';
import { flagName } from '../settings/names.ts';
import type { Option } from '../settings/option.ts';
import { type GivenFlags, resolveOptions } from '../settings/resolve-options.ts';
import { resolveSettings, surprisingOrigin } from '../settings/settings.ts';
import { toFailure } from '../ui/failure.ts';
import { loggedUi, type StepLine } from '../ui/logged-ui.ts';
import { makeUi } from '../ui/make-ui.ts';
import { decideModes } from '../ui/modes.ts';
import { reportResult } from '../ui/report.ts';
import type { Ui } from '../ui/ui.ts';
import type { CommandSpec } from './command.ts';

/** How long a command that was interrupted may take to end its children and connections. */
const GRACE_MS = 5_000;

/**
 * Resolves options and settings, makes the Ui, runs the command and prints its result. Returns the exit status; rejects with
 * whatever the command or the checks before it threw. `commandLine` is what was typed, from the program's name on.
 */
export async function runCommand(
  spec: CommandSpec,
  command: Command,
  args: string[],
  deps: Deps,
  commandLine: string[],
): Promise<number> {
  const given = givenFlags(command);
  const globals = resolveOptions(globalOptions, given, deps.env);
  const own = resolveOptions(spec.options, given, deps.env);
  const settings = await resolveSettings(globals, deps, spec.readsFile ?? true);
  const modes = decideModes(settings, deps);
  const log = openStepLog(deps.env, deps.now);
  const codeOf = (error: unknown) => toFailure(error, deps.signal, commandLine).code;
  const about = { command: commandWords(command), run: randomBytes(4).toString('hex') };
  const ui = loggedUi(await makeUi(deps, modes, commandLine), (line) => log.write({ ...about, ...line }), codeOf);
  const surprise = surprisingOrigin(settings);
  if (surprise !== undefined) ui.warn(surprise);
  for (const slip of misspeltVariables(deps.env, everyVariable(command))) ui.warn(slip);
  const action = await spec.load();
  const originOf = (key: string) => own.origins[key] ?? 'default';
  const work = action.run({ deps, ui, settings, options: own.values, originOf, args });
  const result = await (spec.foreground ? work : endingWith(work, deps.signal)).catch((error: unknown) => {
    tellLog(log, ui, { ...about, event: 'failed', error: codeOf(error) });
    throw error;
  });
  if (result === undefined) {
    if (spec.foreground) return endOfForeground(deps.signal);
    throw new BugError(`The command ${spec.name} returned no result.`);
  }
  const failure = result.failure && toFailure(result.failure, deps.signal, commandLine);
  if (failure !== undefined) tellLog(log, ui, { ...about, event: 'failed', error: failure.code });
  await reportResult(result, failure, deps, modes);
  return failure?.status ?? 0;
}

/** Notes how the command ended where it had steps, and says where they are written down. */
function tellLog(log: StepLog, ui: Ui, line: StepLine): void {
  if (!log.used()) return;
  log.write(line);
  ui.note(`Each step is in ${log.file}`);
}

/** `secrets rotate`: no values, which may be anything. */
function commandWords(command: Command): string {
  const parent = command.parent?.parent == null ? '' : `${command.parent.name()} `;
  return `${parent}${command.name()}`;
}

/** A foreground command that ended because it was told to is done; one that a fault ended is not. */
function endOfForeground(signal: AbortSignal): number {
  const told = signal.reason instanceof InterruptedError || signal.reason?.code === 'EPIPE';
  if (signal.aborted && !told) throw signal.reason;
  return 0;
}

/** The variables of the whole program's options: one may be there for another command. */
function everyVariable(command: Command): string[] {
  let root = command;
  while (root.parent !== null) root = root.parent;
  const below = (one: Command): string[] => [
    ...one.options.flatMap((option) => (option instanceof Flag ? option.variable : [])),
    ...one.commands.flatMap((inner) => below(inner as Command)),
  ];
  return [...new Set(below(root))];
}

/** What commander read from the command line, the global flags being looked for at each level. */
function givenFlags(command: Command): GivenFlags {
  const levels: Command[] = [];
  for (let level: Command | null = command; level !== null; level = level.parent) levels.push(level);
  return (key: string, option: Option<unknown>) => {
    const flag = flagName(key);
    const level = levels.find((one) => one.options.some((known) => known.long === flag));
    const name = level?.options.find((known) => known.long === flag)?.attributeName();
    if (level === undefined || name === undefined || level.getOptionValueSource(name) !== 'cli') return undefined;
    return option.kind === 'switch' ? true : (level.getOptionValue(name) as string | string[]);
  };
}

/** The work's result, or what aborted the signal: a fault at once, Ctrl-C after a few seconds if the work does not listen to it. */
async function endingWith<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let listener: (() => void) | undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    listener = () => {
      timer = setTimeout(() => reject(signal.reason), signal.reason instanceof InterruptedError ? GRACE_MS : 0);
    };
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    clearTimeout(timer);
    if (listener) signal.removeEventListener('abort', listener);
  }
}
