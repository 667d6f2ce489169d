import { type Revision, RevisionFailed } from '../../runtime-port.ts';
import type { JsonObject, Sim } from '../service.ts';
import { findNeeds, ingressContainer, type Needs, NotReady, runnableImage } from './run-needs.ts';
import { type RevisionRecord, type ServiceRecord, serviceName, serviceUrls } from './run-records.ts';

/**
 * Checks what a revision needs and starts it in the runtime, where there is one.
 * @returns the image with its digest
 * @throws NotReady
 */
export async function startRevision(sim: Sim, service: ServiceRecord, revision: RevisionRecord): Promise<string> {
  const container = ingressContainer(revision);
  const needs = findNeeds(sim, service, revision);
  if (!sim.runtime) return needs.image;
  const image = runnableImage(needs, container);
  try {
    await sim.runtime.run.start(runtimeRevision(service, revision, image, needs));
  } catch (error) {
    if (error instanceof RevisionFailed) throw notReady(error, container);
    // Whatever went wrong behind it, the service says so instead of waiting for ever.
    throw new NotReady('Internal', `System error: ${error instanceof Error ? error.message : String(error)}`);
  }
  return needs.image;
}

function runtimeRevision(service: ServiceRecord, revision: RevisionRecord, image: string, needs: Needs): Revision {
  const container = ingressContainer(revision);
  const port = (container['ports'] as JsonObject[])[0] as JsonObject;
  const probe = (container['startupProbe'] ?? {}) as JsonObject;
  const path = (probe['httpGet'] as JsonObject | undefined)?.['path'];
  return {
    service: serviceName(service),
    name: revision.name,
    image,
    command: (container['command'] ?? []) as string[],
    args: (container['args'] ?? []) as string[],
    env: needs.env,
    containerPort: Number(port['containerPort']),
    protocol: port['name'] === 'h2c' ? 'h2c' : 'http1',
    cloudSqlInstances: needs.cloudSqlInstances,
    serviceAccount: String(revision.template['serviceAccount']),
    startupProbe: {
      ...(path === undefined ? {} : { path: String(path) }),
      periodSeconds: Number(probe['periodSeconds'] ?? 10),
      failureThreshold: Number(probe['failureThreshold'] ?? 3),
      timeoutSeconds: Number(probe['timeoutSeconds'] ?? 1),
      initialDelaySeconds: Number(probe['initialDelaySeconds'] ?? 0),
    },
    timeoutSeconds: Number.parseFloat(String(revision.template['timeout'])),
    urls: serviceUrls(service),
  };
}

function notReady(error: RevisionFailed, container: JsonObject): NotReady {
  const port = ((container['ports'] as JsonObject[])[0] as JsonObject)['containerPort'];
  const google =
    error.reason === 'HealthCheckContainerError'
      ? `The user-provided container failed to start and listen on the port defined provided by the PORT=${port} environment variable within the allocated timeout. This can happen when the container port is misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this revision might contain more information.\n\n${error.message}`
      : error.message;
  return new NotReady(error.reason, google);
}
