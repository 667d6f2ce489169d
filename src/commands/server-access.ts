import type { Deps } from '../deps.ts';
import { UsageError, UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { accessVersion } from '../gcp/secret-versions.ts';
import type { ClientSettings } from '../project/client-settings.ts';
import type { ServerRoute } from '../project/server-check.ts';
import type { SecretKey } from '../stack/deployment.ts';
import { settle } from '../stack/settle.ts';
import { unlessDisabled } from '../stack/unless-disabled.ts';
import type { Context } from './command.ts';
import { projectOf } from './open-deployment.ts';
import { openGoogleFor } from './open-google.ts';

/** How to get to a tracking server and be let in. */
export interface ServerAccess {
  client: ClientSettings;
  /** For calls of our own. */
  route: ServerRoute;
  /** For programs that call it: proxies and authorities, to be laid over the user's own environment. */
  childEnvironment: Record<string, string>;
}

const NEEDED = ['tracking_url', 'tracking_username', 'tracking_password'] as const satisfies readonly SecretKey[];

/** Reads, as a step, address and credentials of the deployment's server, and how to get there. Throws what {@link readClientSettings} does. */
export async function readServerAccess(context: Pick<Context, 'deps' | 'ui' | 'settings'>): Promise<ServerAccess> {
  const { deps, ui, settings } = context;
  const google = await openGoogleFor(context);
  try {
    const project = projectOf(settings, google);
    const client = await ui.step('Read the address and the credentials', () =>
      readClientSettings(google, project, settings.name.value),
    );
    const { target } = google;
    const route: ServerRoute = {
      proxyFor: (host) => target.proxyFor(host),
      authorities: target.authorities,
      signal: deps.signal,
    };
    return { client, route, childEnvironment: target.childEnvironment() };
  } finally {
    google.close();
  }
}

/**
 * Reads address, username and password of a deployment from Secret Manager, newest versions, and turns the address into the one
 * that this machine reaches. Throws a {@link UserError} SECRETS_MISSING that names what is not there, or what Secret Manager answers.
 */
export async function readClientSettings(google: Google, project: string, name: string): Promise<ClientSettings> {
  const found = await settle(NEEDED.map((key) => unlessDisabled(accessVersion(google, { project, secretId: `${name}_${key}` }))));
  const [url, username, password] = found.map((version) => version?.value);
  if (!url || !username || !password) {
    const missing = NEEDED.filter((_key, index) => !found[index]?.value).map((key) => `${name}_${key}`);
    throw new UserError({
      code: 'SECRETS_MISSING',
      message: `Project ${project} has no value for ${missing.join(', ')}: deployment ${name} is not there, or not finished.`,
      hint: 'Make it with `mlflow-gcp init` and `mlflow-gcp deploy`; another one is named with --name and --project.',
    });
  }
  return { trackingUri: (await google.target.reachableUrl(url)).replace(/\/+$/, ''), username, password };
}

/**
 * The settings of a server that is no deployment of ours: the address as given, username and password from the variables that MLflow's
 * own clients read. Throws a {@link UsageError} for an address that is none, or that holds a password, where others could read it.
 */
export function otherServer(address: string, env: Deps['env']): ClientSettings {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError({
      code: 'TRACKING_URI_INVALID',
      message: '--tracking-uri must be the http or https address of an MLflow server.',
      hint: 'Such as: mlflow-gcp model --tracking-uri http://127.0.0.1:5000',
    });
  }
  if (url.username || url.password) {
    throw new UsageError({
      code: 'TRACKING_URI_WITH_PASSWORD',
      message: '--tracking-uri holds a username or a password, which other users of this machine can see.',
      hint: 'Leave them out of the address, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
    });
  }
  const username = env['MLFLOW_TRACKING_USERNAME'];
  const password = env['MLFLOW_TRACKING_PASSWORD'];
  return {
    trackingUri: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };
}
