import { positiveNumber, toggle, value, wholeNumber } from '../settings/option.ts';
import type { CommandGroup, CommandSpec } from './command.ts';

export const startOptions = {
  speed: value('factor', 'how many times faster than usual long operations go', { parse: positiveNumber }),
};
const startCommand: CommandSpec<typeof startOptions> = {
  name: 'start',
  summary: 'Start the background process, with the databases and servers that ran in it',
  details: 'It lives on when the terminal is closed. Where it runs already, nothing is done.',
  examples: ['mlflow-gcp local start', 'mlflow-gcp local start --speed 10'],
  options: startOptions,
  readsFile: false,
  load: () => import('./local/start-action.ts'),
};

const stopCommand: CommandSpec<Record<string, never>> = {
  name: 'stop',
  summary: 'Stop the background process and all that runs in it; the data stays',
  examples: ['mlflow-gcp local stop'],
  options: {},
  readsFile: false,
  load: () => import('./local/stop-action.ts'),
};

const statusCommand: CommandSpec<Record<string, never>> = {
  name: 'status',
  summary: 'Show what runs, where, and how much room it takes',
  examples: ['mlflow-gcp local status', 'mlflow-gcp local status --json'],
  options: {},
  readsFile: false,
  load: () => import('./local/status-action.ts'),
};

export const logsOptions = {
  service: value('service', 'only the servers of this Cloud Run service'),
  follow: toggle('go on with new lines until Ctrl-C', { short: 'f' }),
  lines: value('number', 'last lines of each log to begin with', { parse: wholeNumber(0, 100_000), default: 50 }),
};
const logsCommand: CommandSpec<typeof logsOptions> = {
  name: 'logs',
  summary: 'Print the logs of the servers and of the background process',
  examples: ['mlflow-gcp local logs', 'mlflow-gcp local logs --follow --service mlflow'],
  options: logsOptions,
  readsFile: false,
  foreground: true,
  load: () => import('./local/logs-action.ts'),
};

const resetCommand: CommandSpec<Record<string, never>> = {
  name: 'reset',
  summary: 'Delete everything of the local target: databases, objects, secrets, servers',
  details: 'Asks before; --yes agrees. Project folders are not touched.',
  examples: ['mlflow-gcp local reset', 'mlflow-gcp local reset --yes'],
  options: {},
  readsFile: false,
  load: () => import('./local/reset-action.ts'),
};

export const serveOptions = {
  speed: value('factor', 'how many times faster than usual long operations go', { parse: positiveNumber, default: 1000 }),
};
const serveCommand: CommandSpec<typeof serveOptions> = {
  name: 'serve',
  summary: 'Be the background process (started by the other commands)',
  examples: ['mlflow-gcp local serve'],
  options: serveOptions,
  readsFile: false,
  foreground: true,
  hidden: true,
  load: () => import('./local/serve-action.ts'),
};

export const localCommand: CommandGroup = {
  name: 'local',
  summary: 'Start, stop and look after the simulated Google Cloud on this machine',
  examples: ['mlflow-gcp local start', 'mlflow-gcp local status', 'mlflow-gcp local logs --follow'],
  commands: [startCommand, stopCommand, statusCommand, logsCommand, resetCommand, serveCommand] as CommandSpec[],
};
