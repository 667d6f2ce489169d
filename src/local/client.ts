import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };
import type { Deps } from '../deps.ts';
import { UserError } from '../errors.ts';
import type { Target } from '../target.ts';
import type { Ui } from '../ui/ui.ts';
import { launchDaemon, stopDaemon } from './daemon-control.ts';
import { type DaemonRecord, daemonState } from './daemon-record.ts';
import { type LocalHome, localHome } from './home.ts';
import { loopbackUrlOf } from './runtime/run/doors-file.ts';
import { databaseAddress } from './runtime/sql-engines.ts';

/** The simulator takes any bearer token; this one stands for the person at the keyboard. */
const ACCESS_TOKEN = 'local';
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1', '[::1]'];

/**
 * The simulated Google Cloud on this machine. Its background process is started when it is not running, and again when it is of another
 * version of mlflow-gcp. Throws a {@link UserError} LOCAL_DIED when it has ended without being stopped: whoever relies on the
 * servers that ran there should know.
 */
export async function localTarget(deps: Deps, ui: Ui): Promise<Target> {
  const home = localHome(deps.env);
  const found = daemonState(home.daemonFile);
  if (found.state === 'died') throw died(found.record);
  const { record } = await ensureDaemon(home, deps, ui);
  return targetOf(home, record);
}

/** The running background process; started, with a word to the user, when there is none of this version. */
export async function ensureDaemon(
  home: LocalHome,
  deps: Deps,
  ui: Ui,
  options: { speed?: number } = {},
): Promise<{ record: DaemonRecord; started: boolean }> {
  const found = daemonState(home.daemonFile);
  if (found.state === 'running' && found.record.version === packageFile.version) return { record: found.record, started: false };
  if (found.state === 'running') {
    ui.note(`The local target runs as mlflow-gcp ${found.record.version}: it is started again as ${packageFile.version}.`);
    await ui.step('Stop the local target', () => stopDaemon(home));
  }
  const record = await ui.step('Start the local target', () => launchDaemon(home, deps, options), { usualSeconds: 3 });
  return { record, started: true };
}

function died({ pid, startedAt }: DaemonRecord): UserError {
  return new UserError({
    code: 'LOCAL_DIED',
    message: `The local target’s background process (${pid}, started ${startedAt}) ended without being stopped: it was killed, or the machine was started anew. Its data is still there.`,
    hint: 'mlflow-gcp local start',
  });
}

function targetOf(home: LocalHome, record: DaemonRecord): Target {
  const proxy = new URL(`http://127.0.0.1:${record.port}`);
  return {
    kind: 'local',
    proxyFor: (host) => (LOOPBACK_NAMES.includes(host.toLowerCase()) ? undefined : proxy),
    authorities: [readFileSync(record.ca, 'utf8')],
    accessToken: ACCESS_TOKEN,
    defaultProject: record.project,
    reachableUrl: async (url) => reachableUrl(home, url),
    reachableDatabase: async (connectionName) => databaseAddress(home.sql, connectionName),
    childEnvironment: () => childEnvironment(home, record),
  };
}

function reachableUrl(home: LocalHome, url: string): string {
  const loopback = loopbackUrlOf(home.doorsFile, url);
  if (loopback === undefined) return url;
  const { pathname, search, hash } = new URL(url);
  return `${loopback}${pathname === '/' ? '' : pathname}${search}${hash}`;
}

function childEnvironment(home: LocalHome, { port, ca, project }: DaemonRecord): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`;
  const direct = LOOPBACK_NAMES.slice(0, 3).join(',');
  return {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    NODE_EXTRA_CA_CERTS: ca,
    SSL_CERT_FILE: ca,
    REQUESTS_CA_BUNDLE: ca,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: ACCESS_TOKEN,
    CLOUDSDK_CORE_PROJECT: project,
    // gcloud’s own accounts and settings are of the real cloud.
    CLOUDSDK_CONFIG: join(home.folder, 'gcloud'),
  };
}
