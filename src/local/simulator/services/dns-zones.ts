import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { GoogleError } from '../service.ts';
import { listAnswer } from './dns-lists.ts';
import {
  addChange,
  findZone,
  listSets,
  listZones,
  nameServersFor,
  type RecordSet,
  removeZone,
  saveSet,
  saveZone,
  type ZoneRecord,
} from './dns-records.ts';
import { invalidValue, isFullName, missing } from './dns-rules.ts';
import { addZoneOperation, forgetZoneOperations } from './dns-zone-operations.ts';
import { deletePolicy } from './iam-policy.ts';
import { isObject, mergePatch } from './masks.ts';
import { alreadyExists, notFound } from './refusals.ts';

const MOST_DESCRIPTION = 1024;
const CHANGEABLE = [
  'cloudLoggingConfig',
  'description',
  'dnssecConfig',
  'forwardingConfig',
  'labels',
  'peeringConfig',
  'privateVisibilityConfig',
  'reverseLookupConfig',
];

/** https://docs.cloud.google.com/dns/docs/reference/rest/v1/managedZones */
export const zoneMethods: Record<string, Handler> = {
  'dns.managedZones.create': create,
  'dns.managedZones.get': (call, sim) => showZone(readZone(call, sim)),
  'dns.managedZones.list': list,
  'dns.managedZones.patch': (call, sim) => change(call, sim, (settings) => mergePatch(settings, call.body)),
  'dns.managedZones.update': (call, sim) => change(call, sim, () => call.body),
  'dns.managedZones.delete': remove,
};

function readZone(call: Call, sim: Sim): ZoneRecord {
  const { projectId } = sim.findProject(String(call.params['project']));
  const name = String(call.params['managedZone']);
  const zone = findZone(sim, projectId, name);
  if (!zone) throw notFound(`managedZone "projects/${projectId}/managedZones/${name}" not found`);
  return zone;
}

/** The full name under which the policy of a zone is kept. */
export function zoneResource({ projectId, name }: Pick<ZoneRecord, 'projectId' | 'name'>): string {
  return `//dns.googleapis.com/projects/${projectId}/managedZones/${name}`;
}

function create(call: Call, sim: Sim): JsonObject {
  const { projectId } = sim.findProject(String(call.params['project']));
  const { name, dnsName, description } = call.body;
  if (typeof name !== 'string' || name === '') throw missing('entity.managedZone.name');
  if (typeof dnsName !== 'string' || dnsName === '') throw missing('entity.managedZone.dnsName');
  if (typeof description !== 'string') throw missing('entity.managedZone.description');
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) throw invalidValue('entity.managedZone.name', name);
  const visibility = call.body['visibility'] === 'private' ? 'private' : 'public';
  const labels = dnsName.split('.').length - 1;
  if (!isFullName(dnsName) || dnsName.startsWith('*.') || (visibility === 'public' && labels < 2)) {
    throw invalidValue('entity.managedZone.dnsName', dnsName);
  }
  if (findZone(sim, projectId, name)) throw alreadyExists(`The resource 'entity.managedZone' named '${name}' already exists`);
  const zone: ZoneRecord = {
    projectId,
    name,
    id: BigInt(`0x7${sim.id(15)}`).toString(),
    dnsName: dnsName.toLowerCase(),
    visibility,
    nameServers: nameServersFor(sim, dnsName.toLowerCase(), visibility),
    creationTime: sim.timestamp(),
    settings: readSettings(call.body, {}),
    nextChange: 0,
  };
  saveZone(sim, zone);
  const sets = firstSets(zone);
  for (const set of sets) saveSet(sim, zone, set);
  addChange(sim, zone, { additions: sets.map((set) => ({ ...set, kind: 'dns#resourceRecordSet' }) as unknown as JsonObject) });
  return showZone(zone);
}

/** What every zone has. */
function firstSets({ dnsName, nameServers }: ZoneRecord): RecordSet[] {
  const soa = `${nameServers[0]} cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300`;
  return [
    { name: dnsName, type: 'NS', ttl: 21_600, rrdatas: nameServers },
    { name: dnsName, type: 'SOA', ttl: 21_600, rrdatas: [soa] },
  ];
}

/** The settings out of a request's resource, in the form that the API shows. @throws GoogleError 400 */
function readSettings(sent: JsonObject, before: JsonObject): JsonObject {
  const { description, dnssecConfig, labels, privateVisibilityConfig } = sent;
  if (String(description ?? '').length > MOST_DESCRIPTION) throw invalidValue('entity.managedZone.description', description);
  const known = CHANGEABLE.filter((field) => sent[field] !== undefined && sent[field] !== null);
  const settings: JsonObject = Object.fromEntries(known.map((field) => [field, sent[field] ?? null]));
  const logging = isObject(sent['cloudLoggingConfig']) ? sent['cloudLoggingConfig'] : {};
  settings['description'] = description ?? before['description'] ?? '';
  settings['cloudLoggingConfig'] = {
    ...(logging['enableLogging'] ? { enableLogging: true } : {}),
    kind: 'dns#managedZoneCloudLoggingConfig',
  };
  if (isObject(labels) && Object.keys(labels).length === 0) delete settings['labels'];
  if (isObject(dnssecConfig)) settings['dnssecConfig'] = readDnssec(dnssecConfig);
  if (isObject(privateVisibilityConfig)) {
    const filled = Object.entries(privateVisibilityConfig).filter(([, value]) => !Array.isArray(value) || value.length > 0);
    settings['privateVisibilityConfig'] = Object.fromEntries(filled);
  }
  return settings;
}

const KEY_SPECS = [
  { keyType: 'keySigning', algorithm: 'rsasha256', keyLength: 2048, kind: 'dns#dnsKeySpec' },
  { keyType: 'zoneSigning', algorithm: 'rsasha256', keyLength: 1024, kind: 'dns#dnsKeySpec' },
];

function readDnssec(sent: JsonObject): JsonObject {
  const kind = 'dns#managedZoneDnsSecConfig';
  if ((sent['state'] ?? 'off') === 'off') return { ...sent, state: 'off', kind };
  return { defaultKeySpecs: KEY_SPECS, nonExistence: 'nsec3', ...sent, kind };
}

export function showZone(zone: ZoneRecord): JsonObject {
  const { name, dnsName, id, nameServers, creationTime, visibility, settings } = zone;
  return { ...settings, name, dnsName, id, nameServers, creationTime, visibility, kind: 'dns#managedZone' };
}

function list(call: Call, sim: Sim): JsonObject {
  const { projectId } = sim.findProject(String(call.params['project']));
  const { dnsName } = call.params;
  const all = listZones(sim, projectId)
    .filter((zone) => dnsName === undefined || zone.dnsName === dnsName)
    .map((zone) => ({ key: zone.name, value: zone }));
  return listAnswer(call, 'dns#managedZonesListResponse', 'managedZones', all, showZone);
}

function change(call: Call, sim: Sim, settings: (before: JsonObject) => JsonObject): JsonObject {
  const zone = readZone(call, sim);
  for (const field of ['name', 'dnsName', 'visibility'] as const) {
    const sent = call.body[field];
    if (sent !== undefined && sent !== null && sent !== zone[field]) throw invalidValue(`entity.managedZone.${field}`, sent);
  }
  const changed = { ...zone, settings: readSettings(settings(zone.settings), zone.settings) };
  saveZone(sim, changed);
  return addZoneOperation(sim, zone, {
    user: call.principal,
    zoneContext: { oldValue: showZone(zone), newValue: showZone(changed) },
  });
}

function remove(call: Call, sim: Sim): JsonObject {
  const zone = readZone(call, sim);
  const other = listSets(sim, zone).find(({ value }) => value.name !== zone.dnsName || !['NS', 'SOA'].includes(value.type));
  if (other) {
    throw new GoogleError({
      code: 400,
      message: `The resource named '${zone.name}' cannot be deleted because it contains one or more 'resource records'.`,
      reason: 'containerNotEmpty',
    });
  }
  removeZone(sim, zone);
  forgetZoneOperations(sim, zone);
  deletePolicy(sim, zoneResource(zone));
  return {};
}
