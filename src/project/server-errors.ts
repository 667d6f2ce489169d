import { AccessError, UserError } from '../errors.ts';

interface Kind {
  code: string;
  hint: string;
  access?: boolean;
}

const UPGRADE = 'Upgrade the server; for a deployment of ours: mlflow-gcp deploy';

/** What can be wrong with a tracking server, seen from a client; the keys are the codes of the model program's error events. */
const KINDS = {
  server_unreachable: {
    code: 'SERVER_UNREACHABLE',
    hint: 'Check the address, and that the server runs and this machine reaches it: mlflow-gcp status',
  },
  tls_failed: {
    code: 'SERVER_TLS_FAILED',
    hint: 'Wait until the certificate is there (mlflow-gcp status), or name your own authority: NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
  },
  unauthorized: {
    code: 'SERVER_UNAUTHORIZED',
    hint: 'Check the secrets with `mlflow-gcp secrets verify`; for another server, set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
    access: true,
  },
  forbidden: {
    code: 'SERVER_FORBIDDEN',
    hint: 'Something in front of the server turns this machine away, such as an allow-list or Identity-Aware Proxy: ask who set it up.',
    access: true,
  },
  not_mlflow: {
    code: 'SERVER_NOT_MLFLOW',
    hint: 'Give the address of the tracking server itself; `mlflow-gcp connect` prints it.',
  },
  server_error: {
    code: 'SERVER_FAILED',
    hint: 'Run the command again in a minute; if it stays so, look at the server’s log: mlflow-gcp status',
  },
  server_open: {
    code: 'SERVER_OPEN',
    hint: 'Take it down before anybody finds it (mlflow-gcp deploy --rollback), then look for what the gate of app/mlflow_auth.py was changed to.',
  },
  other_version: {
    code: 'SERVER_OTHER_VERSION',
    hint: 'Deploy what the project folder says, and look whether the traffic goes to it: mlflow-gcp deploy && mlflow-gcp status',
  },
  server_too_old: { code: 'SERVER_TOO_OLD', hint: UPGRADE },
  server_incompatible: { code: 'SERVER_INCOMPATIBLE', hint: UPGRADE },
} satisfies Record<string, Kind>;

export type ServerProblem = keyof typeof KINDS;

export function isServerProblem(code: string): code is ServerProblem {
  return Object.hasOwn(KINDS, code);
}

/** The error that users see for it; an {@link AccessError} (exit status 3) where credentials or permission are what is missing. */
export function serverError(problem: ServerProblem, message: string, cause?: unknown): UserError {
  const { code, hint, access }: Kind = KINDS[problem];
  const facts = { code, message, hint, ...(cause === undefined ? {} : { cause }) };
  return access ? new AccessError(facts) : new UserError(facts);
}
