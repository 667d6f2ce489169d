import { UsageError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { USUAL_SECONDS } from '../../local/simulator/durations.ts';
import { checkServer } from '../../project/server-check.ts';
import { readManifest } from '../../project/service-manifest.ts';
import { findSkaffold, runSkaffold } from '../../project/skaffold.ts';
import { packSources } from '../../project/source-archive.ts';
import { buildImage } from '../../stack/build-image.ts';
import { deployManifest } from '../../stack/deploy-manifest.ts';
import type { Deployment } from '../../stack/deployment.ts';
import type { CommandResult, StepOptions } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import { readClientSettings } from '../server-access.ts';

export interface DeployChoices {
  with?: 'skaffold' | 'api' | undefined;
  image?: string | undefined;
  noCheck?: boolean;
}

/** From a rendered folder to a server that answers: build where needed, deploy, wait, check from outside. */
export async function deployServer(
  context: Context,
  google: Google,
  deployment: Deployment,
  folder: string,
  choices: DeployChoices,
): Promise<CommandResult> {
  const { ui, deps } = context;
  const skaffold = await chosenSkaffold(context, choices);
  const begun = deps.now().getTime();
  let image: string | undefined;
  if (skaffold !== undefined) {
    await ui.step(
      'Build and deploy with skaffold',
      (step) =>
        runSkaffold({
          skaffold,
          folder,
          env: { ...deps.env, ...google.target.childEnvironment() },
          signal: deps.signal,
          onLine: step.progress,
        }),
      { usualSeconds: 180 },
    );
  } else {
    image = choices.image ?? (await buildStep(context, google, deployment, folder));
    await deployStep(context, google, deployment, folder, image);
  }
  const client = await readClientSettings(google, deployment.project, deployment.name);
  const route = {
    proxyFor: (host: string) => google.target.proxyFor(host),
    authorities: google.target.authorities,
    signal: deps.signal,
  };
  if (!choices.noCheck) await ui.step('Check the server from outside', () => checkServer(client, route));
  const seconds = Math.round((deps.now().getTime() - begun) / 1000);
  return {
    data: {
      service: deployment.service.name,
      url: deployment.url,
      trackingUri: client.trackingUri,
      image,
      with: skaffold === undefined ? 'api' : 'skaffold',
      checked: choices.noCheck !== true,
      seconds,
    },
    show: [
      {
        kind: 'pairs',
        pairs: [
          ['URL', deployment.url],
          ...(client.trackingUri === deployment.url ? [] : [['On this machine', client.trackingUri] as [string, string]]),
          ['User name', client.username ?? ''],
        ],
      },
      {
        kind: 'text',
        text: 'Next: mlflow-gcp connect prints what a client needs, mlflow-gcp model trains and registers a first model.',
      },
    ],
  };
}

async function buildStep({ ui }: Context, google: Google, deployment: Deployment, folder: string): Promise<string> {
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

async function deployStep({ ui }: Context, google: Google, deployment: Deployment, folder: string, image: string): Promise<void> {
  const manifest = await readManifest(folder, deployment.service.name);
  await ui.step('Deploy to Cloud Run', () => deployManifest(google, deployment, manifest, image), {
    usualSeconds: USUAL_SECONDS['run.services'],
    outcome: (outcome) => outcome,
  });
}

/** The skaffold to use, if any: the one asked for, or the one that is found; not for an image that is built already, and not for the local target. */
async function chosenSkaffold({ deps, settings }: Context, choices: DeployChoices): Promise<string | undefined> {
  if (choices.image !== undefined && choices.with === 'skaffold') {
    throw new UsageError({
      code: 'INVALID_VALUE',
      message: '--image and --with skaffold exclude each other: skaffold builds its own image.',
      hint: 'Leave one of them out.',
    });
  }
  if (choices.with === 'api' || choices.image !== undefined) return undefined;
  const found = await findSkaffold(deps.env, deps.signal);
  if (found === undefined && choices.with === 'skaffold') {
    throw new UsageError({
      code: 'SKAFFOLD_MISSING',
      message: 'There is no skaffold on PATH, or it is older than 2.15.',
      hint: 'Install it (https://skaffold.dev/docs/install/), or deploy without it: mlflow-gcp deploy --with api',
    });
  }
  // The local target is there so that nothing need be installed; a skaffold that happens to be on PATH should not change what it does.
  return settings.local && choices.with === undefined ? undefined : found;
}
