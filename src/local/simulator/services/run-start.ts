import { type Revision, RevisionFailed } from '../../runtime-port.ts';
import { GoogleError, type JsonObject, type Sim } from '../service.ts';
import { localImage, parseReference, resolveImage } from './docker-registry-images.ts';
import { isGranted } from './iam-grants.ts';
import { type RevisionRecord, type ServiceRecord, serviceName, serviceUrls } from './run-records.ts';
import { canonicalName, findSecret } from './secretmanager-records.ts';
import { accessSecret } from './secretmanager-versions.ts';
import { findInstance } from './sqladmin-records.ts';

/** Why a revision does not become ready, as its condition says it. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

type Home = Pick<ServiceRecord, 'projectId' | 'projectNumber'>;
type Templated = Pick<RevisionRecord, 'template'>;

/**
 * Checks what a revision needs and starts it in the runtime, where there is one.
 * @returns the image with its digest
 * @throws NotReady
 */
export async function startRevision(sim: Sim, service: ServiceRecord, revision: RevisionRecord): Promise<string> {
  const container = ingressContainer(revision);
  const image = findImage(sim, String(container['image']));
  const env = resolveEnv(sim, service, revision);
  checkVolumes(sim, service, revision);
  for (const instance of sqlInstances(revision)) checkInstance(sim, instance);
  if (!sim.runtime) return image.shown;
  if (image.run === undefined) {
    throw new NotReady(
      'ContainerMissing',
      `Image '${container['image']}' is not in a registry of this machine, so it cannot be run here.`,
    );
  }
  try {
    await sim.runtime.run.start(runtimeRevision(service, revision, image.run, env));
  } catch (error) {
    if (error instanceof RevisionFailed) throw notReady(error, container);
    // Whatever went wrong behind it, the service says so instead of waiting for ever.
    throw new NotReady('Internal', `System error: ${error instanceof Error ? error.message : String(error)}`);
  }
  return image.shown;
}

/**
 * Checks what a task of a job needs: its images and its secrets.
 * @param task a TaskTemplate of the second API
 * @throws NotReady
 */
export function checkTask(sim: Sim, home: Home, task: JsonObject): void {
  for (const { image } of (task['containers'] ?? []) as JsonObject[]) findImage(sim, String(image));
  resolveEnv(sim, home, { template: task });
  checkVolumes(sim, home, { template: task });
  for (const instance of sqlInstances({ template: task })) checkInstance(sim, instance);
}

/** The container that takes the requests. */
export function ingressContainer({ template }: Templated): JsonObject {
  const containers = template['containers'] as JsonObject[];
  return containers.find(({ ports }) => Array.isArray(ports) && ports.length > 0) ?? (containers[0] as JsonObject);
}

/** `shown` goes into the revision's status; `run` is the image as the runtime knows it, for images that were built here. */
function findImage(sim: Sim, image: string): { shown: string; run: string | undefined } {
  const reference = parseReference(image);
  if (!reference)
    throw new NotReady(
      'ContainerMissing',
      `Expected an image path like [host/]repo-path[:tag and/or @digest], where host is one of [region.]gcr.io, [region-]docker.pkg.dev or docker.io but obtained ${image}`,
    );
  if (!localImage(sim, reference)) return { shown: image, run: undefined };
  const found = resolveImage(sim, reference);
  if (!found) throw new NotReady('ContainerMissing', `Image '${image}' not found.`);
  const name = `${reference.host}/${reference.path}`;
  return { shown: `${name}@${found.manifest.digest}`, run: found.origin && `${name}@${found.origin.runtimeDigest}` };
}

function runtimeRevision(service: ServiceRecord, revision: RevisionRecord, image: string, env: Record<string, string>): Revision {
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
    env,
    containerPort: Number(port['containerPort']),
    protocol: port['name'] === 'h2c' ? 'h2c' : 'http1',
    cloudSqlInstances: sqlInstances(revision),
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

function sqlInstances({ template }: Templated): string[] {
  const volumes = (template['volumes'] ?? []) as JsonObject[];
  return volumes.flatMap(
    ({ cloudSqlInstance }) => ((cloudSqlInstance as JsonObject | undefined)?.['instances'] ?? []) as string[],
  );
}

/** @throws NotReady for an instance of this project that there is not */
function checkInstance(sim: Sim, connectionName: string): void {
  const [, project = '', region, name = ''] = /^((?:[^:]+\.[^:]+:)?[^:]+):([^:]+):([^:]+)$/.exec(connectionName) ?? [];
  const own = project === sim.project.projectId || project === sim.project.projectNumber;
  const found = own ? findInstance(sim, sim.project.projectId, name) : undefined;
  if (name !== '' && (!own || found?.region === region)) return;
  throw new NotReady(
    'RevisionFailed',
    `Cloud SQL instance "${connectionName}" not found. A connection name is PROJECT:REGION:INSTANCE.`,
  );
}

function notReady(error: RevisionFailed, container: JsonObject): NotReady {
  const port = ((container['ports'] as JsonObject[])[0] as JsonObject)['containerPort'];
  const google =
    error.reason === 'HealthCheckContainerError'
      ? `The user-provided container failed to start and listen on the port defined provided by the PORT=${port} environment variable within the allocated timeout. This can happen when the container port is misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this revision might contain more information.\n\n${error.message}`
      : error.message;
  const tail = error.logTail.length > 0 ? `\n\nThe container's last lines:\n${error.logTail.join('\n')}` : '';
  return new NotReady(error.reason, `${google}${tail}`);
}

function resolveEnv(sim: Sim, service: Home, revision: Templated): Record<string, string> {
  const containers = revision.template['containers'] as JsonObject[];
  const env: Record<string, string> = {};
  for (const [at, container] of containers.entries()) {
    const own = container === ingressContainer(revision);
    for (const [number, entry] of ((container['env'] ?? []) as JsonObject[]).entries()) {
      const reference = (entry['valueSource'] as JsonObject | undefined)?.['secretKeyRef'] as JsonObject | undefined;
      const path = `spec.template.spec.containers[${at}].env[${number}].value_from.secret_key_ref.name`;
      const value = reference ? readSecretValue(sim, service, revision, reference, path) : String(entry['value'] ?? '');
      if (own) env[String(entry['name'])] = value;
    }
  }
  return env;
}

function checkVolumes(sim: Sim, service: Home, revision: Templated): void {
  for (const [at, volume] of ((revision.template['volumes'] ?? []) as JsonObject[]).entries()) {
    const secret = volume['secret'] as JsonObject | undefined;
    if (!secret) continue;
    const path = `spec.template.spec.volumes[${at}].secret.secret_name`;
    const items = (secret['items'] ?? [{ version: 'latest' }]) as JsonObject[];
    for (const item of items) {
      readSecretValue(sim, service, revision, { secret: secret['secret'] ?? '', version: item['version'] ?? 'latest' }, path);
    }
  }
}

function readSecretValue(sim: Sim, service: Home, revision: Templated, reference: JsonObject, path: string): string {
  const sent = String(reference['secret']);
  const full = sent.startsWith('projects/') ? sent : `projects/${service.projectNumber}/secrets/${sent}`;
  const version = String(reference['version'] || 'latest');
  const email = String(revision.template['serviceAccount']);
  try {
    const name = canonicalName(sim, full);
    if (!findSecret(sim, name)) throw missing(path, `${name}/versions/${version}`);
    const resource = `//secretmanager.googleapis.com/${name}`;
    if (!isGranted(sim, `serviceAccount:${email}`, 'secretmanager.versions.access', resource, service.projectId)) {
      throw new NotReady(
        'SecretsAccessCheckFailed',
        `${path}: Permission denied on secret: ${name}/versions/${version} for Revision service account ${email}. The service account used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) at the secret, project or higher level.`,
      );
    }
    return accessSecret(sim, `${name}/versions/${version}`).toString();
  } catch (error) {
    if (error instanceof GoogleError) throw missing(path, `${full}/versions/${version}`);
    throw error;
  }
}

function missing(path: string, name: string): NotReady {
  return new NotReady('SecretsAccessCheckFailed', `${path}: Secret ${name} was not found`);
}
