import type { JsonObject } from '../service.ts';
import { isRegion } from './regions.ts';
import { invalidRequest, notSimulated } from './sqladmin-errors.ts';
import { defaultEdition, isOffered, isPostgres } from './sqladmin-versions.ts';

const LONGEST_NAME = 98;
const MAX_DISK_GB = 65_536;

/**
 * Refuses a new instance that Cloud SQL refuses.
 * https://docs.cloud.google.com/sql/docs/postgres/create-instance , …/sql/docs/postgres/instance-settings
 * @throws GoogleError 400; 501 for what is not simulated
 */
export function checkNewInstance(project: string, body: JsonObject): void {
  const version = String(body['databaseVersion'] ?? '');
  if (version.startsWith('SQLSERVER_')) throw notSimulated('SQL Server is');
  if (body['masterInstanceName'] || !['CLOUD_SQL_INSTANCE', undefined].includes(body['instanceType'] as string | undefined)) {
    throw notSimulated('Replicas and instances of other kinds are');
  }
  const name = String(body['name'] ?? '');
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) throw invalidRequest(`instance name (${name}).`);
  if (`${project}:${name}`.length > LONGEST_NAME) {
    throw invalidRequest(
      `instance name (${name}): the project and the instance together must not be longer than ${LONGEST_NAME} characters.`,
    );
  }
  const region = String(body['region'] ?? 'us-central1');
  if (!isRegion(region)) throw invalidRequest(`Invalid region: ${region}.`);
  if (!isOffered(version)) throw invalidRequest(`Invalid database version: ${version === '' ? 'none was given' : version}.`);
  const settings = (body['settings'] ?? {}) as JsonObject;
  if (typeof settings['tier'] !== 'string' || settings['tier'] === '') throw invalidRequest('Missing parameter: settings.tier.');
  checkSettings(settings, version);
}

/** @param settings full or as sent: what is missing is not looked at */
export function checkSettings(settings: JsonObject, version: string): void {
  const edition = String(settings['edition'] ?? defaultEdition(version));
  if (typeof settings['tier'] === 'string') checkTier(settings['tier'], edition, version);
  const disk = Number(settings['dataDiskSizeGb'] ?? 10);
  if (disk < 10 || disk > MAX_DISK_GB)
    throw invalidRequest(`Invalid disk size: ${disk} GB. It must be between 10 and ${MAX_DISK_GB} GB.`);
  checkBackups((settings['backupConfiguration'] ?? {}) as JsonObject, edition);
  checkRecovery(settings, version);
  checkIp((settings['ipConfiguration'] ?? {}) as JsonObject);
  if (settings['availabilityType'] === 'REGIONAL' && isShared(String(settings['tier']))) {
    throw invalidRequest('High availability is not supported for shared-core instances.');
  }
}

function checkTier(tier: string, edition: string, version: string): void {
  if (edition === 'ENTERPRISE_PLUS') {
    if (/^db-perf-optimized-N-(2|4|8|16|32|48|64|80|96|128)$|^db-c4a-highmem-(1|2|4|8|16|32|48|64|72)$/.test(tier)) return;
    throw invalidRequest(
      `Invalid Tier (${tier}) for (${edition}) Edition. Use a predefined Tier like db-perf-optimized-N-* instead.`,
    );
  }
  if (isShared(tier)) return;
  if (/^db-n1-(standard|highmem)-\d+$/.test(tier)) {
    if (isPostgres(version))
      throw invalidRequest('Only custom or shared-core instance Billing Tier type allowed for PostgreSQL database.');
    return;
  }
  const [, cpus, memory] = /^db-custom(?:-N4)?-(\d+)-(\d+)$/.exec(tier) ?? [];
  if (cpus === undefined || memory === undefined)
    throw invalidRequest(`Invalid Tier (${tier}) for (${edition}) Edition. Use a Tier like db-custom-2-7680 instead.`);
  checkCustom(tier, Number(cpus), Number(memory));
}

/** https://docs.cloud.google.com/sql/docs/postgres/create-instance#machine-types */
function checkCustom(tier: string, cpus: number, memory: number): void {
  const wrong =
    cpus < 1 || cpus > 96 || (cpus > 1 && cpus % 2 === 1)
      ? 'the number of vCPUs must be 1 or an even number up to 96'
      : memory % 256 !== 0
        ? 'the memory must be a multiple of 256 MB'
        : memory < 3840
          ? 'the memory must be at least 3840 MB'
          : memory < cpus * 0.9 * 1024 || memory > cpus * 6.5 * 1024
            ? 'the memory must be between 0.9 and 6.5 GB for each vCPU'
            : undefined;
  if (wrong) throw invalidRequest(`Invalid custom Tier (${tier}): ${wrong}.`);
}

function isShared(tier: string): boolean {
  return tier === 'db-f1-micro' || tier === 'db-g1-small';
}

function checkBackups(backups: JsonObject, edition: string): void {
  const days = backups['transactionLogRetentionDays'];
  const most = edition === 'ENTERPRISE_PLUS' ? 35 : 7;
  if (typeof days === 'number' && (days < 1 || days > most))
    throw invalidRequest(`The number of transaction log retention days must be between 1 and ${most}.`);
  const start = backups['startTime'];
  if (typeof start === 'string' && !/^([01]\d|2[0-3]):[0-5]\d$/.test(start))
    throw invalidRequest(`Invalid backup start time: ${start}.`);
  if (backups['pointInTimeRecoveryEnabled'] === true && backups['enabled'] === false) {
    throw invalidRequest('Point-in-time recovery can only be enabled when automated backups are.');
  }
  const retained = (backups['backupRetentionSettings'] as JsonObject | undefined)?.['retainedBackups'];
  if (typeof retained === 'number' && (retained < 1 || retained > 365))
    throw invalidRequest('The number of retained backups must be between 1 and 365.');
}

/**
 * PostgreSQL and MySQL recover to a point in time by different means.
 * https://docs.cloud.google.com/sql/docs/mysql/backup-recovery/configure-pitr https://docs.cloud.google.com/sql/docs/mysql/high-availability
 */
function checkRecovery(settings: JsonObject, version: string): void {
  const backups = (settings['backupConfiguration'] ?? {}) as JsonObject;
  const binaryLog = backups['binaryLogEnabled'] === true;
  if (isPostgres(version)) {
    if (binaryLog) throw invalidRequest('Binary logging can only be enabled for MySQL instances.');
    return;
  }
  if (backups['pointInTimeRecoveryEnabled'] === true)
    throw invalidRequest('Point-in-time recovery can only be enabled for Postgres instances.');
  if (binaryLog && backups['enabled'] !== true)
    throw invalidRequest('Binary logging can only be enabled when automated backups are.');
  if (settings['availabilityType'] === 'REGIONAL' && !binaryLog) {
    throw invalidRequest('Invalid flag for instance role: MySQL HA non-replica instances need to have binary logging enabled.');
  }
}

function checkIp(ip: JsonObject): void {
  if (ip['ipv4Enabled'] === false && !ip['privateNetwork'] && !ip['pscConfig']) {
    throw invalidRequest('At least one of Public IP or Private IP or PSC connectivity must be enabled for the instance.');
  }
  const { sslMode, requireSsl } = ip;
  if (sslMode !== undefined && requireSsl === true && sslMode !== 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED') {
    throw invalidRequest(`The values of sslMode (${String(sslMode)}) and requireSsl (true) contradict each other.`);
  }
}
