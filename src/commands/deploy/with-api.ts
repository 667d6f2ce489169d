import { USUAL_SECONDS } from '../../durations.ts';
import type { Google } from '../../gcp/google.ts';
import { readManifest } from '../../project/service-manifest.ts';
import { packSources } from '../../project/source-archive.ts';
import { buildImage } from '../../stack/build-image.ts';
import { deployManifest } from '../../stack/deploy-manifest.ts';
import type { Deployment } from '../../stack/deployment.ts';
import type { StepOptions } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { Deployed } from './deploy-server.ts';

/** Builds, unless an image is named, and deploys by Cloud Build's and Cloud Run's own APIs. Throws BUILD_FAILED, RUN_NOT_READY. */
export async function deployWithApi(
  { ui }: Pick<Context, 'ui'>,
  google: Google,
  deployment: Deployment,
  folder: string,
  givenImage: string | undefined,
): Promise<Deployed> {
  const manifest = await readManifest(folder, deployment.service.name);
  const image = givenImage ?? (await buildStep(ui, google, deployment, folder));
  const outcome = await ui.step('Deploy to Cloud Run', () => deployManifest(google, deployment, manifest, image), {
    usualSeconds: USUAL_SECONDS['run.services'],
    outcome: (word) => word,
  });
  return { outcome, image };
}

async function buildStep(ui: Context['ui'], google: Google, deployment: Deployment, folder: string): Promise<string> {
  const options: StepOptions<{ image: string; built: boolean }> = {
    usualSeconds: USUAL_SECONDS['cloudbuild.build'],
    outcome: ({ built }) => (built ? 'built' : 'unchanged'),
  };
  const { image } = await ui.step(
    'Build the image',
    async (step) => buildImage(google, deployment, await packSources(folder), { onLog: step.progress }),
    options,
  );
  return image;
}
