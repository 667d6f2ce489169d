import type { Handler, JsonObject } from '../service.ts';
import { regions } from './regions.ts';
import { instanceOf } from './sqladmin-records.ts';
import { describe, findTls } from './sqladmin-tls.ts';

const GIB = 1024 ** 3;
const DISK_QUOTA = '70368744177664';

/** What is the same for everybody, and how to connect. */
export const catalogMethods: Record<string, Handler> = {
  'sql.tiers.list': (call, sim) => {
    sim.findProject(String(call.params['project']));
    return {
      kind: 'sql#tiersList',
      items: TIERS.map(([tier, gib]) => ({
        kind: 'sql#tier',
        tier,
        RAM: String(Math.round(gib * GIB)),
        DiskQuota: DISK_QUOTA,
        region: [...regions],
      })),
    };
  },
  'sql.flags.list': (call) => {
    const version = call.params['databaseVersion'];
    const items = FLAGS.filter((flag) => version === undefined || appliesTo(flag).includes(String(version)));
    return { kind: 'sql#flagsList', items: items.map(showFlag) };
  },
  'sql.connect.get': (call, sim) => {
    const instance = instanceOf(call, sim);
    const ip = instance.settings['ipConfiguration'] as JsonObject;
    return {
      kind: 'sql#connectSettings',
      ...(instance['serverCaCert'] ? { serverCaCert: instance['serverCaCert'] } : {}),
      ...(instance['ipAddresses'] ? { ipAddresses: instance['ipAddresses'] } : {}),
      region: instance.region,
      databaseVersion: instance.databaseVersion,
      backendType: 'SECOND_GEN',
      serverCaMode: ip['serverCaMode'] ?? 'GOOGLE_MANAGED_INTERNAL_CA',
    };
  },
  'sql.instances.listServerCas': async (call, sim) => {
    const instance = instanceOf(call, sim);
    const tls = findTls(sim, instance);
    if (!tls) return { kind: 'sql#instancesListServerCas' };
    const cert = await describe(tls.serverCa.certificate, instance.name);
    return { kind: 'sql#instancesListServerCas', activeVersion: String(cert['sha1Fingerprint']), certs: [cert] };
  },
};

/** Names with GiB of memory. https://docs.cloud.google.com/sql/docs/postgres/create-instance#machine-types */
const TIERS: Array<[string, number]> = [
  ['db-f1-micro', 0.6],
  ['db-g1-small', 1.7],
  ['db-custom-1-3840', 3.75],
  ['db-custom-2-7680', 7.5],
  ['db-custom-4-15360', 15],
  ['db-custom-8-30720', 30],
  ['db-custom-16-61440', 60],
  ['db-n1-standard-1', 3.75],
  ['db-n1-standard-2', 7.5],
  ['db-n1-standard-4', 15],
  ['db-n1-highmem-2', 13],
  ['db-n1-highmem-4', 26],
  ['db-perf-optimized-N-2', 16],
  ['db-perf-optimized-N-4', 32],
  ['db-perf-optimized-N-8', 64],
  ['db-perf-optimized-N-16', 128],
];

interface Flag {
  name: string;
  type: 'BOOLEAN' | 'INTEGER' | 'STRING' | 'FLOAT';
  engine: 'POSTGRES' | 'MYSQL';
  restart?: boolean;
  range?: [number, number];
  values?: string[];
}

/** The flags that people set most. https://docs.cloud.google.com/sql/docs/postgres/flags */
const FLAGS: Flag[] = [
  { name: 'cloudsql.iam_authentication', type: 'BOOLEAN', engine: 'POSTGRES' },
  { name: 'cloudsql.enable_pg_cron', type: 'BOOLEAN', engine: 'POSTGRES', restart: true },
  { name: 'cloudsql.enable_pgaudit', type: 'BOOLEAN', engine: 'POSTGRES', restart: true },
  { name: 'cloudsql.logical_decoding', type: 'BOOLEAN', engine: 'POSTGRES', restart: true },
  { name: 'autovacuum', type: 'BOOLEAN', engine: 'POSTGRES' },
  { name: 'idle_in_transaction_session_timeout', type: 'INTEGER', engine: 'POSTGRES', range: [0, 2_147_483_647] },
  { name: 'log_connections', type: 'BOOLEAN', engine: 'POSTGRES' },
  { name: 'log_disconnections', type: 'BOOLEAN', engine: 'POSTGRES' },
  { name: 'log_lock_waits', type: 'BOOLEAN', engine: 'POSTGRES' },
  { name: 'log_min_duration_statement', type: 'INTEGER', engine: 'POSTGRES', range: [-1, 2_147_483_647] },
  { name: 'log_statement', type: 'STRING', engine: 'POSTGRES', values: ['none', 'ddl', 'mod', 'all'] },
  { name: 'maintenance_work_mem', type: 'INTEGER', engine: 'POSTGRES', range: [1024, 2_147_483_647] },
  { name: 'max_connections', type: 'INTEGER', engine: 'POSTGRES', restart: true, range: [14, 262_143] },
  { name: 'max_wal_senders', type: 'INTEGER', engine: 'POSTGRES', restart: true, range: [10, 262_143] },
  { name: 'max_worker_processes', type: 'INTEGER', engine: 'POSTGRES', restart: true, range: [8, 262_143] },
  { name: 'random_page_cost', type: 'FLOAT', engine: 'POSTGRES' },
  { name: 'shared_buffers', type: 'INTEGER', engine: 'POSTGRES', restart: true, range: [13_107, 3_145_728] },
  { name: 'statement_timeout', type: 'INTEGER', engine: 'POSTGRES', range: [0, 2_147_483_647] },
  { name: 'work_mem', type: 'INTEGER', engine: 'POSTGRES', range: [64, 2_147_483_647] },
  { name: 'cloudsql_iam_authentication', type: 'BOOLEAN', engine: 'MYSQL' },
  { name: 'general_log', type: 'BOOLEAN', engine: 'MYSQL' },
  { name: 'log_bin_trust_function_creators', type: 'BOOLEAN', engine: 'MYSQL' },
  { name: 'max_connections', type: 'INTEGER', engine: 'MYSQL', range: [1, 100_000] },
  { name: 'slow_query_log', type: 'BOOLEAN', engine: 'MYSQL' },
];

const VERSIONS = {
  POSTGRES: ['9_6', '10', '11', '12', '13', '14', '15', '16', '17', '18'].map((version) => `POSTGRES_${version}`),
  MYSQL: ['MYSQL_5_7', 'MYSQL_8_0', 'MYSQL_8_4', 'MYSQL_9_7'],
};

function appliesTo(flag: Flag): string[] {
  return VERSIONS[flag.engine];
}

function showFlag(flag: Flag): JsonObject {
  return {
    kind: 'sql#flag',
    name: flag.name,
    type: flag.type,
    appliesTo: appliesTo(flag),
    ...(flag.range ? { minValue: String(flag.range[0]), maxValue: String(flag.range[1]) } : {}),
    ...(flag.values ? { allowedStringValues: flag.values } : {}),
    requiresRestart: flag.restart === true,
  };
}
