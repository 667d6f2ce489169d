import type { Call, Handler, JsonObject, Sim } from '../service.ts';
import { namesVersion } from './etags.ts';
import { fits } from './filters.ts';
import { sqlObjection } from './orgpolicy-checks.ts';
import { keyObjection, needsKey } from './orgpolicy-usage.ts';
import { page } from './paging.ts';
import { derivedFacts, fullSettings, newInstance, patchedSettings } from './sqladmin-defaults.ts';
import { instanceAlreadyExists, invalidRequest, notSimulated, staleData } from './sqladmin-errors.ts';
import { startOperation } from './sqladmin-operations.ts';
import {
  checkIdle,
  connectionName,
  type InstanceRecord,
  instanceOf,
  isNameTaken,
  keyOf,
  link,
  listInstances,
  projectOf,
  ROOT_PASSWORDS,
  saveInstance,
} from './sqladmin-records.ts';
import { finalBackup } from './sqladmin-removal.ts';
import { checkNewInstance, checkSettings } from './sqladmin-rules.ts';
import { runtimeOf } from './sqladmin-runtime.ts';
import { isOffered, upgrades } from './sqladmin-versions.ts';

/** https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances */
export const instanceMethods: Record<string, Handler> = {
  'sql.instances.insert': insert,
  'sql.instances.get': (call, sim) => show(call.version, instanceOf(call, sim)),
  'sql.instances.list': list,
  'sql.instances.patch': (call, sim) => {
    const instance = instanceOf(call, sim);
    return change(call, sim, instance, patchedSettings(instance.settings, (call.body['settings'] ?? {}) as JsonObject));
  },
  'sql.instances.update': (call, sim) => {
    const instance = instanceOf(call, sim);
    const sent = (call.body['settings'] ?? {}) as JsonObject;
    if (sent['settingsVersion'] === undefined) throw invalidRequest('Missing parameter: settings.settingsVersion.');
    if (sent['tier'] === undefined) throw invalidRequest('Missing parameter: settings.tier.');
    return change(call, sim, instance, fullSettings(sent, instance.region, instance.databaseVersion));
  },
  'sql.instances.delete': (call, sim) => {
    const instance = instanceOf(call, sim);
    checkIdle(sim, instance);
    if (instance.settings['deletionProtectionEnabled'] === true) {
      throw invalidRequest(
        'The instance is protected. Please disable the deletion protection and try again. To disable deletion protection, update the instance settings with deletionProtectionEnabled set to false.',
      );
    }
    const data = finalBackup(call, sim, instance);
    return startOperation(call, sim, { kind: 'delete', type: 'DELETE', instance, data });
  },
  'sql.instances.restart': (call, sim) => {
    const instance = instanceOf(call, sim);
    checkRunning(instance);
    return startOperation(call, sim, { kind: 'restart', type: 'RESTART', instance });
  },
  'sql.instances.resetSslConfig': (call, sim) => {
    const instance = instanceOf(call, sim);
    checkRunning(instance);
    return startOperation(call, sim, { kind: 'resetSslConfig', type: 'UPDATE', instance });
  },
};

/** @throws GoogleError 400 for an instance that is being made, or that is switched off */
export function checkRunning(instance: InstanceRecord): void {
  const off = instance.settings['activationPolicy'] === 'NEVER' || !['RUNNABLE', 'MAINTENANCE'].includes(instance.state);
  if (off) throw invalidRequest('Invalid request since instance is not running.');
}

/** The instance in the API's form. */
export function show(version: string, instance: InstanceRecord): JsonObject {
  return {
    ...derivedFacts(instance.databaseVersion),
    ...instance,
    connectionName: connectionName(instance),
    selfLink: link(version, instance.project, `instances/${instance.name}`),
  };
}

function insert(call: Call, sim: Sim): JsonObject {
  const project = sim.findProject(String(call.params['project']));
  checkNewInstance(project.projectId, call.body);
  const instance = newInstance(sim, project, call.body);
  checkSettings(instance.settings, instance.databaseVersion);
  checkPolicies(sim, instance, instance.settings);
  const { kmsKeyName } = (call.body['diskEncryptionConfiguration'] ?? {}) as JsonObject;
  if (!kmsKeyName && needsKey(sim, project.projectId, 'sqladmin.googleapis.com')) throw invalidRequest(keyObjection(project));
  if (isNameTaken(sim, project.projectId, instance.name)) throw instanceAlreadyExists();
  const { rootPassword } = call.body;
  const saved = saveInstance(sim, instance);
  if (typeof rootPassword === 'string' && rootPassword !== '') sim.store.put(ROOT_PASSWORDS, keyOf(saved), rootPassword);
  return startOperation(call, sim, { kind: 'create', type: 'CREATE', instance: saved });
}

/** @throws GoogleError 400 for what an organisation's policy forbids */
export function checkPolicies(sim: Sim, { project, region }: InstanceRecord, settings: JsonObject): void {
  const objection = sqlObjection(sim, project, region, settings);
  if (objection) throw invalidRequest(objection);
}

function list(call: Call, sim: Sim): JsonObject {
  const all = listInstances(sim, projectOf(call, sim))
    .map((instance) => ({ key: instance.name, value: show(call.version, instance) }))
    .filter(({ value }) => fits(value, call.params['filter']));
  const { items, nextPageToken } = page(all, {
    size: call.params['maxResults'],
    token: call.params['pageToken'],
    usual: 500,
    most: 1000,
  });
  return { kind: 'sql#instancesList', ...(items.length > 0 ? { items } : {}), ...(nextPageToken ? { nextPageToken } : {}) };
}

/** Starts the change of an instance's settings; they count from the operation's end on. */
function change(call: Call, sim: Sim, instance: InstanceRecord, settings: JsonObject): JsonObject {
  const {
    etag,
    settings: sent,
    databaseVersion,
    maintenanceVersion,
  } = call.body as { etag?: string; settings?: JsonObject; databaseVersion?: string; maintenanceVersion?: string };
  checkIdle(sim, instance);
  const version = Number(instance.settings['settingsVersion']);
  if (Number(sent?.['settingsVersion'] ?? version) < version) throw staleData();
  if (etag && etag !== instance['etag'] && namesVersion(etag)) throw staleData();
  const target = databaseVersion ?? instance.databaseVersion;
  if (instance.state !== 'RUNNABLE') throw invalidRequest('Invalid request since instance is not running.');
  checkUpgrade(sim, instance, target);
  checkSettings(settings, target);
  checkPolicies(sim, instance, settings);
  if (Number(settings['dataDiskSizeGb']) < Number(instance.settings['dataDiskSizeGb'])) {
    throw invalidRequest(
      `The disk size cannot be decreased: it is ${String(instance.settings['dataDiskSizeGb'])} GB, and ${String(settings['dataDiskSizeGb'])} GB was asked for.`,
    );
  }
  const ip = settings['ipConfiguration'] as JsonObject;
  const data = {
    settings: { ...settings, ipConfiguration: { ...ip, requireSsl: ip['sslMode'] === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' } },
    databaseVersion: target,
    ...(maintenanceVersion ? { maintenanceVersion } : {}),
  };
  return startOperation(call, sim, { kind: 'update', type: 'UPDATE', instance, data });
}

function checkUpgrade(sim: Sim, instance: InstanceRecord, target: string): void {
  if (target === instance.databaseVersion) return;
  if (runtimeOf(sim)) throw notSimulated('Upgrades of a real database are');
  if (!isOffered(target) || !upgrades(instance.databaseVersion).some(({ name }) => name === target)) {
    throw invalidRequest(`The database version cannot be changed from ${instance.databaseVersion} to ${target}.`);
  }
}
