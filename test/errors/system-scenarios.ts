import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lchown, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { createOrGet, poll, systemClock } from '../../src/gcp/retry.ts';
import { notReady as mysqlNotReady } from '../../src/local/runtime/mysql/server-process.ts';
import { databaseAccount } from '../../src/local/runtime/sql/account.ts';
import { ownFolder } from '../../src/local/runtime/sql/cluster-files.ts';
import { notReady } from '../../src/local/runtime/sql/postgres.ts';
import { notRunning } from '../../src/local/runtime/sql/sql-runtime.ts';
import { temporaryFolder } from '../support/program.ts';
import { during, type Scenario } from './scenario.ts';

const waiting = { clock: systemClock, signal: new AbortController().signal };

async function filled(): Promise<string> {
  const file = path.join(temporaryFolder(), 'file');
  await writeFile(file, '');
  return file;
}

async function listening(): Promise<never> {
  const [first, second] = [createServer(), createServer()];
  await once(first.listen(0, '127.0.0.1'), 'listening');
  try {
    await once(second.listen((first.address() as { port: number }).port, '127.0.0.1'), 'listening');
    throw new Error('two servers listen on one port');
  } finally {
    first.close();
  }
}

async function fullDisk(): Promise<void> {
  const disk = await open('/dev/full', 'w');
  try {
    await disk.write('x');
  } finally {
    await disk.close();
  }
}

/** As Node.js throws what this machine cannot be made to do on purpose, or not as root. */
function thrown(code: string, more: object = {}): () => never {
  return () => {
    throw Object.assign(new Error('words that nobody goes by'), { code, ...more });
  };
}

/** What happens to any command: files, ports, connections. */
export const systemScenarios: Scenario[] = [
  during('FILE_MISSING', () => readFile('/nonexistent/file')),
  during('IS_A_FOLDER', () => readFile('/')),
  during('NOT_A_FOLDER', async () => readFile(path.join(await filled(), 'below'))),
  during('FILE_IN_THE_WAY', async () => mkdir(await filled())),
  during('NAME_TOO_LONG', () => readFile(`/${'x'.repeat(5000)}`)),
  during('PROGRAM_MISSING', () => promisify(execFile)('/nonexistent/program')),
  during('PORT_IN_USE', listening),
  during('CONNECTION_REFUSED', () => once(connect(9, '127.0.0.1'), 'connect')),
  during('DISK_FULL', process.platform === 'linux' ? fullDisk : thrown('ENOSPC')),
  during('FILE_FORBIDDEN', thrown('EACCES', { path: '/root/file', syscall: 'open' })),
  during('READ_ONLY', thrown('EROFS', { path: '/mnt/file' })),
  during('TOO_MANY_FILES', thrown('EMFILE')),
  during('PORT_FORBIDDEN', thrown('EACCES', { syscall: 'listen', port: 80 })),
  during('CONNECTION_LOST', thrown('ECONNRESET', { address: '10.0.0.1' })),
  during('NETWORK_UNREACHABLE', thrown('ENETUNREACH', { address: '10.0.0.1' })),
  during('HOST_NOT_FOUND', thrown('ENOTFOUND', { hostname: 'nowhere.invalid' })),
  during('CERTIFICATE_UNTRUSTED', thrown('CERT_HAS_EXPIRED')),
  during('INTERNAL', () => {
    throw new TypeError('a fault of the program');
  }),
  during('CREATED_AND_GONE', () => createOrGet(waiting, { create: async () => undefined, get: async () => undefined })),
  during('TIMED_OUT', () => poll(waiting, { what: 'a long thing', attempt: async () => undefined, timeoutMs: 20 })),
  during('LOCAL_NO_DATABASE_USER', () => databaseAccount(0, () => 'root:x:0:0::/root:/bin/sh')),
  during('LOCAL_SOCKET_FOLDER', foreignFolder),
  during('LOCAL_POSTGRES_FAILED', async () => {
    throw await notReady('/nonexistent/postgres.log', 'project:region:instance');
  }),
  during('LOCAL_MYSQL_FAILED', async () => {
    throw await mysqlNotReady('/nonexistent/mysql.log', 'project:region:instance');
  }),
  during('LOCAL_INSTANCE_STOPPED', () => {
    throw notRunning('project:region:instance');
  }),
];

/** A folder of somebody else's: root can make one, anybody else has those of root. */
async function foreignFolder(): Promise<void> {
  if (process.getuid?.() !== 0) return ownFolder('/', undefined);
  const folder = path.join(temporaryFolder(), 'foreign');
  await mkdir(folder);
  await chmod(folder, 0o700);
  await lchown(folder, 54321, 54321);
  await readdir(folder);
  return ownFolder(folder, undefined);
}
