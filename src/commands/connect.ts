import { CONNECT_FORMATS } from '../project/client-settings.ts';
import { choice, toggle, value } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const connectOptions = {
  format: choice(
    'form',
    [...CONNECT_FORMATS, 'command', 'password'],
    'env (lines for a shell), dotenv, python or json; with --database also command or the password alone (default: env, with --database command)',
    { default: 'env' },
  ),
  noCheck: toggle('print the settings without asking the server whether they work'),
  // MLFLOW_GCP_DATABASE is the engine that `init --database` sets up.
  database: toggle('print how psql or mysql connects to the database, in place of MLflow’s clients to the server', {
    variable: 'MLFLOW_GCP_CONNECT_DATABASE',
  }),
  via: choice(
    'way',
    ['direct', 'proxy'],
    'with --database: to the instance’s own address over TLS, or through the Cloud SQL Auth Proxy (default: direct where the instance admits any network, or with --client-cert-dir)',
  ),
  clientCertDir: value(
    'dir',
    'with --database: write client-key.pem (0600), client-cert.pem and server-ca.pem there, and connect with them',
  ),
};

export const connectCommand: CommandSpec<typeof connectOptions> = {
  name: 'connect',
  summary: 'Print what a client needs, and check that it works',
  details:
    'The password goes to stdout, and nowhere else. With --database it is not even in what is printed, unless --format asks for it.',
  examples: [
    'eval "$(mlflow-gcp connect)"',
    'mlflow-gcp connect --format dotenv >> .env',
    'mlflow-gcp connect --format python',
    'mlflow-gcp connect --database',
    'mlflow-gcp connect --database --client-cert-dir ~/.mlflow-certs',
    'eval "$(mlflow-gcp connect --database --format env)" && psql',
  ],
  options: connectOptions,
  load: () => import('./connect/connect-action.ts'),
};
