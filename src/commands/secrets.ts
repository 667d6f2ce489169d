import { toggle, value, wholeNumber } from '../settings/option.ts';
import type { CommandGroup, CommandSpec } from './command.ts';

const listCommand: CommandSpec<Record<string, never>> = {
  name: 'list',
  summary: 'Show the five secrets: newest version, age, state, and which revision uses which version',
  details: 'Never shows a value.',
  examples: ['mlflow-gcp secrets list', 'mlflow-gcp secrets list --json'],
  options: {},
  load: () => import('./secrets/list-action.ts'),
};

export const setOptions = {
  fromFile: value('path', 'read the value from this file; - is stdin'),
  deploy: toggle('deploy a revision that uses it at once'),
  noCheck: toggle('with --deploy: do not call the server afterwards'),
};
const setCommand: CommandSpec<typeof setOptions> = {
  name: 'set',
  summary: 'Give a secret a new value, as a new version',
  details:
    'The value comes from stdin, from a file, or from a hidden question; one line break at its end is left out. It is checked for what the secret is for. Without --deploy the next mlflow-gcp deploy takes it into use.',
  examples: [
    'mlflow-gcp secrets set tracking_password --deploy',
    'pass show mlflow | mlflow-gcp secrets set tracking_password',
    'mlflow-gcp secrets set mlflow_tracking_username --from-file name.txt',
  ],
  args: [{ name: 'name', description: 'tracking_password, tracking_username, tracking_url, database_url or artifact_url' }],
  options: setOptions,
  load: () => import('./secrets/set-action.ts'),
};

export const rotateOptions = {
  grace: value('seconds', 'how long requests that the old revision still answers may need its database password', {
    parse: wholeNumber(0, 3600),
    default: 10,
  }),
  noCheck: toggle('do not call the server before the old versions are disabled'),
  skipChecks: toggle('go on where permissions seem to be missing, as with roles under a condition'),
};
const rotateCommand: CommandSpec<typeof rotateOptions> = {
  name: 'rotate',
  summary: 'Replace the passwords of the server and of its database by new ones',
  details:
    'Makes new versions, deploys a revision that uses them, and disables the old ones only when it serves. The database password changes without a failed request: two database users take turns. Clients that still send the old tracking password are refused (401) as soon as the new revision serves. Interrupted, the same command goes on.',
  examples: [
    'mlflow-gcp secrets rotate',
    'mlflow-gcp secrets rotate database_url',
    'mlflow-gcp secrets rotate tracking_password --yes',
  ],
  args: [{ name: 'name', description: 'tracking_password or database_url (default: both)', required: false }],
  options: rotateOptions,
  load: () => import('./secrets/rotate-action.ts'),
};

const verifyCommand: CommandSpec<Record<string, never>> = {
  name: 'verify',
  summary: 'Check that secrets, permissions, service.yaml, the serving revision, database and server fit together',
  details: 'Each check that fails comes with the command that mends it; any makes the exit status 1.',
  examples: ['mlflow-gcp secrets verify', 'mlflow-gcp secrets verify --json'],
  options: {},
  load: () => import('./secrets/verify-action.ts'),
};

export const secretsCommand: CommandGroup = {
  name: 'secrets',
  summary: 'List, set, rotate and verify the five secrets of the server',
  examples: ['mlflow-gcp secrets list', 'mlflow-gcp secrets rotate', 'mlflow-gcp secrets verify'],
  commands: [listCommand, setCommand, rotateCommand, verifyCommand] as CommandSpec[],
};
