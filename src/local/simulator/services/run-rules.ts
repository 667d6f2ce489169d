import type { JsonObject, Sim } from '../service.ts';
import { findAccount } from './iam-accounts.ts';
import { checkLocation, checkRunService } from './orgpolicy-checks.ts';
import { checkKeyless } from './orgpolicy-usage.ts';
import { badRequest, forbidden, invalidField } from './refusals.ts';
import { defaultAccount, findRevision, findService, type ServicePlace, serviceKey, serviceName } from './run-records.ts';

/** The ingress settings as organisation policies name them. */
const INGRESS: Record<string, string> = {
  INGRESS_TRAFFIC_INTERNAL_ONLY: 'internal',
  INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER: 'internal-and-cloud-load-balancing',
};
const RESERVED = ['PORT', 'K_SERVICE', 'K_REVISION', 'K_CONFIGURATION'];

/** @throws GoogleError 400 */
export function checkServiceId(id: string): void {
  if (/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/.test(id)) return;
  throw invalidField(
    'service_id',
    'metadata.name: only lowercase, digits, and hyphens; must begin with letter, and cannot end with hyphen; must be less than 50 characters',
  );
}

/**
 * Holds the settings of a service, defaults filled in, against Cloud Run's rules.
 * @throws GoogleError 400; 403 for a service account that is not there
 */
export function checkSpec(sim: Sim, place: ServicePlace, spec: JsonObject): void {
  const template = spec['template'] as JsonObject;
  const containers = template['containers'] as JsonObject[];
  if (containers.length === 0)
    throw invalidField('template.containers', 'spec.template.spec.containers: should contain at least 1 container');
  checkTemplate(template);
  checkRevisionName(place, template);
  const volumes = ((template['volumes'] ?? []) as JsonObject[]).map(({ name }) => String(name));
  for (const [at, container] of containers.entries()) checkContainer(container, at, volumes);
  if (containers.filter(({ ports }) => Array.isArray(ports) && ports.length > 0).length > 1) {
    throw badRequest('spec.template.spec.containers: exactly one container must have a port');
  }
  checkTraffic(sim, place, spec['traffic'] as JsonObject[]);
  checkAccount(sim, place, String(template['serviceAccount']));
  checkPolicies(sim, place, spec, template);
}

/** @throws GoogleError 400 for what an organisation's policy forbids */
function checkPolicies(sim: Sim, place: ServicePlace, spec: JsonObject, template: JsonObject): void {
  const { projectId, location } = place;
  const isNew = findService(sim, serviceKey(place)) === undefined;
  if (isNew) checkLocation(sim, projectId, location, 'create a service');
  if (!template['encryptionKey']) checkKeyless(sim, projectId, 'run.googleapis.com', 'create a revision');
  const { policy, useDefault } = (spec['binaryAuthorization'] ?? {}) as { policy?: string; useDefault?: boolean };
  checkRunService(sim, projectId, serviceName(place), {
    method: isNew ? 'CreateService' : 'UpdateService',
    ingress: INGRESS[String(spec['ingress'])] ?? 'all',
    invokerIamDisabled: spec['invokerIamDisabled'] === true,
    binaryAuthorization: useDefault ? 'default' : policy,
  });
}

function checkTemplate(template: JsonObject): void {
  const timeout = Number.parseFloat(String(template['timeout']));
  if (!(timeout > 0 && timeout <= 3600)) {
    throw invalidField('template.timeout', 'spec.template.spec.timeoutSeconds: should be between 1 and 3600');
  }
  const concurrency = Number(template['maxInstanceRequestConcurrency']);
  if (!(concurrency >= 1 && concurrency <= 1000)) {
    throw invalidField(
      'template.max_instance_request_concurrency',
      'spec.template.spec.containerConcurrency: should be between 1 and 1000',
    );
  }
  const { minInstanceCount = 0, maxInstanceCount } = (template['scaling'] ?? {}) as Record<string, number>;
  if (maxInstanceCount !== undefined && maxInstanceCount > 0 && minInstanceCount > maxInstanceCount) {
    throw badRequest('The annotation autoscaling.knative.dev/minScale must not be larger than autoscaling.knative.dev/maxScale.');
  }
}

function checkRevisionName(place: ServicePlace, template: JsonObject): void {
  const name = template['revision'];
  if (name === undefined || name === '') return;
  if (!String(name).startsWith(`${place.id}-`) || !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(String(name))) {
    throw badRequest(
      `spec.template.metadata.name: Revision name must be prefixed by the name of the enclosing Configuration or Service: ${place.id}-`,
    );
  }
}

function checkContainer(container: JsonObject, at: number, volumes: string[]): void {
  const path = `spec.template.spec.containers[${at}]`;
  if (!container['image']) throw badRequest(`${path}.image: should be set`);
  const names = new Set<string>();
  for (const [number, { name }] of ((container['env'] ?? []) as JsonObject[]).entries()) {
    if (!name) throw badRequest(`${path}.env[${number}].name: should not be empty`);
    if (RESERVED.includes(String(name))) {
      throw badRequest(
        `${path}.env: The following reserved env names were provided: ${name}. These values are automatically set by the system.`,
      );
    }
    if (names.has(String(name))) throw badRequest(`${path}.env: Duplicate environment variable name: ${name}`);
    names.add(String(name));
  }
  for (const mount of (container['volumeMounts'] ?? []) as JsonObject[]) {
    if (!volumes.includes(String(mount['name'])))
      throw badRequest(`${path}.volume_mounts: No volume with name "${mount['name']}"`);
  }
  const probe = container['startupProbe'] as Record<string, number> | undefined;
  if (probe) checkProbe(probe, `${path}.startup_probe`);
}

function checkProbe(
  { timeoutSeconds = 1, periodSeconds = 10, failureThreshold = 3, initialDelaySeconds = 0 }: Record<string, number>,
  path: string,
): void {
  if (timeoutSeconds > periodSeconds) throw badRequest(`${path}.timeout_seconds: must be less than or equal to period_seconds`);
  if (periodSeconds > 240) throw badRequest(`${path}.period_seconds: must be between 1 and 240`);
  if (initialDelaySeconds > 240) throw badRequest(`${path}.initial_delay_seconds: must be between 0 and 240`);
  if (failureThreshold < 1) throw badRequest(`${path}.failure_threshold: must be at least 1`);
}

function checkTraffic(sim: Sim, place: ServicePlace, traffic: JsonObject[]): void {
  const sum = traffic.reduce((total, { percent }) => total + Number(percent ?? 0), 0);
  if (sum !== 100) throw badRequest(`spec.traffic: Traffic targets must sum to 100 percent, not ${sum}`);
  for (const { revision, type } of traffic) {
    if (type !== 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION') continue;
    if (!findRevision(sim, serviceKey(place), String(revision))) {
      throw badRequest(`spec.traffic: Revision "${revision}" not found`);
    }
  }
}

/** @throws GoogleError 403 for a service account that is not there */
export function checkAccount(sim: Sim, place: ServicePlace, email: string): void {
  const own = email.endsWith(`@${place.projectId}.iam.gserviceaccount.com`);
  if (!own || email === defaultAccount(place.projectNumber) || findAccount(sim, email)) return;
  throw forbidden(`Permission 'iam.serviceaccounts.actAs' denied on service account ${email} (or it may not exist).`);
}
