import { toggle, value } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const destroyOptions = {
  deleteData: toggle('delete the database, the artifacts and the database’s secret too'),
  confirm: value('name', 'name of the deployment, which agrees to --delete-data without a question'),
  skipChecks: toggle('go on where permissions seem to be missing, as with roles under a condition'),
};

export const destroyCommand: CommandSpec<typeof destroyOptions> = {
  name: 'destroy',
  summary: 'Delete what init and deploy made; keep database and artifacts unless told otherwise',
  details:
    'The project folder and the enabled services stay. A Cloud SQL instance leaves a last backup for seven days. Without the folder, everything is found by its labels. At the end stands a list of what is still there and what it costs.',
  examples: ['mlflow-gcp destroy', 'mlflow-gcp destroy --dry-run', 'mlflow-gcp destroy --delete-data --confirm mlflow --yes'],
  options: destroyOptions,
  load: () => import('./destroy/destroy-action.ts'),
};
