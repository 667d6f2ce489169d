import { createHash } from 'node:crypto';
import type { JsonObject, Sim } from '../service.ts';
import { isActive, settle, showManaged } from './certificatemanager-life.ts';
import { balancersOf, findResource, listEntries, listResources, type ResourceRecord } from './certificatemanager-records.ts';
import { checkAuthorization, checkCertificate, checkEntry, checkMap, readSelfManaged } from './certificatemanager-rules.ts';

/** A kind of resource: all are made, read, changed and deleted alike; this is in what they differ. */
export interface Family {
  collection: string;
  idParam: string;
  /** The message's name. */
  type: string;
  /** What `patch` may change. */
  changeable: string[];
  /** Fields that hold names of other resources, which are kept in canonical form. */
  links: string[];
  /** @throws GoogleError */
  check(sim: Sim, name: string, settings: JsonObject): void;
  /** What is made for a new one, and for a changed one. */
  make(sim: Sim, name: string, settings: JsonObject): JsonObject;
  show(sim: Sim, record: ResourceRecord): JsonObject | Promise<JsonObject>;
  /** The names of what uses it. */
  users(sim: Sim, name: string): string[];
}

const locationOf = (name: string) => name.replace(/^(projects\/[^/]+\/locations\/[^/]+)\/.*$/, '$1');

export const FAMILIES: Family[] = [
  {
    collection: 'dnsAuthorizations',
    idParam: 'dnsAuthorizationId',
    type: 'DnsAuthorization',
    changeable: ['description', 'labels'],
    links: [],
    check: checkAuthorization,
    make: (sim, name, settings) => ({ dnsResourceRecord: challenge(sim, name, settings) }),
    show: (_sim, { name, settings, made }) => ({ ...settings, type: defaultType(settings, name), ...made }),
    users: (sim, name) =>
      listResources(sim, locationOf(name), 'certificates')
        .filter(({ settings }) =>
          ((settings['managed'] as JsonObject)?.['dnsAuthorizations'] as string[] | undefined)?.includes(name),
        )
        .map((certificate) => certificate.name),
  },
  {
    collection: 'certificates',
    idParam: 'certificateId',
    type: 'Certificate',
    changeable: ['description', 'labels', 'selfManaged'],
    links: ['managed.dnsAuthorizations'],
    check: checkCertificate,
    make: (_sim, _name, { selfManaged }) => (selfManaged ? readSelfManaged(selfManaged as JsonObject) : {}),
    show: showCertificate,
    users: entriesWith,
  },
  {
    collection: 'certificateMaps',
    idParam: 'certificateMapId',
    type: 'CertificateMap',
    changeable: ['description', 'labels'],
    links: [],
    check: checkMap,
    make: () => ({}),
    show: (sim, { name, settings }) => {
      const targets = balancersOf(sim, name).map(({ proxy, addresses }) => ({
        targetHttpsProxy: proxy,
        ipConfigs: addresses.map((ipAddress) => ({ ipAddress, ports: [443] })),
      }));
      return { ...settings, ...(targets.length > 0 ? { gclbTargets: targets } : {}) };
    },
    users: (sim, name) => [
      ...listResources(sim, name, 'certificateMapEntries').map((entry) => entry.name),
      ...balancersOf(sim, name).map(({ proxy }) => proxy),
    ],
  },
  {
    collection: 'certificateMapEntries',
    idParam: 'certificateMapEntryId',
    type: 'CertificateMapEntry',
    changeable: ['certificates', 'description', 'labels'],
    links: ['certificates'],
    check: checkEntry,
    make: () => ({}),
    show: async (sim, { settings }) => {
      const certificates = (settings['certificates'] as string[]).flatMap((name) => findResource(sim, name) ?? []);
      const settled = await Promise.all(certificates.map((certificate) => settle(sim, certificate)));
      return { ...settings, state: settled.every(isActive) ? 'ACTIVE' : 'PENDING' };
    },
    users: () => [],
  },
];

function defaultType(settings: JsonObject, name: string): string {
  return String(settings['type'] ?? (/\/locations\/(?!global)/.test(name) ? 'PER_PROJECT_RECORD' : 'FIXED_RECORD'));
}

/** The record that proves who has a domain. */
function challenge(sim: Sim, name: string, settings: JsonObject): JsonObject {
  const id = sim.id(32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const project = createHash('sha256').update(locationOf(name)).digest('hex').slice(0, 16);
  const mark = defaultType(settings, name) === 'PER_PROJECT_RECORD' ? `_${project}` : '';
  return {
    name: `_acme-challenge${mark}.${String(settings['domain'])}.`,
    type: 'CNAME',
    data: `${id}.${id.charCodeAt(0) % 20}.authorize.certificatemanager.goog.`,
  };
}

function entriesWith(sim: Sim, certificate: string): string[] {
  return listEntries(sim, locationOf(certificate))
    .filter(({ settings }) => (settings['certificates'] as string[]).includes(certificate))
    .map(({ name }) => name);
}

async function showCertificate(sim: Sim, record: ResourceRecord): Promise<JsonObject> {
  const settled = await settle(sim, record);
  const { pemCertificate, sanDnsnames, expireTime } = settled.made;
  const usedBy = entriesWith(sim, record.name).map((name) => ({ name }));
  return {
    ...settled.settings,
    ...(settled.settings['managed'] ? { managed: showManaged(settled) } : { selfManaged: {} }),
    ...(pemCertificate === undefined ? {} : { pemCertificate, expireTime: expireTime ?? null }),
    sanDnsnames: sanDnsnames ?? ((settled.settings['managed'] as JsonObject)['domains'] as string[]),
    ...(usedBy.length > 0 ? { usedBy } : {}),
  };
}
