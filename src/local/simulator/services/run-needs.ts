import { GoogleError, type JsonObject, type Sim } from '../service.ts';
import { localImage, parseReference, resolveImage } from './docker-registry-images.ts';
import { isGranted } from './iam-grants.ts';
import type { RevisionRecord, ServiceRecord } from './run-records.ts';
import { canonicalName, findSecret } from './secretmanager-records.ts';
import { accessSecret } from './secretmanager-versions.ts';
import { findInstance } from './sqladmin-records.ts';

/** Why a container cannot be started, as its condition says it. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export type Home = Pick<ServiceRecord, 'projectId' | 'projectNumber'>;
export type Templated = Pick<RevisionRecord, 'template'>;

/** What a container needs, found. */
export interface Needs {
  /** The image with its digest, for the status. */
  image: string;
  /** The image as the runtime knows it; undefined for one that was not built here. */
  runnable: string | undefined;
  /** With the values of secrets. */
  env: Record<string, string>;
  cloudSqlInstances: string[];
}

/**
 * Finds what a revision or a task needs: its images, its secrets, its database instances.
 * @throws NotReady for what is not there, or not for its service account
 */
export function findNeeds(sim: Sim, home: Home, revision: Templated): Needs {
  const own = ingressContainer(revision);
  const images = (revision.template['containers'] as JsonObject[]).map((container) => ({
    container,
    ...findImage(sim, String(container['image'])),
  }));
  const { shown = '', run } = images.find(({ container }) => container === own) ?? {};
  const env = resolveEnv(sim, home, revision);
  checkVolumes(sim, home, revision);
  const cloudSqlInstances = sqlInstances(revision);
  for (const instance of cloudSqlInstances) checkInstance(sim, instance);
  return { image: shown, runnable: run, env, cloudSqlInstances };
}

/** What stands behind its name. @throws NotReady for an image that was not built here */
export function runnableImage(needs: Needs, container: JsonObject): string {
  if (needs.runnable !== undefined) return needs.runnable;
  throw new NotReady(
    'ContainerMissing',
    `Image '${container['image']}' is not in a registry of this machine, so it cannot be run here.`,
  );
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
