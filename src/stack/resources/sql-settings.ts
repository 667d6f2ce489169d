import { deploymentLabels } from '../../gcp/labels.ts';
import type { NewSqlInstance, SqlSettings } from '../../gcp/sql.ts';
import type { Deployment } from '../deployment.ts';
import { ENGINE_FACTS } from '../engine-facts.ts';
import { labelDifferences } from '../ownership.ts';

/**
 * What a new instance is asked with.
 * https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/instances#Settings
 */
export function wantedSettings(deployment: Deployment): SqlSettings {
  const { database } = deployment;
  const { flags, recovery } = ENGINE_FACTS[database.engine];
  return {
    tier: database.tier,
    // Never left to Google: from PostgreSQL 16 and MySQL 8.4 on the default is ENTERPRISE_PLUS, which refuses small tiers and costs some 20 times as much.
    edition: database.edition,
    availabilityType: database.availability,
    activationPolicy: 'ALWAYS',
    dataDiskSizeGb: String(database.diskGb),
    dataDiskType: 'PD_SSD',
    storageAutoResize: true,
    ipConfiguration: { ipv4Enabled: true, sslMode: wantedSslMode(deployment) },
    backupConfiguration: {
      enabled: true,
      startTime: '03:00',
      [recovery]: true,
      transactionLogRetentionDays: 7,
      backupRetentionSettings: { retentionUnit: 'COUNT', retainedBackups: 7 },
    },
    deletionProtectionEnabled: true,
    ...(flags.length > 0 && { databaseFlags: [...flags] }),
    userLabels: deploymentLabels(deployment.name),
  };
}

const CERTIFICATE_REQUIRED = 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED';

/**
 * What direct connections have to bring. The server on Cloud Run comes through the connector's own tunnel, which works in every mode.
 * https://docs.cloud.google.com/sql/docs/postgres/configure-ssl-instance#ssl-mode
 */
function wantedSslMode({ database }: Deployment): string {
  return database.requireClientCert ? CERTIFICATE_REQUIRED : 'ENCRYPTED_ONLY';
}

/** The body that a new instance is made with. */
export function wantedInstance(deployment: Deployment): NewSqlInstance {
  const { sqlInstance, region, database } = deployment;
  return { name: sqlInstance, region, databaseVersion: database.version, settings: wantedSettings(deployment) };
}

export interface SettingsChange {
  /** One line a difference, for people. */
  differences: string[];
  /** Only the fields to change, so that flags, networks, backup times and labels of others stay as they are. */
  patch: SqlSettings;
}

/** Holds an instance's settings against those wanted, field by field, and only for the fields that are ours. */
export function compareSettings(has: SqlSettings, deployment: Deployment): SettingsChange {
  const wanted = wantedSettings(deployment);
  const changes: Array<{ line: string; patch: SqlSettings }> = [];
  const compare = (what: string, is: unknown, should: unknown, patch: SqlSettings): void => {
    if (is !== should) changes.push({ line: `${what}: ${String(is ?? 'none')} → ${String(should)}`, patch });
  };
  compare('tier', has.tier, wanted.tier, pick(wanted, 'tier'));
  compare('edition', has.edition, wanted.edition, pick(wanted, 'edition'));
  compare('availability', has.availabilityType, wanted.availabilityType, pick(wanted, 'availabilityType'));
  compare('activation', has.activationPolicy, wanted.activationPolicy, pick(wanted, 'activationPolicy'));
  compare('backups', has.backupConfiguration?.enabled === true, true, pick(wanted, 'backupConfiguration'));
  compare('deletion protection', has.deletionProtectionEnabled === true, true, pick(wanted, 'deletionProtectionEnabled'));
  // Client certificates are stricter than what we ask for: whoever turned them on keeps them.
  const sslMode = wantedSslMode(deployment);
  const strict = [sslMode, CERTIFICATE_REQUIRED].includes(has.ipConfiguration?.sslMode ?? '');
  compare('TLS mode', strict ? sslMode : has.ipConfiguration?.sslMode, sslMode, { ipConfiguration: { sslMode } });
  // A disk only ever grows, by itself too.
  const grows = Number(has.dataDiskSizeGb ?? 0) < deployment.database.diskGb;
  if (grows) compare('disk, GB', has.dataDiskSizeGb, wanted.dataDiskSizeGb, pick(wanted, 'dataDiskSizeGb'));
  for (const flag of ENGINE_FACTS[deployment.database.engine].flags) {
    const others = (has.databaseFlags ?? []).filter(({ name }) => name !== flag.name);
    const value = has.databaseFlags?.find(({ name }) => name === flag.name)?.value;
    compare(`flag ${flag.name}`, value, flag.value, { databaseFlags: [...others, flag] });
  }
  const labels = labelDifferences(has.userLabels, deployment);
  return {
    differences: [...changes.map(({ line }) => line), ...labels],
    patch: Object.assign(
      {},
      ...changes.map(({ patch }) => patch),
      labels.length > 0 && { userLabels: { ...has.userLabels, ...wanted.userLabels } },
    ),
  };
}

/** Of an instance that is somebody else's nothing is changed, but that it has to run. */
export function compareAdopted({ activationPolicy }: SqlSettings): SettingsChange {
  if (activationPolicy === 'ALWAYS') return { differences: [], patch: {} };
  return { differences: [`activation: ${activationPolicy ?? 'none'} → ALWAYS`], patch: { activationPolicy: 'ALWAYS' } };
}

function pick<K extends keyof SqlSettings>(settings: SqlSettings, key: K): Pick<SqlSettings, K> {
  return { [key]: settings[key] } as Pick<SqlSettings, K>;
}
