import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServers } from '../../src/local/runtime/mysql/mysql-runtime.ts';
import { type MysqlPlace, mysqlNamed, mysqlPlace } from '../local/runtime/mysql-setup.ts';
import { mysqlPrograms, NEEDS_MYSQL } from '../support/mysql.ts';
import { serverEnvironment } from '../support/python.ts';
import { AUTHORIZATION, renderedProject, type TestProject, type TestServer, untilHealthy } from './support/server.ts';

const programs = await mysqlPrograms();
const INSTANCE = 'some-project:europe-west3:tables';
const OLD_REVISION = '5b0e9adcef9c';

describe.skipIf(programs === undefined)(`the tables in MySQL ${NEEDS_MYSQL}`, () => {
  let place: MysqlPlace;
  let sql: MysqlServers;
  let project: TestProject;

  beforeAll(async () => {
    if (programs === undefined) return;
    place = await mysqlPlace(programs);
    sql = place.open();
    [project] = await Promise.all([renderedProject(), mysqlNamed('tables').then((instance) => sql.start(instance))]);
    await sql.setUser(INSTANCE, { name: 'mlflow', host: '%', password: 'p' });
  });
  afterAll(async () => {
    await project?.close();
    await sql?.stopAll();
    await place?.remove();
  });

  async function database(name: string): Promise<string> {
    await sql.createDatabase(INSTANCE, { name, charset: 'utf8mb4', collation: 'utf8mb4_bin' });
    return `mysql+pymysql://mlflow:p@/${name}?unix_socket=${sql.socketFile(INSTANCE)}&charset=utf8mb4`;
  }

  it('are made anew where they could not be finished, and once however many servers start', async () => {
    const url = await database('half');
    // With the binary log on and without the flag, MySQL refuses the trigger of a late migration: the tables before it stay.
    await sql.start(await mysqlNamed('tables', { flags: {} }));
    const refused = await project.launch({ MLFLOW_BACKEND_STORE_URI: url });
    expect(await refused.exit).toBe(1);
    expect(refused.log()).toMatch(/The server cannot start: the tables cannot be made: .*1419/);
    expect(refused.log()).not.toContain('Traceback');
    await sql.start(await mysqlNamed('tables'));
    const servers = await startTogether(url, 2);
    for (const server of servers) expect(await experimentNames(server)).toEqual(['Default']);
    const said = servers.map((server) => server.log()).join('\n');
    expect(said.match(/Dropping the tables of MLflow that were left unfinished/g)).toHaveLength(1);
    expect(said.match(/Creating the tables of MLflow/g)).toHaveLength(1);
    await stopAll(servers);
    expect(await python(url, `print([t for t in inspector.get_table_names() if t.startswith('alembic')])`)).toBe(
      "['alembic_version']",
    );
    // As if that mark had come from elsewhere: what holds data is never dropped.
    await python(
      url,
      `run("CREATE TABLE alembic_mlflow_unfinished (n INT)"); run("UPDATE alembic_version SET version_num = '${OLD_REVISION}'")`,
    );
    const careful = await project.launch({ MLFLOW_BACKEND_STORE_URI: url });
    expect(await careful.exit).toBe(1);
    expect(careful.log()).toContain('the tables are half made and yet experiments holds data: restore a backup');
    expect(await python(url, "print(run('SELECT COUNT(*) FROM experiments').scalar())")).toBe('1');
  });

  it('are upgraded from an older MLflow, with what is in them', async () => {
    const url = await database('older');
    await python(
      url,
      [
        'from alembic import command',
        'InitialBase.metadata.create_all(engine)',
        'config = utils._get_alembic_config(url)',
        'with engine.begin() as connection:',
        "    config.attributes['connection'] = connection",
        `    command.upgrade(config, '${OLD_REVISION}')`,
        `run("INSERT INTO experiments (name, artifact_location, lifecycle_stage) VALUES ('kept', 'mlflow-artifacts:/1', 'active')")`,
      ].join('\n'),
    );
    const servers = await startTogether(url, 1);
    for (const server of servers) expect(await experimentNames(server)).toContain('kept');
    expect(servers[0]?.log()).toContain(`Upgrading the tables of MLflow from revision ${OLD_REVISION}.`);
    await stopAll(servers);
  });

  async function startTogether(url: string, number: number): Promise<TestServer[]> {
    const servers = await Promise.all(Array.from({ length: number }, () => project.launch({ MLFLOW_BACKEND_STORE_URI: url })));
    await Promise.all(servers.map(untilHealthy));
    return servers;
  }
});

async function stopAll(servers: TestServer[]): Promise<void> {
  for (const server of servers) server.signal('SIGTERM');
  expect(await Promise.all(servers.map((server) => server.exit))).toEqual(servers.map(() => 0));
}

async function experimentNames(server: TestServer): Promise<string[]> {
  const response = await fetch(`${server.url}/api/2.0/mlflow/experiments/search?max_results=10`, {
    headers: { authorization: AUTHORIZATION },
  });
  const { experiments } = (await response.json()) as { experiments: { name: string }[] };
  return experiments.map((experiment) => experiment.name).sort();
}

async function python(url: string, code: string): Promise<string> {
  const program = [
    'import sys, sqlalchemy',
    'from mlflow.store.db import utils',
    'from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase',
    'url = sys.argv[1]',
    'engine = sqlalchemy.create_engine(url)',
    'inspector = sqlalchemy.inspect(engine)',
    'connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")',
    'run = connection.exec_driver_sql',
    code,
  ].join('\n');
  const { stdout } = await promisify(execFile)(path.join(await serverEnvironment(), 'bin', 'python'), ['-c', program, url]);
  return stdout.trim().split('\n').at(-1) ?? '';
}
