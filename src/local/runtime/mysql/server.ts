import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { SqlInstance } from '../../runtime-port.ts';
import { writeJson, writeWhole } from '../files.ts';
import { keepRunning } from '../kept-server.ts';
import { boundFile } from '../log-files.ts';
import { freePort } from '../ports.ts';
import type { ProcessRegister } from '../process-register.ts';
import type { Account } from '../sql/account.ts';
import { DIRECT_ACCOUNTS, requireSql, setUserSql } from './accounts.ts';
import { clientOptions, type MysqlAccess, runSql } from './client.ts';
import type { MysqlPrograms } from './programs.ts';
import { freshRecord, prepareFolders, type ServerFiles, type ServerRecord, writeFor } from './server-files.ts';
import { becomesReady, endServer, initialize, launch, notReady } from './server-process.ts';
import { optionFile } from './settings.ts';
import { ADMIN, account as accountName, literal } from './sql-text.ts';

/** A running server. */
export interface MysqlServer {
  readonly access: MysqlAccess;
  readonly port: number;
  readonly instance: SqlInstance;
  /** Takes over other settings, another TLS mode or certificate: by a restart, as at Google most of them want. */
  apply(instance: SqlInstance): Promise<void>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  files: ServerFiles;
  logFile: string;
  account: Account | undefined;
  register: ProcessRegister;
  programs(): Promise<MysqlPrograms>;
  note(line: string): void;
}

interface Setup extends ServerOptions {
  instance: SqlInstance;
  found: MysqlPrograms;
  record: ServerRecord;
  access: MysqlAccess;
}

// The port that is free now may be taken a moment later.
const PORT_ATTEMPTS = 3;
const LOG_BYTES = 5_000_000;

/**
 * Makes the data of an instance if there is none, starts its server, and keeps it running: one that ends by itself is started again.
 * Throws a {@link UserError} with the server's last words when it does not come up.
 */
export async function startServer(instance: SqlInstance, options: ServerOptions): Promise<MysqlServer> {
  const found = await options.programs();
  const { files, account } = options;
  const record = await prepareFolders(files, account, freshRecord(instance.connectionName, instance.databaseVersion));
  writeWhole(files.adminOptions, clientOptions(files.socket, ADMIN, record.adminPassword));
  const access = { client: found.client, optionFile: files.adminOptions };
  const setup: Setup = { ...options, instance, found, record, access };
  await writeFor(account, files.initFile, firstStatements(setup));
  return supervise(setup, await start(setup, record.port));
}

/**
 * What the server does before it takes connections, at each start: there is an operator. At the first start it drops whom the making of the
 * data has left without a password, and gives the administrator the password that was asked for, or one that nobody knows.
 */
function firstStatements({ record, instance }: Setup): string {
  const operator = accountName(ADMIN, 'localhost');
  const statements = [
    `CREATE USER IF NOT EXISTS ${operator} IDENTIFIED BY ${literal(record.adminPassword)}`,
    `GRANT ALL PRIVILEGES ON *.* TO ${operator} WITH GRANT OPTION`,
  ];
  if (record.port === undefined) {
    const hosts = ['localhost', '127.0.0.1', '::1', hostname().toLowerCase()];
    const left = hosts.flatMap((host) => [accountName('root', host), accountName('', host)]);
    const password = instance.rootPassword ?? randomBytes(24).toString('base64url');
    statements.push(...left.map((name) => `DROP USER IF EXISTS ${name}`));
    statements.push(...setUserSql({ name: 'root', password }, instance.sslMode));
  }
  return statements.map((statement) => `${statement};\n`).join('');
}

interface Started {
  child: ChildProcess;
  port: number;
}

async function start(setup: Setup, preferredPort: number | undefined): Promise<Started> {
  const { files, logFile, account, found, instance, access, record } = setup;
  boundFile(logFile, LOG_BYTES);
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt += 1) {
    const port = await freePort(attempt === 1 ? preferredPort : undefined);
    await writeSettings(setup, port);
    await initialize(files, found, account);
    const child = launch(files, found, logFile, account);
    setup.register.add(child, { title: `MySQL ${instance.connectionName}`, stopSignal: 'SIGTERM' });
    if (await becomesReady(child, access)) {
      await requireOfAll(setup);
      record.port = port;
      writeJson(files.record, record);
      await writeFor(account, files.initFile, firstStatements(setup));
      return { child, port };
    }
  }
  throw await notReady(logFile, instance.connectionName);
}

async function writeSettings({ files, instance, found, account }: Setup, port: number): Promise<void> {
  const { tls } = instance;
  const settings = optionFile({ ...files, programs: found, instance, port });
  await writeFor(account, files.tls.certificate, tls.certificate);
  await writeFor(account, files.tls.key, tls.key);
  await writeFor(account, files.tls.clientAuthority, tls.clientAuthority);
  if (tls.revocationList !== undefined) await writeFor(account, files.tls.revocationList, tls.revocationList);
  await writeFor(account, files.optionFile, settings);
}

/** A user is asked for a client certificate or not by itself: all of them are, or none. */
async function requireOfAll({ access, instance }: Setup): Promise<void> {
  const accounts = await runSql(access, [DIRECT_ACCOUNTS]);
  await runSql(
    access,
    accounts.map(([user = '', host = '']) => requireSql(accountName(user, host), instance.sslMode)),
  );
}

function supervise(setup: Setup, started: Started): MysqlServer {
  let { instance } = setup;
  const server = keepRunning(started, {
    title: `MySQL of ${instance.connectionName}`,
    start: ({ port }) => start({ ...setup, instance }, port),
    end: endServer,
    note: setup.note,
  });
  return {
    access: setup.access,
    get port() {
      return server.current.port;
    },
    get instance() {
      return instance;
    },
    async apply(wanted) {
      if (JSON.stringify(wanted) === JSON.stringify(instance)) return;
      instance = wanted;
      await server.restart();
    },
    stop: server.stop,
  };
}
