import packageFile from '../../package.json' with { type: 'json' };
import type { Google } from '../gcp/google.ts';
import type { Settings } from '../settings/settings.ts';
import type { Target } from '../target.ts';
import type { Context } from './command.ts';

type Opening = Pick<Context, 'deps' | 'ui' | 'settings'>;

/** Where Google Cloud is for this command: the real one, or with `--local` the one on this machine, which is started when it is not running. */
export async function openTarget({ deps, ui, settings }: Opening): Promise<Target> {
  if (settings.local) {
    const { localTarget } = await import('../local/client.ts');
    return localTarget(deps, ui);
  }
  const { cloudTarget } = await import('../cloud-target.ts');
  return cloudTarget(deps.env);
}

/** Opens Google Cloud for this command. Nothing is asked of it yet. */
export async function openGoogleFor(context: Opening): Promise<Google> {
  const { openGoogle } = await import('../gcp/google.ts');
  return openGoogle({
    target: await openTarget(context),
    userAgent: `mlflow-gcp/${packageFile.version}`,
    log: (line) => context.ui.debug(line),
    signal: context.deps.signal,
    ...quotaProject(context.settings),
  });
}

/** User credentials are charged to the project at hand, unless they say otherwise themselves. */
function quotaProject({ project, local }: Settings): { quotaProject?: string } {
  return project === undefined || local ? {} : { quotaProject: project.value };
}
