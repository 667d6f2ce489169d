import { expect, it } from 'vitest';
import { setUserSql } from '../../../src/local/runtime/mysql/accounts.ts';
import { optionFile } from '../../../src/local/runtime/mysql/settings.ts';
import { checkName, identifier, literal, word } from '../../../src/local/runtime/mysql/sql-text.ts';
import type { SqlInstance } from '../../../src/local/runtime-port.ts';

it('quotes names and texts', () => {
  expect(identifier('a`b')).toBe('`a``b`');
  expect(literal(`o'dd\\ "x"\n`)).toBe(`'o\\'dd\\\\ "x"\\n'`);
  expect(word('utf8mb4_bin')).toBe('utf8mb4_bin');
});

it('refuses names that MySQL does not take', () => {
  for (const refused of [
    () => checkName('user', 'cloudsqladmin'),
    () => checkName('user', 'u'.repeat(33)),
    () => checkName('database', ''),
    () => checkName('database', 'ends with '),
    () => word('utf8; DROP TABLE x'),
  ])
    expect(refused).toThrow(expect.objectContaining({ code: 'LOCAL_DATABASE_NAME' }));
});

it('lets a user in by the tunnel without a certificate in every mode, and directly as the mode says', () => {
  const user = { name: 'ada', host: '%', password: 'x' };
  const strict = setUserSql(user, 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED');
  expect(strict).toContain("ALTER USER 'ada'@'%' REQUIRE X509");
  expect(strict.join('\n')).not.toContain("'ada'@'localhost' REQUIRE");
  expect(setUserSql(user, 'ENCRYPTED_ONLY')).toContain("ALTER USER 'ada'@'%' REQUIRE NONE");
  expect(setUserSql({ ...user, host: 'cloudsqlproxy~%' }, 'ENCRYPTED_ONLY').join('\n')).not.toContain("'ada'@'%'");
  expect(setUserSql({ ...user, host: '10.0.0.1' }, 'ENCRYPTED_ONLY').join('\n')).not.toContain('localhost');
  expect(setUserSql({ ...user, roles: ['reader'] }, 'ENCRYPTED_ONLY')).toContain("GRANT `reader` TO 'ada'@'%'");
});

it('writes the settings of the instance, and of its flags those that mean the same here', () => {
  const tls = { certificate: '/t/c', key: '/t/k', clientAuthority: '/t/a', revocationList: '/t/r' };
  const instance: SqlInstance = {
    connectionName: 'p:r:i',
    databaseVersion: 'MYSQL_8_4',
    flags: { log_bin_trust_function_creators: 'on', cloudsql_iam_authentication: 'on', plugin_load: '/evil.so' },
    binaryLog: true,
    sslMode: 'ENCRYPTED_ONLY',
    tls,
  };
  const programs = { flavour: 'mariadb', version: '10.11.19', server: '', client: '', installer: '' } as const;
  const text = optionFile({ programs, instance, port: 4406, data: '/d "x"', socket: '/s', pidFile: '/p', tls });
  expect(text).toContain('datadir = "/d \\"x\\""\n');
  expect(text).toContain('require_secure_transport = "ON"');
  expect(text).toContain('log_bin = "binlog"');
  expect(text).toContain('log_bin_trust_function_creators = "on"');
  expect(text).toContain('bind_address = "127.0.0.1"');
  expect(text).not.toMatch(/cloudsql|plugin_load/);
});
