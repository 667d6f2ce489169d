import { createHash } from 'node:crypto';
import type { JsonObject, Sim } from '../service.ts';
import { regionCode } from './regions.ts';
import type { Condition } from './run-conditions.ts';
import { listNewest, saveVersion } from './run-versions.ts';

/** Where a service is. */
export interface ServicePlace {
  projectId: string;
  projectNumber: string;
  location: string;
  id: string;
}
export interface TrafficStatus {
  latest: boolean;
  revision: string;
  percent: number;
  tag?: string;
}
/** Annotations of the first API that the second has no field for, by name. */
export interface Extras {
  service: Record<string, string>;
  template: Record<string, string>;
}

/** What is kept of a service: one record behind both versions of the API, in the form of the second. */
export interface ServiceRecord extends ServicePlace {
  uid: string;
  generation: number;
  observedGeneration: number;
  createTime: string;
  updateTime: string;
  creator: string;
  lastModifier: string;
  /** Changes with every write. */
  version: string;
  /** Of the last change, as the first API shows it. */
  operationId: string;
  spec: JsonObject;
  extras: Extras;
  conditions: Condition[];
  latestCreated: string;
  latestReady?: string;
  traffic: TrafficStatus[];
}

/** What is kept of a revision. It never changes but for its conditions. */
export interface RevisionRecord {
  projectId: string;
  location: string;
  service: string;
  name: string;
  uid: string;
  /** The service's generation that made it. */
  generation: number;
  createTime: string;
  updateTime: string;
  creator: string;
  version: string;
  template: JsonObject;
  extras: Record<string, string>;
  launchStage: string;
  conditions: Condition[];
  state: 'pending' | 'ready' | 'failed';
  /** With digest, once found. */
  imageDigest?: string;
}

const SERVICES = 'run.services';
const REVISIONS = 'run.revisions';

export function serviceKey({ projectId, location, id }: Pick<ServicePlace, 'projectId' | 'location' | 'id'>): string {
  return `${projectId}/${location}/${id}`;
}

export function serviceName({ projectId, location, id }: Pick<ServicePlace, 'projectId' | 'location' | 'id'>): string {
  return `projects/${projectId}/locations/${location}/services/${id}`;
}

/** The name under which its IAM policy is kept. */
export function serviceResource(service: Pick<ServicePlace, 'projectId' | 'location' | 'id'>): string {
  return `//run.googleapis.com/${serviceName(service)}`;
}

export function findService(sim: Sim, key: string): ServiceRecord | undefined {
  return sim.store.get<ServiceRecord>(SERVICES, key);
}

export function saveService(sim: Sim, service: ServiceRecord): ServiceRecord {
  return saveVersion(sim, SERVICES, serviceKey(service), service);
}

/** @param prefix `PROJECT/` or `PROJECT/LOCATION/` */
export function listServices(sim: Sim, prefix = ''): ServiceRecord[] {
  return sim.store.list<ServiceRecord>(SERVICES, prefix).map(({ value }) => value);
}

export function removeService(sim: Sim, service: ServiceRecord): void {
  sim.store.delete(SERVICES, serviceKey(service));
  for (const revision of listRevisions(sim, serviceKey(service))) removeRevision(sim, revision);
}

function revisionKey({ projectId, location, service, name }: RevisionRecord): string {
  return `${projectId}/${location}/${service}/${name}`;
}

/** @param service its key */
export function findRevision(sim: Sim, service: string, name: string): RevisionRecord | undefined {
  return sim.store.get<RevisionRecord>(REVISIONS, `${service}/${name}`);
}

export function saveRevision(sim: Sim, revision: RevisionRecord): RevisionRecord {
  return saveVersion(sim, REVISIONS, revisionKey(revision), revision);
}

export function removeRevision(sim: Sim, revision: RevisionRecord): void {
  sim.store.delete(REVISIONS, revisionKey(revision));
}

/** Newest first. @param prefix a service's key, or `PROJECT/LOCATION` for all of a region */
export function listRevisions(sim: Sim, prefix: string): RevisionRecord[] {
  return listNewest(sim, REVISIONS, `${prefix}/`);
}

/**
 * Both addresses of a service: the one that its names make, and the older one with a hash.
 * https://docs.cloud.google.com/run/docs/triggering/https-request
 */
export function serviceUrls({ projectNumber, location, id }: ServicePlace, tag?: string): [string, string] {
  const mark = tag === undefined ? '' : `${tag}---`;
  return [
    `https://${mark}${id}-${projectNumber}.${location}.run.app`,
    `https://${mark}${id}-${projectHash(projectNumber, location)}-${regionCode(location)}.a.run.app`,
  ];
}

/** Ten characters that all services of a project in a region share. */
function projectHash(projectNumber: string, location: string): string {
  const bytes = createHash('sha256').update(`${projectNumber}/${location}`).digest();
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  return [...bytes.subarray(0, 10)].map((byte) => letters[byte % 32]).join('');
}

/** The service whose address this host is, and the tag in front of it. */
export function serviceOfHost(sim: Sim, host: string): { service: ServiceRecord; tag?: string } | undefined {
  const [, tag, rest = ''] = /^(?:([a-z0-9-]+?)---)?(.+)$/.exec(host) ?? [];
  const { projectId } = sim.project;
  const found = listServices(sim, `${projectId}/`).find((service) =>
    serviceUrls(service).some((url) => url === `https://${rest}`),
  );
  return found && { service: found, ...(tag === undefined ? {} : { tag }) };
}

/** An operation's id as Cloud Run writes it. */
export function operationUuid(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function defaultAccount(projectNumber: string): string {
  return `${projectNumber}-compute@developer.gserviceaccount.com`;
}
