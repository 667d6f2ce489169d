import type { Google } from '../gcp/google.ts';
import { type DeployOutcome, deployKnativeService, type KnativeService } from '../gcp/run-v1.ts';
import { type ServiceManifest, withImage } from '../project/service-manifest.ts';
import type { Deployment } from './deployment.ts';
import { explainingNotReady } from './explain-not-ready.ts';

/** Deploys the service with this image (REFERENCE@sha256:…) and waits until it serves. Throws RUN_NOT_READY with the container's last lines. */
export async function deployManifest(
  google: Google,
  deployment: Deployment,
  manifest: ServiceManifest,
  image: string,
): Promise<DeployOutcome> {
  const { project, region } = deployment;
  // The schema leaves the parts open that go to Google as they stand.
  const whole = withImage(manifest, image) as unknown as KnativeService;
  const document = { ...whole, metadata: { ...whole.metadata, namespace: project } };
  const { outcome } = await explainingNotReady(google, deployment, () =>
    deployKnativeService(google, { project, region, manifest: document }),
  );
  return outcome;
}
