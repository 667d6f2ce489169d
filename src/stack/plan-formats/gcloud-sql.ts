import { BugError } from '../../errors.ts';
import type { SqlSettings } from '../../gcp/sql.ts';
import type { Deployment } from '../deployment.ts';
import { wantedInstance } from '../resources/sql-settings.ts';
import { labelFlag } from './shell.ts';

/**
 * The words of the command that makes the instance. Labels are known to the beta command alone.
 * https://docs.cloud.google.com/sdk/gcloud/reference/beta/sql/instances/create
 */
export function createInstanceWords(deployment: Deployment): string[] {
  const { name, region, databaseVersion, settings } = wantedInstance(deployment);
  return [
    ...['gcloud', 'beta', 'sql', 'instances', 'create', name],
    `--project=${deployment.project}`,
    `--region=${region}`,
    `--database-version=${databaseVersion}`,
    ...settingFlags(settings),
  ];
}

/** Throws a {@link BugError} for a setting that has no flag here, so that none can be left out in silence. */
function settingFlags(settings: SqlSettings): string[] {
  const { tier, edition, availabilityType, activationPolicy, dataDiskSizeGb, dataDiskType, storageAutoResize, ...more } =
    settings;
  const { ipConfiguration, backupConfiguration, deletionProtectionEnabled, databaseFlags, userLabels, ...unknown } = more;
  const { ipv4Enabled, sslMode, ...unknownAddress } = ipConfiguration ?? {};
  const left = Object.keys({ ...unknown, ...unknownAddress });
  if (left.length > 0) throw new BugError(`the gcloud form of a plan knows no flag for ${left.join(', ')}`);
  return [
    `--tier=${tier}`,
    `--edition=${lower(edition)}`,
    `--availability-type=${lower(availabilityType)}`,
    `--activation-policy=${lower(activationPolicy)}`,
    `--storage-size=${dataDiskSizeGb}`,
    `--storage-type=${dataDiskType?.replace('PD_', '')}`,
    toggle('storage-auto-increase', storageAutoResize),
    toggle('assign-ip', ipv4Enabled),
    `--ssl-mode=${sslMode}`,
    ...backupFlags(backupConfiguration),
    toggle('deletion-protection', deletionProtectionEnabled),
    ...(databaseFlags === undefined
      ? []
      : [`--database-flags=${databaseFlags.map(({ name, value }) => `${name}=${value}`).join(',')}`]),
    labelFlag('--labels', userLabels ?? {}),
  ];
}

function backupFlags(backups: SqlSettings['backupConfiguration']): string[] {
  if (backups?.enabled !== true) return ['--no-backup'];
  return [
    `--backup-start-time=${backups.startTime}`,
    `--retained-backups-count=${backups.backupRetentionSettings?.retainedBackups}`,
    ...(backups.pointInTimeRecoveryEnabled === true ? ['--enable-point-in-time-recovery'] : []),
    ...(backups.binaryLogEnabled === true ? ['--enable-bin-log'] : []),
    `--retained-transaction-log-days=${backups.transactionLogRetentionDays}`,
  ];
}

function toggle(flag: string, on: boolean | undefined): string {
  return on === true ? `--${flag}` : `--no-${flag}`;
}

function lower(text: string | undefined): string {
  return (text ?? '').toLowerCase().replaceAll('_', '-');
}
