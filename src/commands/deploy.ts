import { choice, toggle, value } from '../settings/option.ts';
import type { CommandSpec } from './command.ts';

export const deployOptions = {
  with: choice(
    'tool',
    ['skaffold', 'api'],
    'skaffold, or Google’s APIs themselves (default: skaffold where it is found and works as the same account, else api)',
  ),
  image: value('reference', 'deploy this image, REFERENCE@sha256:…, instead of building one'),
  rollback: toggle('build nothing; send the traffic back to the ready revision before'),
  noCheck: toggle('do not call the server once it is deployed'),
  skipChecks: toggle(
    'go on where permissions or policies of the organisation seem to be in the way, as with roles under a condition',
  ),
  quickCheck: toggle('leave the artifact of 40 MB, up and down, out of the check'),
};

export const deployCommand: CommandSpec<typeof deployOptions> = {
  name: 'deploy',
  summary: 'Build the server’s image, deploy it to Cloud Run, and check it from outside',
  details:
    'What was built before from the same sources is not built again. A server that does not start leaves the one before in its place. The check calls the server from outside: health, 401 without credentials, the version of uv.lock, an artifact of 40 MB up and down. --rollback brings back the one before; it does not undo changes of the database, so a version of MLflow that is older than the tables refuses to start.',
  examples: [
    'mlflow-gcp deploy',
    'mlflow-gcp deploy --with api',
    'mlflow-gcp deploy --image us-central1-docker.pkg.dev/my-project/mlflow/mlflow@sha256:…',
    'mlflow-gcp deploy --rollback',
  ],
  options: deployOptions,
  load: () => import('./deploy/deploy-action.ts'),
};
