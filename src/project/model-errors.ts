import { AccessError, type ErrorFacts, InterruptedError, UserError } from '../errors.ts';

/** The error event of the model program. */
export interface ModelFailure {
  code: string;
  message: string;
  experiment_id?: string | undefined;
}

/** What to do about each error of the model program; `log` is where its output is kept. */
const HINTS: Record<string, (failure: ModelFailure, log: string) => string> = {
  data_missing: () =>
    'Name the folder that holds winequality-red.csv and winequality-white.csv with --data, or leave --data out to take the data that is built in.',
  data_unreadable: () => 'Mend the permissions of the file, or leave --data out to take the data that is built in.',
  data_format: () =>
    'The files are text with a header and ";" between the fields, as the UCI Machine Learning Repository gives them.',
  data_columns: () =>
    'Give the columns the names that the UCI Machine Learning Repository gives them, or leave --data out to take the data that is built in.',
  data_values: () => 'Correct the file, or leave --data out to take the data that is built in.',
  server_unreachable: () => 'Check that the server runs and that this machine reaches it: mlflow-gcp status',
  tls_failed: () =>
    'Wait until the certificate is there (mlflow-gcp status), or name your own authority: NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
  unauthorized: () =>
    'With a deployment: mlflow-gcp secrets verify. With --tracking-uri: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
  forbidden: () =>
    'The address of this machine may not be among those allowed, or IAP asks for a sign-in: mlflow-gcp secure --check-ip ADDRESS',
  not_mlflow: () => 'Give the address of the tracking server itself; mlflow-gcp connect prints it.',
  server_error: () => 'Look at the server’s log and run the command again: mlflow-gcp status',
  server_too_old: () => 'Upgrade the server: mlflow-gcp deploy',
  server_incompatible: () => 'Upgrade the server: mlflow-gcp deploy',
  mlflow_failed: (_failure, log) => `The whole answer is in ${log}`,
  experiment_deleted: (failure) =>
    `Restore it (mlflow experiments restore --experiment-id ${failure.experiment_id ?? 'ID'}) or name another one with --experiment.`,
  environment_broken: (_failure, log) => `Run the command again; the environment is made anew. Details: ${log}`,
};

/** Turns an error event into the error that users see; `log` is the file with the program's output. */
export function modelError(failure: ModelFailure, log: string): UserError {
  if (failure.code === 'interrupted') {
    return new InterruptedError({
      message: 'Interrupted while the model was trained or logged.',
      hint: 'Run it again: mlflow-gcp model',
    });
  }
  const hint = HINTS[failure.code]?.(failure, log) ?? `Run it again with --verbose; details: ${log}`;
  const facts: ErrorFacts = { code: `MODEL_${failure.code.toUpperCase()}`, message: failure.message, hint };
  return failure.code === 'unauthorized' || failure.code === 'forbidden' ? new AccessError(facts) : new UserError(facts);
}
