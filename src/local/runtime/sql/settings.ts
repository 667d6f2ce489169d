import type { SqlInstance } from '../../runtime-port.ts';

/** Superuser of the cluster. As on Cloud SQL it belongs to the operator, not to the instance's users. */
export const ADMIN = 'cloudsqladmin';
/** The role of which every user made through the API is a member: https://docs.cloud.google.com/sql/docs/postgres/users */
export const SUPERUSER_ROLE = 'cloudsqlsuperuser';

export interface ClusterSettings {
  port: number;
  socketFolder: string;
  tls: { certificate: string; key: string; clientAuthority: string; revocationList?: string };
}

/**
 * The whole of postgresql.conf. Sizes are those of a db-f1-micro (25 connections), so that a pool that is too large for the smallest
 * instance shows here and not at Google.
 */
export function postgresqlConf(settings: ClusterSettings): string {
  const lines: Array<[string, string | number]> = [
    ['listen_addresses', '127.0.0.1'],
    ['port', settings.port],
    ['unix_socket_directories', settings.socketFolder],
    ['unix_socket_permissions', '0700'],
    ['max_connections', 25],
    ['shared_buffers', '32MB'],
    ['max_wal_size', '256MB'],
    ['password_encryption', 'scram-sha-256'],
    ['ssl', 'on'],
    ['ssl_cert_file', settings.tls.certificate],
    ['ssl_key_file', settings.tls.key],
    ['ssl_ca_file', settings.tls.clientAuthority],
    ['ssl_crl_file', settings.tls.revocationList ?? ''],
    ['ssl_min_protocol_version', 'TLSv1.2'],
    ['timezone', 'UTC'],
    ['log_timezone', 'UTC'],
    ['lc_messages', 'C'],
    ['default_text_search_config', 'pg_catalog.english'],
    ['log_line_prefix', '%m [%p] %u@%d '],
  ];
  return lines.map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'\n`).join('');
}

/**
 * The whole of pg_hba.conf. The unix socket stands for the connectors' own tunnel, which works in every mode; over TCP the mode decides:
 * https://docs.cloud.google.com/sql/docs/postgres/configure-ssl-instance. The first line that fits decides.
 */
export function pgHbaConf(sslMode: SqlInstance['sslMode']): string {
  return [['local', 'all', 'all', 'scram-sha-256'], ['host', 'all', ADMIN, 'all', 'reject'], ...tcpRules(sslMode)]
    .map((fields) => `${fields.join('\t')}\n`)
    .join('');
}

function tcpRules(sslMode: SqlInstance['sslMode']): string[][] {
  switch (sslMode) {
    case 'ALLOW_UNENCRYPTED_AND_ENCRYPTED':
      return [['host', 'all', 'all', 'all', 'scram-sha-256']];
    case 'ENCRYPTED_ONLY':
      return [
        ['hostnossl', 'all', 'all', 'all', 'reject'],
        ['hostssl', 'all', 'all', 'all', 'scram-sha-256'],
      ];
    case 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED':
      return [
        ['hostnossl', 'all', 'all', 'all', 'reject'],
        ['hostssl', 'all', 'all', 'all', 'scram-sha-256', 'clientcert=verify-ca'],
      ];
  }
}
