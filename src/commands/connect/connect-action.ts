import { clientVariables, formatClientSettings } from '../../project/client-settings.ts';
import { checkServer } from '../../project/server-check.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { connectOptions } from '../connect.ts';
import { readServerAccess } from '../server-access.ts';

/** Prints the deployment's client settings once the server has accepted them. */
export async function run(context: Context<typeof connectOptions>): Promise<CommandResult> {
  const { deps, ui, options } = context;
  const access = await readServerAccess(context);
  // Before the call, so that what cannot be written is refused without it.
  const text = formatClientSettings(access.client, options.format);
  if (!options.noCheck) await ui.step('Check that the server accepts them', () => checkServer(access.client, access.route));
  if (deps.stdout.isTTY)
    ui.note(`The server is at ${access.client.trackingUri} — a browser asks for the same username and password.`);
  return {
    data: { ...access.client, variables: clientVariables(access.client), checked: !options.noCheck },
    show: [{ kind: 'verbatim', text }],
  };
}
