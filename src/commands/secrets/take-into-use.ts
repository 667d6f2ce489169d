import { USUAL_SECONDS } from '../../durations.ts';
import type { Google } from '../../gcp/google.ts';
import { writePins } from '../../project/pin-secrets.ts';
import { checkServer } from '../../project/server-check.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { type Pins, rollOut } from '../../stack/roll-out.ts';
import type { Context } from '../command.ts';
import { readClientSettings } from '../server-access.ts';

type Parts = Pick<Context, 'deps' | 'ui' | 'settings'>;

/**
 * Pins these versions in the folder's service.yaml, where there is one of this service, deploys a revision with them, and proves from
 * outside that it answers. Throws RUN_NOT_READY, with the old revision serving, or what the check of the server does.
 */
export async function takeIntoUse(
  { deps, ui, settings }: Parts,
  google: Google,
  deployment: Deployment,
  pins: Pins,
  { check }: { check: boolean },
): Promise<{ deployed: boolean; rendered: boolean }> {
  const rendered = await writePins(settings.dir.value, deployment.service.name, pins);
  const deployed = await ui.step('Deploy a revision that uses it', () => rollOut(google, deployment, pins), {
    usualSeconds: USUAL_SECONDS['run.services'],
    outcome: (changed) => (changed ? 'serves' : 'serves already'),
  });
  if (check) {
    const client = await readClientSettings(google, deployment.project, deployment.name);
    const { target } = google;
    const route = {
      proxyFor: (host: string) => target.proxyFor(host),
      authorities: target.authorities,
      signal: deps.signal,
    };
    await ui.step('Check the server from outside', () => checkServer(client, route));
  }
  return { deployed, rendered };
}
