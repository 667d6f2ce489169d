import path from 'node:path';
import type { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { MANIFEST_FILE, readManifest } from '../../project/service-manifest.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { missingPermissions } from '../../stack/preflight/check-command.ts';
import { needsOfDeploy } from '../../stack/preflight/command-needs.ts';
import { DEPLOY_CONSTRAINTS, type Manifest, manifestObstacles } from '../../stack/preflight/manifest-obstacles.ts';
import { lookAtPolicies } from '../../stack/preflight/preflight.ts';
import { refusalOf, refuseObstacles } from '../../stack/preflight/refusals.ts';
import { settle } from '../../stack/settle.ts';

/** Why deploying this folder would fail: policies of the organisation, and permissions that are missing. `builds`: an image is built first. */
export async function deployRefusals(
  google: Google,
  deployment: Deployment,
  folder: string,
  { builds }: { builds: boolean },
): Promise<UserError[]> {
  const { project, service } = deployment;
  const manifest = await readManifest(folder, service.name);
  const [policies, missing] = await settle([
    lookAtPolicies(google, project, DEPLOY_CONSTRAINTS),
    missingPermissions(google, project, needsOfDeploy(deployment, { builds })),
  ]);
  const file = path.join(folder, MANIFEST_FILE);
  const forbidden = await refusalOf(() => refuseObstacles(manifestObstacles(policies, manifest as Manifest, file), project));
  return [forbidden, missing].filter((error) => error !== undefined);
}
