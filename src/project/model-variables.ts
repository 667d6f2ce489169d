import path from 'node:path';
import { type ClientSettings, clientVariables } from './client-settings.ts';
import type { Environment } from './tool.ts';

/** Of the user's own MLFLOW_ settings, those on how to make a connection; the others could send the run somewhere else. */
const CONNECTION = /^MLFLOW_(?:HTTP_|TRACKING_INSECURE_TLS$|TRACKING_SERVER_CERT_PATH$|TRACKING_CLIENT_CERT_PATH$)/;
/** Would make Python look elsewhere for its own files or for our program's. */
const PYTHON = /^(?:PYTHON|VIRTUAL_ENV$|CONDA_)/;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

/**
 * The environment of the model program: the user's own, proxies among it, with the settings of one server and nothing that could
 * contradict them. Files that Python and matplotlib make for later go into `environment`, the folder of the Python environment.
 */
export function modelVariables(
  env: Environment,
  settings: ClientSettings,
  environment: string,
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(
    ([name]) => !PYTHON.test(name) && (!name.startsWith('MLFLOW_') || CONNECTION.test(name)),
  );
  const variables: Record<string, string | undefined> = {
    ...Object.fromEntries(kept),
    ...clientVariables(settings),
    PYTHONUTF8: '1',
    // The package's own folder may be read-only.
    PYTHONPYCACHEPREFIX: path.join(environment, 'bytecode'),
    MPLCONFIGDIR: path.join(environment, 'matplotlib'),
    MPLBACKEND: 'Agg',
    // A matching entry in ~/.netrc would take the place of the username and password given here.
    NETRC: '/dev/null',
  };
  return isLoopback(settings.trackingUri) ? { ...variables, ...withoutProxyForLoopback(env) } : variables;
}

function isLoopback(uri: string): boolean {
  const host = new URL(uri).hostname.replace(/^\[(.*)\]$/, '$1');
  return LOOPBACK.includes(host) || host.startsWith('127.');
}

/** Python's requests asks a proxy even for this machine, unless told otherwise. It reads the lower-case name first. */
function withoutProxyForLoopback(env: Environment): Record<string, string> {
  const hosts = [env['no_proxy'], env['NO_PROXY']].flatMap((list) => (list ? list.split(',') : [])).concat(LOOPBACK);
  const list = [...new Set(hosts.map((host) => host.trim()).filter((host) => host !== ''))].join(',');
  return { NO_PROXY: list, no_proxy: list };
}
