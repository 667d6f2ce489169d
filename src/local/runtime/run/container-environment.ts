import { delimiter } from 'node:path';
import type { ContainerSpec, Revision, TaskAttempt } from '../../runtime-port.ts';
import { LOOPBACK } from '../ports.ts';

export interface ContainerPlace {
  /** Folders that come first on PATH, and the PATH that follows. */
  path: string[];
  systemPath: string;
  /** Of this container alone. */
  home: string;
  temporary: string;
  /** `127.0.0.1:N` of this container's metadata server. */
  metadataServer: string;
  simulator: { port: number; caFile: string };
  /** What stands for `/cloudsql/CONNECTION_NAME` here: the folder with PostgreSQL's socket or MySQL's socket itself; undefined without such an instance. */
  socketPath(connectionName: string): string | undefined;
}

/**
 * The whole environment of a container: what its template says, what Cloud Run adds (`own`), and what makes Google's client libraries find
 * the simulator in place of Google. Nothing of this process's own environment is in it but PATH.
 * https://docs.cloud.google.com/run/docs/container-contract#env-vars
 */
export function containerEnvironment(
  container: ContainerSpec,
  own: Record<string, string>,
  place: ContainerPlace,
): Record<string, string> {
  const proxy = `http://${LOOPBACK}:${place.simulator.port}`;
  const direct = `${LOOPBACK},localhost`;
  return {
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    ...withLocalSockets(container, place),
    PATH: [...place.path, place.systemPath].join(delimiter),
    HOME: place.home,
    TMPDIR: place.temporary,
    ...own,
    // In an image the server listens on every address; here it is on a machine with neighbours.
    HOST: LOOPBACK,
    MLFLOW_HOST: LOOPBACK,
    GCE_METADATA_HOST: place.metadataServer,
    GCE_METADATA_IP: place.metadataServer,
    GCE_METADATA_ROOT: place.metadataServer,
    // Both spellings: Python prefers the small one, which the template may have set.
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    REQUESTS_CA_BUNDLE: place.simulator.caFile,
    SSL_CERT_FILE: place.simulator.caFile,
  };
}

/** What Cloud Run tells a service's container. */
export function serviceVariables(revision: Revision, port: number): Record<string, string> {
  const service = revision.service.split('/').at(-1) ?? revision.service;
  return { PORT: String(port), K_SERVICE: service, K_REVISION: revision.name, K_CONFIGURATION: service };
}

/** What Cloud Run tells a task's container. https://docs.cloud.google.com/run/docs/container-contract#jobs-env-vars */
export function taskVariables({ job, execution, index, count, attempt }: TaskAttempt): Record<string, string> {
  return {
    CLOUD_RUN_JOB: job.split('/').at(-1) ?? job,
    CLOUD_RUN_EXECUTION: execution,
    CLOUD_RUN_TASK_INDEX: String(index),
    CLOUD_RUN_TASK_COUNT: String(count),
    CLOUD_RUN_TASK_ATTEMPT: String(attempt),
  };
}

/** On Cloud Run the sockets of the mounted instances are below /cloudsql; here each has a place of its own. */
function withLocalSockets(container: ContainerSpec, place: ContainerPlace): Record<string, string> {
  const env = { ...container.env };
  for (const connectionName of container.cloudSqlInstances) {
    const path = place.socketPath(connectionName);
    if (path === undefined) continue;
    for (const [name, text] of Object.entries(env)) env[name] = replaceSocketPath(text, connectionName, path);
  }
  return env;
}

/** Replaces `/cloudsql/CONNECTION_NAME` as it is and percent-encoded, as in a database URL. */
export function replaceSocketPath(text: string, connectionName: string, path: string): string {
  const slash = '(?:/|%2F)';
  const name = connectionName.split(':').map(escapePattern).join('(?::|%3A)');
  const pattern = new RegExp(`(/|%2F)cloudsql${slash}${name}(?![\\w-])`, 'gi');
  return text.replace(pattern, (_, first: string) => (first === '/' ? path : encodeURIComponent(path)));
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
