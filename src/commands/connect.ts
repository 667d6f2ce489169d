import { CONNECT_FORMATS } from '../project/client-settings.ts';
import { choice, toggle } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const connectOptions = {
  format: choice('form', CONNECT_FORMATS, 'env (lines for a shell), dotenv, python or json', { default: 'env' }),
  noCheck: toggle('print the settings without asking the server whether they work'),
};

export const connectCommand: CommandSpec<typeof connectOptions> = {
  name: 'connect',
  summary: 'Print what a client needs, and check that it works',
  details: 'The password goes to stdout, and nowhere else.',
  examples: ['eval "$(mlflow-gcp connect)"', 'mlflow-gcp connect --format dotenv >> .env', 'mlflow-gcp connect --format python'],
  options: connectOptions,
  load: () => import('./connect/connect-action.ts'),
};
