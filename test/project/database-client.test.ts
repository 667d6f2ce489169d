import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeClientCertFiles } from '../../src/project/client-cert-files.ts';
import { clientCommand, type DatabaseAccess, postgresVariables } from '../../src/project/database-client.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-client-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const PASSWORD = `it's "p$w" \\ secret`;
const ACCESS: DatabaseAccess = {
  engine: 'postgres',
  host: '34.1.2.3',
  port: 5432,
  database: `wi'ne "x"`,
  user: 'mlflow_b',
  role: 'mlflow',
  password: PASSWORD,
  tls: { serverCa: `/tmp/it's a folder/ca.pem`, clientCert: '/c/cert.pem', clientKey: '/c/key.pem' },
};

/** What a shell makes of a command line: each argument, and the variable with the password. */
async function taken(command: string, program: string, variable: string): Promise<{ args: string[]; password: string }> {
  const file = path.join(place, program);
  await writeFile(file, `#!/bin/sh\nprintf '%s\\0' "$${variable}" "$@"\n`, { mode: 0o755 });
  await writeFile(path.join(place, 'secret'), PASSWORD);
  const out = execFileSync('sh', ['-c', command], { encoding: 'utf8', env: { PATH: `${place}:${process.env['PATH']}` } });
  const [password = '', ...args] = out.split('\0').slice(0, -1);
  return { args, password };
}

test('psql gets one connection string, quoted as libpq reads it, and the password in its environment', async () => {
  const command = clientCommand(ACCESS, `cat ${place}/secret`);
  expect(command).not.toContain('secret"');
  expect(command).not.toContain('p$w');
  expect(await taken(command, 'psql', 'PGPASSWORD')).toEqual({
    password: PASSWORD,
    args: [
      `host=34.1.2.3 port=5432 dbname='wi\\'ne "x"' user=mlflow_b options='-c role=mlflow' sslmode=verify-ca sslrootcert='/tmp/it\\'s a folder/ca.pem' sslcert=/c/cert.pem sslkey=/c/key.pem`,
    ],
  });
});

test('mysql gets flags, and through a proxy nothing about TLS', async () => {
  const mysql: DatabaseAccess = { ...ACCESS, engine: 'mysql', port: 3306 };
  const direct = await taken(clientCommand(mysql, `cat ${place}/secret`), 'mysql', 'MYSQL_PWD');
  expect(direct).toEqual({
    password: PASSWORD,
    args: [
      ...['--host=34.1.2.3', '--port=3306', '--user=mlflow_b', '--loose-ssl-mode=VERIFY_CA'],
      ...[`--ssl-ca=/tmp/it's a folder/ca.pem`, '--ssl-cert=/c/cert.pem', '--ssl-key=/c/key.pem', `wi'ne "x"`],
    ],
  });
  const proxied = { ...ACCESS, host: '127.0.0.1', tls: undefined };
  expect(postgresVariables(proxied)).toMatchObject({ PGSSLMODE: 'disable', PGHOST: '127.0.0.1' });
  expect(clientCommand({ ...proxied, engine: 'mysql' }, 'true')).toContain('--loose-ssl-mode=DISABLED');
});

const TEXTS = { key: 'KEY', certificate: 'CERT\n', serverCa: 'CA\n' };

test('the key is for its owner alone, and a new folder stays out of git', async () => {
  const folder = path.join(place, 'a', 'certs');
  const files = await writeClientCertFiles(folder, TEXTS);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(files.clientKey)).mode & 0o777).toBe(0o600);
  expect(await readFile(files.clientKey, 'utf8')).toBe('KEY\n');
  expect(await readFile(path.join(folder, '.gitignore'), 'utf8')).toBe('*\n');
  await writeFile(files.clientKey, 'older', { mode: 0o644 });
  await writeClientCertFiles(folder, { ...TEXTS, key: 'NEW\n' });
  expect(await readFile(files.clientKey, 'utf8')).toBe('NEW\n');
  expect((await stat(files.clientKey)).mode & 0o777).toBe(0o600);
});

test('a folder of the user keeps its own files, and a file in the way is told', async () => {
  const folder = path.join(place, 'mine');
  await mkdir(folder);
  await writeFile(path.join(folder, 'notes'), 'mine');
  await writeClientCertFiles(folder, TEXTS);
  await expect(readFile(path.join(folder, '.gitignore'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(writeClientCertFiles(path.join(folder, 'notes'), TEXTS)).rejects.toMatchObject({
    code: 'CLIENT_CERT_DIR_NOT_WRITABLE',
    hint: expect.stringContaining('--client-cert-dir'),
  });
});
