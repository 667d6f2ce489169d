import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseAddress } from '../../../src/local/runtime/sql/cluster-files.ts';
import type { LocalSqlRuntime } from '../../../src/local/runtime/sql/sql-runtime.ts';
import { checkDatabase } from '../../../src/project/database-check.ts';
import type { DatabaseAccess } from '../../../src/project/database-client.ts';
import { certificates } from './certificates.ts';
import { instanceNamed, type SqlPlace, sqlPlace } from './sql-setup.ts';

let place: SqlPlace;
let sql: LocalSqlRuntime;
let access: DatabaseAccess;
let strangerCa: string;

beforeAll(async () => {
  place = await sqlPlace();
  sql = place.open();
  const issued = await certificates();
  const tls = { ...issued.server, clientAuthority: issued.authority };
  const instance = await instanceNamed('check', { sslMode: 'ENCRYPTED_ONLY', tls });
  await sql.start(instance);
  await sql.setUser(instance.connectionName, { name: 'mlflow', password: 'right' });
  const serverCa = path.join(place.folder, 'ca.pem');
  strangerCa = path.join(place.folder, 'other.pem');
  await writeFile(serverCa, issued.authority);
  await writeFile(strangerCa, (await certificates()).authority);
  const address = databaseAddress(path.join(place.folder, 'sql'), instance.connectionName);
  access = {
    ...{ engine: 'postgres', host: '', port: 0, database: 'postgres', user: 'mlflow', password: 'right', tls: { serverCa } },
    ...address,
  };
});
afterAll(async () => {
  await sql.stopAll();
  await place.remove();
});

test('what psql could do is fine; what the database or the authority refuses is told as that', async () => {
  await checkDatabase(access, 'elsewhere');
  for (const change of [{ password: 'wrong' }, { database: 'none' }, { tls: { serverCa: strangerCa } }, { tls: undefined }]) {
    await expect(checkDatabase({ ...access, ...change }, 'elsewhere')).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      message: expect.stringContaining(`refuses user mlflow for`),
    });
  }
});

test('where nothing answers, the hint is the way around', async () => {
  await sql.stopAll();
  await expect(checkDatabase(access, 'Go by the proxy.')).rejects.toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    hint: 'Go by the proxy.',
  });
});
