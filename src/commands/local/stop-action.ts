import { stopDaemon } from '../../local/daemon-control.ts';
import { localHome } from '../../local/home.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';

const OUTCOMES = {
  stopped: 'The local target has stopped. Its data stays; mlflow-gcp local start goes on with it.',
  'was not running': 'The local target was not running.',
  'had died': 'The local target had ended without being stopped; what it had left running has been ended. Its data stays.',
};

/** Stops the background process, or clears up after one that was killed. */
export async function run({ deps, ui }: Context): Promise<CommandResult> {
  const outcome = await ui.step('Stop the local target', () => stopDaemon(localHome(deps.env)));
  return { data: { outcome }, show: [{ kind: 'text', text: OUTCOMES[outcome] }] };
}
