import { UsageError } from '../../errors.ts';
import { clientVariables, formatClientSettings } from '../../project/client-settings.ts';
import { checkServer } from '../../project/server-check.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { connectOptions } from '../connect.ts';
import { readServerAccess } from '../server-access.ts';
import { connectDatabase } from './connect-database.ts';

/** Prints the deployment's client settings once the server, or with `--database` the database, has accepted them. */
export async function run(context: Context<typeof connectOptions>): Promise<CommandResult> {
  const { deps, ui, options } = context;
  const { format } = options;
  if (options.database) return connectDatabase(context);
  if (format === 'command' || format === 'password') throw databaseOnly(`--format ${format}`);
  if (options.via !== undefined || options.clientCertDir !== undefined)
    throw databaseOnly(options.via === undefined ? '--client-cert-dir' : '--via');
  const access = await readServerAccess(context);
  // Before the call, so that what cannot be written is refused without it.
  const text = formatClientSettings(access.client, format);
  if (!options.noCheck) await ui.step('Check that the server accepts them', () => checkServer(access.client, access.route));
  if (deps.stdout.isTTY)
    ui.note(`The server is at ${access.client.trackingUri} — a browser asks for the same username and password.`);
  return {
    data: { ...access.client, variables: clientVariables(access.client), checked: !options.noCheck },
    show: [{ kind: 'verbatim', text }],
  };
}

function databaseOnly(flag: string): UsageError {
  return new UsageError({
    code: 'FLAG_FOR_DATABASE',
    message: `${flag} goes with --database alone.`,
    hint: `mlflow-gcp connect --database ${flag}`,
  });
}
