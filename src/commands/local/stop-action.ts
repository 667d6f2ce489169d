import { stopDaemon } from '../../local/daemon-control.ts';
import { daemonState } from '../../local/daemon-record.ts';
import { localHome } from '../../local/home.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';

const OUTCOMES = {
  stopped: 'The local target has stopped. Its data stays; mlflow-gcp local start goes on with it.',
  'was not running': 'The local target was not running.',
  'had died': 'The local target had ended without being stopped; what it had left running has been ended. Its data stays.',
};

/** Stops the background process, or clears up after one that was killed. */
export async function run({ deps, ui, settings }: Context): Promise<CommandResult> {
  const home = localHome(deps.env);
  if (settings.dryRun) {
    const running = daemonState(home.daemonFile).state === 'running';
    const text = running ? 'This would stop the local target.' : 'The local target is not running.';
    return { data: { outcome: 'nothing was done' }, show: [{ kind: 'text', text }] };
  }
  const outcome = await ui.step('Stop the local target', () => stopDaemon(home));
  return { data: { outcome }, show: [{ kind: 'text', text: OUTCOMES[outcome] }] };
}
