import { toggle, value } from './option.ts';

/** What every command takes. */
export const globalOptions = {
  project: value('id', 'Google Cloud project id'),
  region: value('region', 'region of everything that is made (default: us-central1)'),
  name: value('name', 'name of the deployment (default: mlflow)'),
  dir: value('folder', 'project folder (default: where mlflow-gcp.yaml is, else here)'),
  config: value('file', 'mlflow-gcp.yaml to use (default: looked for in the folder and above)'),
  local: toggle('use the simulated Google Cloud on this machine'),
  yes: toggle('agree to everything that would be asked; take the defaults', { short: 'y' }),
  noInput: toggle('never ask; fail when an answer is missing'),
  dryRun: toggle('show what would be done and do nothing'),
  json: toggle('print the result as one JSON document'),
  quiet: toggle('leave out progress and notes', { short: 'q' }),
  verbose: toggle('show every request and the details of errors'),
  noColor: toggle('no colours (also: NO_COLOR=1)'),
};
