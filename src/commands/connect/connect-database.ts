import path from 'node:path';
import { UsageError } from '../../errors.ts';
import { formatVariables } from '../../project/client-settings.ts';
import { checkDatabase } from '../../project/database-check.ts';
import { clientCommand, postgresVariables } from '../../project/database-client.ts';
import { connectionName, type Deployment } from '../../stack/deployment.ts';
import { shellWord } from '../../ui/shell-word.ts';
import type { CommandResult } from '../../ui/ui.ts';
import type { Context } from '../command.ts';
import type { connectOptions } from '../connect.ts';
import { configOf, openDeployment, projectOf } from '../open-deployment.ts';
import { openGoogleFor } from '../open-google.ts';
import { findWay, readInstance, readLogin, type Way } from './database-way.ts';

const THIS_MACHINE = '127.0.0.1';

type ConnectContext = Context<typeof connectOptions>;

/** Prints how a client of the database connects, once the database has let it in. */
export async function connectDatabase(context: ConnectContext): Promise<CommandResult> {
  const { deps, ui, settings, options } = context;
  const google = await openGoogleFor(context);
  try {
    const project = projectOf(settings, google);
    const format = context.originOf('format') === 'default' ? 'command' : options.format;
    const login = await ui.step('Read the database’s password', () => readLogin(google, project, settings.name.value));
    if (format === 'password') return { data: { password: login.password }, show: [{ kind: 'verbatim', text: login.password }] };
    const deployment = await ui.step('Look at the project', () => openDeployment(google, configOf(settings), project));
    const variablesWanted = format !== 'command';
    if (variablesWanted && deployment.database.engine !== 'postgres') throw notForMysql(format);
    const instance = await ui.step('Look at the database', () => readInstance(google, deployment));
    const { clientCertDir } = options;
    const way = await findWay(google, deployment, instance, login, {
      via: options.via,
      clientCertDir: clientCertDir === undefined ? undefined : path.resolve(deps.cwd, clientCertDir),
      env: deps.env,
    });
    // What was asked for is refused before the call that checks it.
    const variables = variablesWanted ? postgresVariables(way.access) : undefined;
    const command = clientCommand(way.access, passwordCommand(context, project));
    const text = variables === undefined || format === 'command' ? command : formatVariables(variables, format);
    const checked = await check(context, deployment, way);
    explain(context, deployment, way);
    const { password: _secret, ...access } = way.access;
    const data = { ...access, via: way.via, command, ...(way.via === 'proxy' && { proxy: proxyCommand(deployment) }), checked };
    return { data: { ...data, ...(variables && { variables }) }, show: [{ kind: 'verbatim', text }] };
  } finally {
    google.close();
  }
}

/** What is printed is good for as long as the password's place: the password itself is read anew each time. */
function passwordCommand({ settings }: ConnectContext, project: string): string {
  const words = ['mlflow-gcp', 'connect', '--database', '--format', 'password', '--quiet'];
  const where = [...(settings.local ? ['--local'] : []), '--project', project, '--name', settings.name.value];
  return [...words, ...where].map(shellWord).join(' ');
}

/** A proxy need not run yet, and there is no client of MySQL in this program. */
async function check({ ui, options }: ConnectContext, deployment: Deployment, { access, via }: Way): Promise<boolean> {
  if (options.noCheck || via === 'proxy' || access.engine !== 'postgres') return false;
  const { sqlInstance, project } = deployment;
  const hint = `Google admits authorised networks alone: see them with gcloud sql instances describe ${sqlInstance} --project=${project} --format='value(settings.ipConfiguration.authorizedNetworks)' — or go through the proxy: mlflow-gcp connect --database --via proxy`;
  await ui.step('Check that the database lets it in', () => checkDatabase(access, hint));
  return true;
}

function explain({ ui }: ConnectContext, deployment: Deployment, { access, via }: Way): void {
  if (via === 'proxy') {
    ui.note(
      `In another terminal, beforehand (it signs in as you and encrypts; https://docs.cloud.google.com/sql/docs/postgres/sql-proxy):\n  ${proxyCommand(deployment)}`,
    );
    return;
  }
  const proof = access.tls?.clientCert === undefined ? 'TLS' : 'TLS with the client certificate';
  ui.note(`Directly to ${access.host}, over ${proof}. The password comes from Secret Manager each time, and is in no argument.`);
  if (access.host !== THIS_MACHINE) ui.note('Only from networks that the instance has among its authorised ones.');
}

function proxyCommand(deployment: Deployment): string {
  return ['cloud-sql-proxy', connectionName(deployment)].map(shellWord).join(' ');
}

function notForMysql(format: string): UsageError {
  return new UsageError({
    code: 'FORMAT_NOT_FOR_MYSQL',
    message: `--format ${format}: MySQL’s clients read no such variables.`,
    hint: 'Leave it out for a command line, or use --json.',
  });
}
