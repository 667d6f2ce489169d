import type { Json, JsonObject, Sim } from '../service.ts';
import { isObject, mergePatch } from './masks.ts';
import type { InstanceRecord } from './sqladmin-records.ts';
import { defaultEdition, installed, isPostgres, upgrades } from './sqladmin-versions.ts';

/**
 * The settings with everything that Google fills in.
 * @param sent as the client gave them
 */
export function fullSettings(sent: JsonObject, region: string, databaseVersion: string): JsonObject {
  const edition = sent['edition'] ?? defaultEdition(databaseVersion);
  const full = mergePatch(defaults(region, edition === 'ENTERPRISE_PLUS' ? 14 : 7, isPostgres(databaseVersion)), {
    ...sent,
    edition,
  });
  const ip = full['ipConfiguration'] as JsonObject;
  const sentIp = isObject(sent['ipConfiguration']) ? sent['ipConfiguration'] : {};
  if (sentIp['sslMode'] === undefined && sentIp['requireSsl'] === true) ip['sslMode'] = 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED';
  ip['requireSsl'] = ip['sslMode'] === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED';
  return full;
}

/** The settings with what a PATCH brings. Of the older `requireSsl` and `sslMode` the one that was not sent follows the other. */
export function patchedSettings(settings: JsonObject, sent: JsonObject): JsonObject {
  const { sslMode, requireSsl } = (isObject(sent['ipConfiguration']) ? sent['ipConfiguration'] : {}) as JsonObject;
  const merged = mergePatch(settings, sent);
  const ip = merged['ipConfiguration'] as JsonObject;
  if (sslMode !== undefined && requireSsl === undefined) {
    const { requireSsl: _earlier, ...others } = ip;
    return { ...merged, ipConfiguration: others };
  }
  const isRequired = ip['sslMode'] === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED';
  if (sslMode !== undefined || requireSsl === undefined || requireSsl === isRequired) return merged;
  const mode = requireSsl ? 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' : 'ALLOW_UNENCRYPTED_AND_ENCRYPTED';
  return { ...merged, ipConfiguration: { ...ip, sslMode: mode } };
}

function defaults(region: string, logDays: number, postgres: boolean): JsonObject {
  return {
    kind: 'sql#settings',
    settingsVersion: '1',
    authorizedGaeApplications: [],
    activationPolicy: 'ALWAYS',
    availabilityType: 'ZONAL',
    backupConfiguration: {
      kind: 'sql#backupConfiguration',
      startTime: '12:00',
      enabled: false,
      backupRetentionSettings: { retentionUnit: 'COUNT', retainedBackups: 7 },
      transactionLogRetentionDays: logDays,
      ...(postgres ? { replicationLogArchivingEnabled: false } : {}),
      transactionalLogStorageState: 'TRANSACTIONAL_LOG_STORAGE_STATE_UNSPECIFIED',
    },
    connectorEnforcement: 'NOT_REQUIRED',
    dataDiskSizeGb: '10',
    dataDiskType: 'PD_SSD',
    deletionProtectionEnabled: false,
    ipConfiguration: { ipv4Enabled: true, authorizedNetworks: [], requireSsl: false, sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' },
    locationPreference: { kind: 'sql#locationPreference', zone: `${region}-a` },
    pricingPlan: 'PER_USE',
    replicationType: 'SYNCHRONOUS',
    storageAutoResize: true,
    storageAutoResizeLimit: '0',
  };
}

const DEFAULT_REGION = 'us-central1';

/** What Google knows of a new instance from the start. */
export function newInstance(sim: Sim, project: { projectId: string; projectNumber: string }, body: JsonObject): InstanceRecord {
  const databaseVersion = String(body['databaseVersion']);
  const region = String(body['region'] ?? DEFAULT_REGION);
  const { version, maintenance } = installed(databaseVersion);
  return {
    name: String(body['name']),
    project: project.projectId,
    region,
    databaseVersion,
    databaseInstalledVersion: version,
    maintenanceVersion: String(body['maintenanceVersion'] ?? maintenance),
    state: 'PENDING_CREATE',
    settings: fullSettings((body['settings'] ?? {}) as JsonObject, region, databaseVersion),
    createTime: sim.timestamp(),
    instanceType: String(body['instanceType'] ?? 'CLOUD_SQL_INSTANCE'),
    serviceAccountEmailAddress: `p${project.projectNumber}-${sim.id(6)}@gcp-sa-cloud-sql.iam.gserviceaccount.com`,
    ...(body['diskEncryptionConfiguration'] ? { diskEncryptionConfiguration: body['diskEncryptionConfiguration'] } : {}),
  };
}

/** What is found of an instance once it runs. */
export function runningFacts(sim: Sim, instance: InstanceRecord): JsonObject {
  const ip = instance.settings['ipConfiguration'] as JsonObject;
  const known = (instance['ipAddresses'] ?? []) as Array<{ type: string; ipAddress: string }>;
  const address = (type: string, first: number) => ({
    type,
    ipAddress: known.find((one) => one.type === type)?.ipAddress ?? randomAddress(sim, first),
  });
  const outgoing = isPostgres(instance.databaseVersion) ? [address('OUTGOING', 34)] : [];
  const preference = instance.settings['locationPreference'];
  const zone = isObject(preference) && typeof preference['zone'] === 'string' ? preference['zone'] : `${instance.region}-a`;
  const other = `${instance.region}-${zone.endsWith('-c') ? 'b' : 'c'}`;
  return {
    gceZone: zone,
    ...(instance.settings['availabilityType'] === 'REGIONAL' ? { secondaryGceZone: other } : {}),
    ipAddresses: [
      ...(ip['ipv4Enabled'] === true ? [address('PRIMARY', 34), ...outgoing] : []),
      ...(ip['privateNetwork'] ? [address('PRIVATE', 10)] : []),
    ],
  };
}

function randomAddress(sim: Sim, first: number): string {
  const bytes = Buffer.from(sim.id(6), 'hex');
  return [first, ...bytes].map((byte, place) => (place === 3 ? (byte % 254) + 1 : byte)).join('.');
}

/** What every answer has that no record needs. */
export function derivedFacts(databaseVersion: string): JsonObject {
  const known: Json[] = upgrades(databaseVersion);
  return {
    kind: 'sql#instance',
    backendType: 'SECOND_GEN',
    geminiConfig: {
      entitled: false,
      activeQueryEnabled: false,
      indexAdvisorEnabled: false,
      ...(isPostgres(databaseVersion)
        ? { googleVacuumMgmtEnabled: false, oomSessionCancelEnabled: false }
        : { flagRecommenderEnabled: true }),
    },
    satisfiesPzi: true,
    sqlNetworkArchitecture: 'NEW_NETWORK_ARCHITECTURE',
    ...(known.length > 0 ? { upgradableDatabaseVersions: known } : {}),
  };
}
