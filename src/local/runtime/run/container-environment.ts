import { delimiter } from 'node:path';
import type { Revision } from '../../runtime-port.ts';
import { LOOPBACK } from '../ports.ts';

export interface ContainerPlace {
  port: number;
  /** Folders that come first on PATH, and the PATH that follows. */
  path: string[];
  systemPath: string;
  /** Of this revision alone. */
  home: string;
  temporary: string;
  /** `127.0.0.1:N` of this revision's metadata server. */
  metadataServer: string;
  simulator: { port: number; caFile: string };
  /** The local folder with the socket of an instance; undefined when it does not run. */
  socketFolder(connectionName: string): string | undefined;
}

/**
 * The whole environment of a container: what the revision says, what Cloud Run adds, and what makes Google's client libraries find
 * the simulator in place of Google. Nothing of this process's own environment is in it but PATH.
 * https://docs.cloud.google.com/run/docs/container-contract#env-vars
 */
export function containerEnvironment(revision: Revision, place: ContainerPlace): Record<string, string> {
  const service = revision.service.split('/').at(-1) ?? revision.service;
  const proxy = `http://${LOOPBACK}:${place.simulator.port}`;
  const direct = `${LOOPBACK},localhost`;
  return {
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    ...withLocalSockets(revision, place),
    PATH: [...place.path, place.systemPath].join(delimiter),
    HOME: place.home,
    TMPDIR: place.temporary,
    PORT: String(place.port),
    K_SERVICE: service,
    K_REVISION: revision.name,
    K_CONFIGURATION: service,
    // In an image the server listens on every address; here it is on a machine with neighbours.
    HOST: LOOPBACK,
    MLFLOW_HOST: LOOPBACK,
    GCE_METADATA_HOST: place.metadataServer,
    GCE_METADATA_IP: place.metadataServer,
    GCE_METADATA_ROOT: place.metadataServer,
    // Both spellings: Python prefers the small one, which the revision may have set.
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    REQUESTS_CA_BUNDLE: place.simulator.caFile,
    SSL_CERT_FILE: place.simulator.caFile,
  };
}

/** On Cloud Run the sockets of the mounted instances are below /cloudsql; here each is in a folder of its own. */
function withLocalSockets(revision: Revision, place: ContainerPlace): Record<string, string> {
  const env = { ...revision.env };
  for (const connectionName of revision.cloudSqlInstances) {
    const folder = place.socketFolder(connectionName);
    if (folder === undefined) continue;
    for (const [name, text] of Object.entries(env)) env[name] = replaceSocketFolder(text, connectionName, folder);
  }
  return env;
}

/** Replaces `/cloudsql/CONNECTION_NAME` as it is and percent-encoded, as in a database URL. */
export function replaceSocketFolder(text: string, connectionName: string, folder: string): string {
  const slash = '(?:/|%2F)';
  const name = connectionName.split(':').map(escapePattern).join('(?::|%3A)');
  const pattern = new RegExp(`(/|%2F)cloudsql${slash}${name}(?![\\w-])`, 'gi');
  return text.replace(pattern, (_, first: string) => (first === '/' ? folder : encodeURIComponent(folder)));
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
