import { UsageError } from '../../errors.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { deployOptions } from '../deploy.ts';
import { configOf, openDeployment, projectOf } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import { refuseOrWarn } from '../refuse-or-warn.ts';
import { refuseMissingFolder, renderFolder } from '../render-folder.ts';
import { deployRefusals } from './deploy-refusals.ts';
import { deployServer } from './deploy-server.ts';
import { rollBack } from './roll-back.ts';

/** Renders what changed, builds, deploys, waits and checks; or goes back to the revision before. */
export async function run(context: Context<typeof deployOptions>): Promise<CommandResult> {
  const { ui, settings, options } = context;
  if (options.rollback) refuseWithRollback(options);
  else await refuseMissingFolder(settings);
  const google = await openGoogleFor(context);
  try {
    const project = projectOf(settings, google);
    const deployment = await ui.step('Look at the project', () => openDeployment(google, configOf(settings), project));
    if (options.rollback) return await rollBack(context, google, deployment, options);
    if (settings.dryRun) {
      const text = `Would render ${settings.dir.value}, build ${deployment.image} where its sources changed, and deploy service ${deployment.service.name} in ${deployment.region}.`;
      return {
        data: { dryRun: true, service: deployment.service.name, image: deployment.image, url: deployment.url },
        show: [{ kind: 'text', text }],
      };
    }
    const folder = await renderFolder(context, google, deployment);
    await ui.step('Look at permissions and policies', async () =>
      refuseOrWarn(context, await deployRefusals(google, deployment, folder.dir, { builds: options.image === undefined })),
    );
    const result = await deployServer(context, google, deployment, folder.dir, options);
    return { ...result, data: { ...result.data, folder } };
  } finally {
    google.close();
  }
}

/** A rollback takes the image and the settings that were there before. */
function refuseWithRollback({ image, with: tool }: { image?: string | undefined; with?: string | undefined }): void {
  const other = image !== undefined ? '--image' : tool !== undefined ? '--with' : undefined;
  if (other === undefined) return;
  throw new UsageError({
    code: 'INVALID_VALUE',
    message: `--rollback and ${other} exclude each other: the revision before has its own image.`,
    hint: 'Leave one of them out.',
  });
}
