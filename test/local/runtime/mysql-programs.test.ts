import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findMysql } from '../../../src/local/runtime/mysql/programs.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-programs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, output = ''): Promise<void> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\necho '${output}'\n`);
  await chmod(file, 0o755);
}

const find = () => findMysql({ PATH: folder }, []);
const MARIADB = 'mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)';

it('says what to install where there is no server', async () => {
  await expect(find()).rejects.toMatchObject({
    code: 'LOCAL_MYSQL_MISSING',
    message: expect.stringContaining('there are none on this machine'),
    hint: expect.stringContaining('--database postgres'),
  });
});

it('takes MariaDB with the program that makes its data', async () => {
  await program('mariadbd', MARIADB);
  await expect(find()).rejects.toMatchObject({ message: expect.stringContaining('not the client program mariadb') });
  await program('mariadb');
  await expect(find()).rejects.toMatchObject({ message: expect.stringContaining('not mariadb-install-db') });
  await program('mariadb-install-db');
  expect(await find()).toMatchObject({ flavour: 'mariadb', version: '10.11.19', server: path.join(folder, 'mariadbd') });
});

it('prefers MySQL, which makes its data itself', async () => {
  for (const name of ['mariadb', 'mariadb-install-db', 'mysql']) await program(name);
  await program('mariadbd', MARIADB);
  await program('mysqld', '/usr/sbin/mysqld  Ver 8.4.6 for Linux on x86_64 (MySQL Community Server - GPL)');
  expect(await find()).toMatchObject({ flavour: 'mysql', version: '8.4.6', installer: undefined });
});

it('passes by a server that does not run', async () => {
  await program('mysqld', 'error while loading shared libraries');
  await expect(find()).rejects.toMatchObject({ message: expect.stringContaining('mysqld does not tell its version') });
});
