import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../errors.ts';
import type { StepOptions, Ui } from '../ui/ui.ts';
import { interpreter } from './model-environment.ts';
import { interrupted, modelError } from './model-errors.ts';
import { type ModelEvent, type ModelResult, parseModelEvent, type StepDone, type StepStarted } from './model-events.ts';
import { definedOnly, type Environment } from './tool.ts';

export interface ModelRunOptions {
  /** Folder of the Python environment, as ensureModelEnvironment gives it. */
  environment: string;
  /** The program, and its arguments: never a secret. */
  program: string;
  args: string[];
  /** The whole environment of the program, MLFLOW_TRACKING_URI, USERNAME and PASSWORD among it. */
  env: Environment;
  /** Gets what the program printed beside its events, when it fails. */
  logFile: string;
  ui: Ui;
  signal: AbortSignal;
}

const KEPT_LINES = 2000;

/**
 * Runs the model program, shows its steps and returns its result.
 * Throws what {@link modelError} makes of its error event, MODEL_PROGRAM_DIED when it ends without a word.
 */
export async function runModel(options: ModelRunOptions): Promise<ModelResult> {
  const { execa } = await import('execa');
  const child = execa(interpreter(options.environment), [options.program, ...options.args], {
    env: definedOnly(options.env),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    buffer: false,
    cancelSignal: options.signal,
    // Time to close the run on the server after a Ctrl-C.
    forceKillAfterDelay: 4000,
  });
  const output: string[] = [];
  const errors = collect(child.iterable({ from: 'stderr' }), output, options.ui);
  const events = child.iterable({ from: 'stdout' })[Symbol.asyncIterator]();
  try {
    return await follow(events, options);
  } catch (error) {
    child.kill();
    await Promise.all([child, errors]);
    if (options.signal.aborted) throw interrupted();
    await writeLog(options, output);
    throw error;
  } finally {
    await Promise.all([child, errors]);
  }
}

/** Takes events one by one: those between a step's start and its end are awaited inside the step that the ui shows. */
async function follow(events: AsyncIterator<unknown>, options: ModelRunOptions): Promise<ModelResult> {
  for (;;) {
    const event = await next(events, options);
    if (event.event === 'result') return event;
    if (event.event === 'step' && event.status === 'started') await show(event, events, options);
  }
}

async function show(start: StepStarted, events: AsyncIterator<unknown>, options: ModelRunOptions): Promise<void> {
  const stepOptions: StepOptions = { outcome: outcome as (value: never) => string };
  await options.ui.step(
    start.title,
    async (): Promise<StepDone> => {
      for (;;) {
        const event = await next(events, options);
        if (event.event === 'step' && event.status === 'done') return event;
      }
    },
    stepOptions,
  );
}

/** The next event; an error event, or the end where more was to come, is thrown. */
async function next(events: AsyncIterator<unknown>, options: ModelRunOptions): Promise<ModelEvent> {
  for (;;) {
    const line = await events.next();
    if (line.done) {
      if (options.signal.aborted) throw interrupted();
      throw new UserError({
        code: 'MODEL_PROGRAM_DIED',
        message: 'The model program ended without a result.',
        hint: `What it printed is in ${options.logFile}`,
      });
    }
    const event = parseModelEvent(String(line.value));
    if (event?.event === 'error') throw modelError(event, options.logFile);
    if (event) return event;
  }
}

function outcome(done: StepDone): string {
  if (done.auc !== undefined) return `AUC ${done.auc.toFixed(4)}`;
  if (done.train !== undefined) return `${done.train} wines to train, ${done.test} to test`;
  if (done.version) return done.step === 'server' ? `MLflow ${done.version}` : `version ${done.version}`;
  return 'logged';
}

async function collect(lines: AsyncIterable<unknown>, output: string[], ui: Ui): Promise<void> {
  for await (const line of lines) {
    ui.debug(String(line));
    if (output.push(String(line)) > KEPT_LINES) output.shift();
  }
}

async function writeLog({ logFile, ui }: ModelRunOptions, lines: string[]): Promise<void> {
  try {
    await mkdir(path.dirname(logFile), { recursive: true });
    await writeFile(logFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  } catch (error) {
    // What made the run fail matters more than this.
    ui.warn(`${logFile} could not be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}
