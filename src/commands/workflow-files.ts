import path from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };
import { providerName } from '../gcp/workload-identity.ts';
import { renderWorkflow } from '../project/github-workflow.ts';
import type { RenderedFile } from '../project/render.ts';
import type { Deployment } from '../stack/deployment.ts';
import { poolPlace } from '../stack/github-trust.ts';

/** The workflow of the CI service that deploys, where there is one, with its place relative to the project folder. */
export async function workflowFiles(packageRoot: string, dir: string, deployment: Deployment): Promise<RenderedFile[]> {
  const { ci, name, project, projectNumber, deployAccount, identityProvider } = deployment;
  if (ci.github === undefined) return [];
  const place = { ...poolPlace(deployment), project: projectNumber, provider: identityProvider };
  const parts = { name, project, branch: ci.github.branch, deployAccount, provider: providerName(place) };
  const templates = path.join(packageRoot, 'src/templates/ci');
  return [await renderWorkflow(templates, dir, { ...parts, version: packageFile.version })];
}
