import type { Google } from '../gcp/google.ts';
import type { Deployment } from '../stack/deployment.ts';
import { findDeployments } from '../stack/found-deployments.ts';
import type { Context } from './command.ts';
import { configOf, openDeployment, projectOf } from './open-deployment.ts';

/**
 * The deployment that flags, environment and file name. Where none of them names the region (the folder is lost, say), it is that of
 * the deployment's database or buckets, which carry its labels. Throws what `openDeployment` does.
 */
export async function locateDeployment(context: Pick<Context, 'settings' | 'ui'>, google: Google): Promise<Deployment> {
  const { settings, ui } = context;
  const project = projectOf(settings, google);
  const config = configOf(settings);
  if (settings.region.from !== 'default') return openDeployment(google, config, project);
  const found = (await findDeployments(google, { project })).find(({ name }) => name === config.name);
  if (found === undefined || found.region === config.region) return openDeployment(google, config, project);
  ui.note(`Deployment ${config.name} is in region ${found.region}.`);
  return openDeployment(google, { ...config, region: found.region }, project);
}
