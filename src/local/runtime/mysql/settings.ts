import type { SqlInstance } from '../../runtime-port.ts';
import type { MysqlPrograms } from './programs.ts';

export interface ServerSettings {
  programs: MysqlPrograms;
  instance: SqlInstance;
  port: number;
  data: string;
  socket: string;
  pidFile: string;
  tls: { certificate: string; key: string; clientAuthority: string; revocationList: string };
}

/** Flags of Cloud SQL that mean the same to this server; the others of its list are Google's own, or need memory that is not here. */
const FLAGS = [
  ...['character_set_server', 'collation_server', 'default_time_zone', 'event_scheduler', 'general_log', 'group_concat_max_len'],
  ...['innodb_lock_wait_timeout', 'interactive_timeout', 'local_infile', 'log_bin_trust_function_creators', 'long_query_time'],
  ...['max_allowed_packet', 'max_connections', 'slow_query_log', 'sql_mode', 'transaction_isolation', 'wait_timeout'],
];

/** What MySQL 8.4 has by default; MariaDB takes more than that. */
const SQL_MODE =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

/**
 * The whole of the server's option file, as small as a db-f1-micro. The socket stands for the connectors' own tunnel and works in every
 * mode; over TCP the mode decides: https://docs.cloud.google.com/sql/docs/mysql/configure-ssl-instance
 */
export function optionFile(settings: ServerSettings): string {
  const { programs, instance, tls } = settings;
  const options: Array<[string, string | number]> = [
    ['datadir', settings.data],
    ['socket', settings.socket],
    ['pid_file', settings.pidFile],
    ['bind_address', '127.0.0.1'],
    ['port', settings.port],
    ['skip_name_resolve', 'ON'],
    ['ssl_cert', tls.certificate],
    ['ssl_key', tls.key],
    ['ssl_ca', tls.clientAuthority],
    ...(instance.tls.revocationList === undefined ? [] : [['ssl_crl', tls.revocationList] as [string, string]]),
    ['require_secure_transport', instance.sslMode === 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' ? 'OFF' : 'ON'],
    ['character_set_server', 'utf8mb4'],
    ['default_time_zone', '+00:00'],
    ['sql_mode', SQL_MODE],
    ['max_connections', 250],
    ['innodb_buffer_pool_size', '64M'],
    ['performance_schema', 'OFF'],
    ['local_infile', 'OFF'],
    ...FLAVOURS[programs.flavour],
    ...(instance.binaryLog ? BINARY_LOG : programs.flavour === 'mysql' ? [['disable_log_bin', 'ON'] as [string, string]] : []),
    ...Object.entries(instance.flags).filter(([name]) => FLAGS.includes(name)),
  ];
  return `[mysqld]\n${options.map(([name, value]) => `${name} = ${quoted(String(value))}\n`).join('')}`;
}

const FLAVOURS: Record<MysqlPrograms['flavour'], Array<[string, string | number]>> = {
  mariadb: [
    ['innodb_log_file_size', '32M'],
    ['loose_innodb_data_file_path', 'ibdata1:12M:autoextend'],
  ],
  mysql: [
    ['innodb_redo_log_capacity', '64M'],
    ['mysqlx', 'OFF'],
    ['secure_file_priv', 'NULL'],
  ],
};

const BINARY_LOG: Array<[string, string | number]> = [
  ['server_id', 1],
  ['log_bin', 'binlog'],
  ['binlog_expire_logs_seconds', 7 * 86_400],
  ['max_binlog_size', '64M'],
];

/** https://dev.mysql.com/doc/refman/8.4/en/option-files.html */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
