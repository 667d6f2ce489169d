import { type ErrorFacts, InterruptedError, UserError } from '../errors.ts';
import { isServerProblem, serverError } from './server-errors.ts';

/** The error event of the model program. */
export interface ModelFailure {
  code: string;
  message: string;
  experiment_id?: string | undefined;
}

const BUILT_IN = 'leave --data out to take the data that is built in';

/** What to do about the errors that are not about the server; `log` is the file that keeps the program's output. */
const HINTS: Record<string, (failure: ModelFailure, log: string) => string> = {
  data_missing: () => `Name the folder of winequality-red.csv and winequality-white.csv with --data, or ${BUILT_IN}.`,
  data_unreadable: () => `Mend the permissions of the file, or ${BUILT_IN}.`,
  data_format: () =>
    `The files are text with a header and ";" between the fields, as the UCI Machine Learning Repository gives them; or ${BUILT_IN}.`,
  data_columns: () => `Name the columns as the UCI Machine Learning Repository does, or ${BUILT_IN}.`,
  data_values: () => `Correct the file, or ${BUILT_IN}.`,
  experiment_deleted: ({ experiment_id: id = 'ID' }) =>
    `Restore it (mlflow experiments restore --experiment-id ${id}), or name another one with --experiment.`,
};

/** Turns an error event into the error that users see. */
export function modelError(failure: ModelFailure, log: string): UserError {
  if (failure.code === 'interrupted') return interrupted();
  if (isServerProblem(failure.code)) return serverError(failure.code, failure.message);
  const hint = HINTS[failure.code]?.(failure, log) ?? `Run it again with --verbose; what the program printed is in ${log}`;
  const facts: ErrorFacts = { code: `MODEL_${failure.code.toUpperCase()}`, message: failure.message, hint };
  return new UserError(facts);
}

export function interrupted(): InterruptedError {
  return new InterruptedError({
    message: 'Interrupted while the model was trained or logged.',
    hint: 'Run it again: mlflow-gcp model',
  });
}
