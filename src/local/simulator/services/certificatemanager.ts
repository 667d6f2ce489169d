import type { Call, Handler, Json, JsonObject, Service, Sim } from '../service.ts';
import { FAMILIES, type Family } from './certificatemanager-families.ts';
import {
  CERTIFICATES,
  canonicalName,
  findResource,
  listResources,
  type ResourceRecord,
  readResource,
  removeResource,
  saveResource,
} from './certificatemanager-records.ts';
import { refuseUse } from './certificatemanager-rules.ts';
import { fits } from './filters.ts';
import { endMethods, list, longMethods, placeOf, startLong } from './long-operations.ts';
import { applyMask, isObject, maskPaths } from './masks.ts';
import { alreadyExists, failedPrecondition, invalidField, notFound } from './refusals.ts';

const EMPTY = { '@type': 'type.googleapis.com/google.protobuf.Empty' };

/** Certificate Manager. Trust and issuance configurations are not simulated. https://docs.cloud.google.com/certificate-manager/docs/reference/certificate-manager/rest */
export const certificatemanager: Service = {
  api: CERTIFICATES.api,
  versions: ['v1'],
  methods: { ...longMethods(CERTIFICATES), ...endMethods(CERTIFICATES), ...Object.assign({}, ...FAMILIES.map(methodsOf)) },
  operations: {
    save: {
      usual: 'certificatemanager.resources',
      async finish(operation, sim) {
        const record = operation.data['record'] as unknown as ResourceRecord;
        const family = familyOf(record.name);
        // What it refers to may have gone while it was being made.
        const before = findResource(sim, record.name);
        if (before?.ready === false) removeResource(sim, record.name);
        else if (!before) throw failedPrecondition(`Resource '${record.name}' was deleted meanwhile.`);
        if (!record.made['pemCertificate']) family.check(sim, record.name, record.settings);
        // What was found out of a managed certificate meanwhile stays.
        const saved = before?.ready && record.settings['managed'] ? { ...record, made: before.made } : record;
        saveResource(sim, saved);
        return { '@type': `${CERTIFICATES.type}.${family.type}`, ...(await show(family, sim, saved)) };
      },
    },
    remove: {
      usual: 'certificatemanager.resources',
      finish(operation, sim) {
        const name = String(operation.data['name']);
        refuseUse(name, familyOf(name).users(sim, name));
        removeResource(sim, name);
        return EMPTY;
      },
    },
  },
};

function familyOf(name: string): Family {
  const collection = name.split('/').at(-2);
  return FAMILIES.find((family) => family.collection === collection) as Family;
}

function methodsOf(family: Family): Record<string, Handler> {
  const below = family.collection === 'certificateMapEntries' ? 'certificateMaps.' : '';
  const prefix = `certificatemanager.projects.locations.${below}${family.collection}`;
  return {
    [`${prefix}.create`]: (call, sim) => create(family, call, sim),
    [`${prefix}.get`]: (call, sim) => show(family, sim, resourceOf(call, sim)),
    [`${prefix}.list`]: async (call, sim) => {
      const parent = canonicalName(sim, String(call.params['parent']));
      if (below) readResource(sim, parent);
      const shown = await Promise.all(listResources(sim, parent, family.collection).map((record) => show(family, sim, record)));
      const fitting = shown.filter((value) => fits(value, call.params['filter']));
      return list(
        call,
        family.collection,
        fitting.map((value) => ({ key: String(value['name']), value })),
      );
    },
    [`${prefix}.patch`]: (call, sim) => patch(family, call, sim),
    [`${prefix}.delete`]: (call, sim) => {
      const { name } = resourceOf(call, sim);
      refuseUse(name, family.users(sim, name));
      return startLong(call, sim, CERTIFICATES, 'remove', about(sim, name, 'delete'), { name });
    },
  };
}

function resourceOf(call: Call, sim: Sim): ResourceRecord {
  return readResource(sim, canonicalName(sim, String(call.params['name'])));
}

async function show(family: Family, sim: Sim, record: ResourceRecord): Promise<JsonObject> {
  const { name, createTime, updateTime } = record;
  return { ...(await family.show(sim, record)), name, createTime, updateTime };
}

function about(sim: Sim, name: string, verb: string) {
  const { projectId, location } = placeOf(sim, name);
  return { projectId, location, target: name, verb };
}

function create(family: Family, call: Call, sim: Sim): JsonObject {
  const parent = canonicalName(sim, String(call.params['parent']));
  const { location } = placeOf(sim, parent);
  if (!CERTIFICATES.locations.includes(location)) throw notFound(`Location ${location} is not found.`);
  const id = String(call.params[family.idParam] ?? '');
  if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) throw invalidField(family.idParam, `The id '${id}' is not valid.`);
  const name = `${parent}/${family.collection}/${id}`;
  const { name: _, ...sent } = call.body;
  const settings = withCanonicalLinks(sim, family, sent);
  family.check(sim, name, settings);
  if (findResource(sim, name)) throw alreadyExists(`Resource '${name}' already exists`);
  const time = sim.timestamp();
  const made = family.make(sim, name, settings);
  const record = { name, createTime: time, updateTime: time, settings: withoutKey(settings), made, ready: true };
  saveResource(sim, { ...record, ready: false });
  return startLong(call, sim, CERTIFICATES, 'save', about(sim, name, 'create'), { record: record as unknown as Json });
}

function patch(family: Family, call: Call, sim: Sim): JsonObject {
  const record = resourceOf(call, sim);
  if (!call.params['updateMask']) throw invalidField('update_mask', 'The update mask is required.');
  const paths = maskPaths(call.params['updateMask'], {});
  const wrong = paths.find((path) => !family.changeable.includes(path.split('.')[0] ?? ''));
  if (wrong !== undefined) throw invalidField('update_mask', `The field '${wrong}' cannot be updated.`);
  const renewed = paths.some((path) => path.startsWith('selfManaged'));
  if (renewed && !record.settings['selfManaged']) throw invalidField('update_mask', 'The certificate is not self-managed.');
  const settings = withCanonicalLinks(sim, family, applyMask(record.settings, call.body, paths));
  if (family.collection !== 'certificates' || renewed) family.check(sim, record.name, settings);
  const made = renewed ? family.make(sim, record.name, settings) : record.made;
  const changed = { ...record, settings: withoutKey(settings), made, updateTime: sim.timestamp() };
  return startLong(call, sim, CERTIFICATES, 'save', about(sim, record.name, 'update'), { record: changed as unknown as Json });
}

/** A private key is held against its certificate, and kept nowhere. */
function withoutKey(settings: JsonObject): JsonObject {
  return settings['selfManaged'] === undefined ? settings : { ...settings, selfManaged: {} };
}

function withCanonicalLinks(sim: Sim, { links }: Family, settings: JsonObject): JsonObject {
  return links.reduce((all, path) => {
    const value = path.split('.').reduce<Json | undefined>((node, step) => (isObject(node) ? node[step] : undefined), all);
    if (!Array.isArray(value)) return all;
    const canonical = value.map((name) =>
      canonicalName(sim, String(name).replace(/^\/\/certificatemanager\.googleapis\.com\//, '')),
    );
    const change = path.split('.').reduceRight<Json>((inner, step) => ({ [step]: inner }), canonical);
    return applyMask(all, change as JsonObject, [path]);
  }, settings);
}
