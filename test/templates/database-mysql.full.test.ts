import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MysqlServers } from '../../src/local/runtime/mysql/mysql-runtime.ts';
import { type MysqlPlace, mysqlNamed, mysqlPlace } from '../local/runtime/mysql-setup.ts';
import { mysqlPrograms, NEEDS_MYSQL } from '../support/mysql.ts';
import { experimentNames, migrateTo, python, startTogether, stopAll } from './support/on-database.ts';
import { renderedProject, type TestProject } from './support/server.ts';

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
    const servers = await startTogether(project, url, 2);
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
    await migrateTo(url, OLD_REVISION);
    await python(
      url,
      `run("INSERT INTO experiments (name, artifact_location, lifecycle_stage) VALUES ('kept', 'mlflow-artifacts:/1', 'active')")`,
    );
    const servers = await startTogether(project, url, 1);
    for (const server of servers) expect(await experimentNames(server)).toContain('kept');
    expect(servers[0]?.log()).toContain(`Upgrading the tables of MLflow from revision ${OLD_REVISION}.`);
    await stopAll(servers);
  });
});
