import type { JsonObject, Sim } from '../service.ts';
import { type LongApi, placeOf } from './long-operations.ts';
import { badRequest, notFound } from './refusals.ts';

export const DOMAINS: LongApi = { api: 'domains', type: 'type.googleapis.com/google.cloud.domains.v1', locations: ['global'] };

export interface Registration {
  projectId: string;
  domainName: string;
  createTime: string;
  expireTime?: string;
  state: 'REGISTRATION_PENDING' | 'ACTIVE';
  labels?: JsonObject;
  managementSettings: JsonObject;
  dnsSettings: JsonObject;
  contactSettings: JsonObject;
}

const KIND = 'domains.registrations';

export function registrationName({ projectId, domainName }: Pick<Registration, 'projectId' | 'domainName'>): string {
  return `projects/${projectId}/locations/global/registrations/${domainName}`;
}

/** Every domain belongs to one project at most. */
export function findRegistration(sim: Sim, domainName: string): Registration | undefined {
  return sim.store.get<Registration>(KIND, domainName);
}

export function listRegistrations(sim: Sim, projectId: string): Registration[] {
  return sim.store
    .list<Registration>(KIND)
    .map(({ value }) => value)
    .filter((registration) => registration.projectId === projectId);
}

/** The registration that a name means. @throws GoogleError 404 */
export function registrationOf(sim: Sim, name: unknown): Registration {
  const { projectId, path } = placeOf(sim, name);
  const found = findRegistration(sim, path.replace(/^registrations\//, ''));
  if (found?.projectId !== projectId) throw notFound(`Resource '${String(name)}' was not found`);
  return found;
}

export function saveRegistration(sim: Sim, registration: Registration): void {
  sim.store.put(KIND, registration.domainName, registration);
}

/** @throws GoogleError 400 where the location is not `global` */
export function projectOfLocation(sim: Sim, name: unknown): string {
  const { projectId, location } = placeOf(sim, name);
  if (location !== 'global')
    throw badRequest(`Location '${location}' is not supported: Cloud Domains has the location 'global' alone.`);
  return projectId;
}

/** As the API shows it. Until the owner confirms the address, which takes a day here, the registrant's email is unverified. */
export function showRegistration(sim: Sim, registration: Registration): JsonObject {
  const { projectId: _, managementSettings, state, ...rest } = registration;
  const verified = sim.now().getTime() >= Date.parse(registration.createTime) + sim.duration('domains.verifyEmail');
  const lock = managementSettings['transferLockState'] ?? 'LOCKED';
  return {
    ...rest,
    name: registrationName(registration),
    state,
    ...(state === 'ACTIVE' && !verified ? { issues: ['UNVERIFIED_EMAIL'] } : {}),
    managementSettings: {
      ...managementSettings,
      transferLockState: lock,
      effectiveTransferLockState: lock,
      renewalMethod: managementSettings['preferredRenewalMethod'] ?? 'AUTOMATIC_RENEWAL',
    },
    supportedPrivacy: ['PUBLIC_CONTACT_DATA', 'REDACTED_CONTACT_DATA'],
  } as unknown as JsonObject;
}
