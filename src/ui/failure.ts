import { type ExitStatus, InterruptedError, UserError } from '../errors.ts';
import { explainSystemError } from './node-errors.ts';
import { readable } from './readable.ts';
import { shellWord } from './shell-word.ts';

/** What is reported of an error, whatever was thrown. */
export interface Failure {
  status: ExitStatus;
  code: string;
  message: string;
  hint: string;
  docs: string | undefined;
  /** What was thrown, for `--verbose`. */
  thrown: unknown;
}

/**
 * Maps whatever was thrown to what is shown and to the exit status; the one place that does. Once Ctrl-C was pressed, whatever
 * breaks after it is its consequence. `commandLine` is what was typed, from the program's name on.
 */
export function toFailure(thrown: unknown, signal: AbortSignal, commandLine: string[]): Failure {
  const interrupted = signal.aborted && signal.reason instanceof InterruptedError;
  if (signal.aborted && !interrupted) thrown = signal.reason;
  const known = interrupted
    ? interruption(thrown, signal, commandLine)
    : thrown instanceof UserError
      ? thrown
      : explainSystemError(thrown);
  if (known !== undefined) {
    const { exitStatus: status, code, message, hint, docs } = known;
    return { status, code, message: readable(message), hint: readable(hint), docs, thrown };
  }
  return {
    status: 1,
    code: 'INTERNAL',
    message: readable(`The program has a fault: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    hint: 'Run it again with --verbose, and report what it prints together with the output of `mlflow-gcp --version`.',
    docs: undefined,
    thrown,
  };
}

/** A command may say better than we what goes on without it; its own words win. */
function interruption(thrown: unknown, signal: AbortSignal, commandLine: string[]): InterruptedError {
  if (thrown instanceof InterruptedError && thrown !== signal.reason) return thrown;
  return new InterruptedError({
    message: 'Interrupted.',
    hint: `What is done stays done, and what Google Cloud has begun goes on there. To go on, run the same command again:\n  ${commandLine.map(shellWord).join(' ')}`,
    cause: thrown,
  });
}
