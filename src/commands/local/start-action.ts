import { ensureDaemon } from '../../local/client.ts';
import { daemonState } from '../../local/daemon-record.ts';
import { localHome } from '../../local/home.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { startOptions } from '../local.ts';

/** Starts the background process or finds it running. */
export async function run({ deps, ui, settings, options }: Context<typeof startOptions>): Promise<CommandResult> {
  const home = localHome(deps.env);
  if (settings.dryRun) {
    const running = daemonState(home.daemonFile).state === 'running';
    const text = running ? 'The local target is running already.' : 'This would start the local target.';
    return { data: { started: false, folder: home.folder }, show: [{ kind: 'text', text }] };
  }
  const speed = options.speed === undefined ? {} : { speed: options.speed };
  const { record, started } = await ensureDaemon(home, deps, ui, speed);
  if (!started && options.speed !== undefined) {
    ui.warn('It was running already: --speed counts from the next start on (mlflow-gcp local stop, then start).');
  }
  const { pid, port, ca, project } = record;
  return {
    data: { started, pid, port, ca, project, folder: home.folder },
    show: [
      { kind: 'text', text: started ? 'The local target runs.' : 'The local target was running already.' },
      {
        kind: 'pairs',
        pairs: [
          ['Simulator', `http://127.0.0.1:${port}`],
          ['Project', project],
          ['Data', home.folder],
        ],
      },
    ],
  };
}
