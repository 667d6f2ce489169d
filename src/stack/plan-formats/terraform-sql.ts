import { BugError } from '../../errors.ts';
import type { SqlSettings } from '../../gcp/sql.ts';
import type { Deployment } from '../deployment.ts';
import { wantedInstance } from '../resources/sql-settings.ts';
import type { HclBlock, HclValue } from './hcl.ts';

/**
 * The instance. Throws a {@link BugError} for a setting that is unknown here, so that none can be left out in silence.
 * https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/sql_database_instance
 */
export function instanceBlock(deployment: Deployment, dependsOn: HclValue): HclBlock {
  const { name, region, databaseVersion, settings } = wantedInstance(deployment);
  return {
    kind: 'resource',
    labels: ['google_sql_database_instance', 'mlflow'],
    values: {
      name,
      region,
      database_version: databaseVersion,
      // Terraform's own lock, beside that of Cloud SQL in the settings.
      deletion_protection: settings.deletionProtectionEnabled ?? false,
      depends_on: dependsOn,
    },
    blocks: [settingsBlock(settings)],
  };
}

function settingsBlock(settings: SqlSettings): HclBlock {
  const { tier, edition, availabilityType, activationPolicy, dataDiskSizeGb, dataDiskType, storageAutoResize, ...more } =
    settings;
  const { ipConfiguration, backupConfiguration, deletionProtectionEnabled, databaseFlags, userLabels, ...unknown } = more;
  const { ipv4Enabled, sslMode, ...unknownAddress } = ipConfiguration ?? {};
  const left = Object.keys({ ...unknown, ...unknownAddress });
  if (left.length > 0) throw new BugError(`the terraform form of a plan knows no argument for ${left.join(', ')}`);
  return {
    kind: 'settings',
    values: {
      tier,
      edition,
      availability_type: availabilityType,
      activation_policy: activationPolicy,
      disk_size: Number(dataDiskSizeGb),
      disk_type: dataDiskType,
      disk_autoresize: storageAutoResize,
      deletion_protection_enabled: deletionProtectionEnabled,
      user_labels: { map: userLabels ?? {} },
    },
    blocks: [
      { kind: 'ip_configuration', values: { ipv4_enabled: ipv4Enabled, ssl_mode: sslMode } },
      backupBlock(backupConfiguration),
      ...(databaseFlags ?? []).map(({ name, value }) => ({ kind: 'database_flags', values: { name, value } })),
    ],
  };
}

function backupBlock(backups: SqlSettings['backupConfiguration']): HclBlock {
  const kept = backups?.backupRetentionSettings;
  return {
    kind: 'backup_configuration',
    values: {
      enabled: backups?.enabled ?? false,
      start_time: backups?.startTime,
      point_in_time_recovery_enabled: backups?.pointInTimeRecoveryEnabled,
      binary_log_enabled: backups?.binaryLogEnabled,
      transaction_log_retention_days: backups?.transactionLogRetentionDays,
    },
    blocks:
      kept === undefined
        ? []
        : [
            {
              kind: 'backup_retention_settings',
              values: { retention_unit: kept.retentionUnit, retained_backups: kept.retainedBackups },
            },
          ],
  };
}
