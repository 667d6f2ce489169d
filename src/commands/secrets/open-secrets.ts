import type { Google } from '../../gcp/google.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { readServing, type Serving } from '../../stack/serving.ts';
import type { Context } from '../command.ts';
import { configOf, openDeployment, projectOf } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';

export interface OpenSecrets {
  google: Google;
  deployment: Deployment;
  /** Undefined where the server is not deployed. */
  serving: Serving | undefined;
}

/** Opens the deployment and looks at what serves; closes when `work` is done. */
export async function withSecrets<T>(
  context: Pick<Context, 'deps' | 'ui' | 'settings'>,
  work: (open: OpenSecrets) => Promise<T>,
): Promise<T> {
  const { ui, settings } = context;
  const google = await openGoogleFor(context);
  try {
    const project = projectOf(settings, google);
    const open = await ui.step('Look at the project', async () => {
      const deployment = await openDeployment(google, configOf(settings), project);
      return { google, deployment, serving: await readServing(google, deployment) };
    });
    return await work(open);
  } finally {
    google.close();
  }
}
