import { USUAL_SECONDS } from '../../durations.ts';
import { UserError } from '../../errors.ts';
import type { Google } from '../../gcp/google.ts';
import { getKnativeService, waitKnativeService } from '../../gcp/run-v1.ts';
import { withAuthorities } from '../../project/authorities.ts';
import { cacheFolder } from '../../project/cache-folder.ts';
import { readManifest } from '../../project/service-manifest.ts';
import { runSkaffold } from '../../project/skaffold.ts';
import type { SkaffoldEvent } from '../../project/skaffold-events.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { explainingNotReady } from '../../stack/explain-not-ready.ts';
import type { Step } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { Deployed } from './deploy-server.ts';

/**
 * Builds and deploys with skaffold, its phases shown as steps of ours. What it says of success is looked up at Cloud Run. Throws the
 * errors of `skaffoldFailed`, and RUN_NOT_READY with the container's last lines.
 */
export async function deployWithSkaffold(
  { deps, ui }: Pick<Context, 'deps' | 'ui'>,
  google: Google,
  deployment: Deployment,
  folder: string,
): Promise<Deployed> {
  // What is wrong with it is told the same way with every tool.
  await readManifest(folder, deployment.service.name);
  const { project, region } = deployment;
  const args = { project, region, service: deployment.service.name };
  const before = (await getKnativeService(google, args))?.status?.latestCreatedRevisionName;
  const env = await withAuthorities({ ...deps.env, ...google.target.childEnvironment() }, cacheFolder(deps.env));
  const stages = new Stages();
  const run = runSkaffold({ folder, env, signal: deps.signal, onEvent: (event) => stages.take(event) });
  // It is awaited in the second step, and may fail in the first.
  run.catch(() => undefined);
  await ui.step('Build the image with skaffold', (step) => stages.building(step, run), {
    usualSeconds: USUAL_SECONDS['cloudbuild.build'],
    outcome: (built) => (built ? 'built' : 'unchanged'),
  });
  const finish = async (step: Step): Promise<string> => {
    stages.showOn(step);
    await run.catch((error: unknown) => {
      // The service says why, and whether that still holds.
      if (!(error instanceof UserError) || error.code !== 'RUN_NOT_READY') throw error;
    });
    const service = await explainingNotReady(google, deployment, () => waitKnativeService(google, args));
    const after = service.status?.latestCreatedRevisionName;
    return before === undefined ? 'created' : before === after ? 'unchanged' : 'replaced';
  };
  const outcome = await ui.step('Deploy to Cloud Run with skaffold', finish, {
    usualSeconds: USUAL_SECONDS['run.services'],
    outcome: (word) => word,
  });
  const service = await getKnativeService(google, args);
  const [container] = (service?.spec.template.spec['containers'] ?? []) as Array<{ image?: string }>;
  return { outcome, image: container?.image };
}

/** How far skaffold has come. */
class Stages {
  #built = false;
  #step: Step | undefined;
  readonly #done = Promise.withResolvers<void>();

  take({ task, build, text }: SkaffoldEvent): void {
    if (build?.step === 'Build') this.#built = true;
    const line = text?.split('\n').findLast((one) => one.trim() !== '');
    if (line !== undefined) this.#step?.progress(line.trim());
    if (task?.name === 'Build' && task.status === 'Succeeded') this.#done.resolve();
  }

  showOn(step: Step): void {
    this.#step = step;
  }

  /** Resolves when the image is there, with whether it had to be built; rejects where skaffold fails before. */
  async building(step: Step, run: Promise<void>): Promise<boolean> {
    this.showOn(step);
    await Promise.race([this.#done.promise, run]).catch((error: unknown) => {
      // It got as far as a revision: that is for the next step to tell.
      if (!(error instanceof UserError) || error.code !== 'RUN_NOT_READY') throw error;
    });
    return this.#built;
  }
}
