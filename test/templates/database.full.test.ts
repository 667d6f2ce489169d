import { afterAll, beforeAll, expect, it } from 'vitest';
import { experimentNames, migrateTo, python, startTogether, stopAll } from './support/on-database.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { AUTHORIZATION, renderedProject, type TestProject, type TestServer } from './support/server.ts';

let postgres: TestPostgres;
let project: TestProject;

beforeAll(async () => {
  [postgres, project] = await Promise.all([startPostgres(), renderedProject()]);
});

afterAll(async () => {
  await project?.close();
  await postgres?.stop();
});

it('makes the tables once when several servers start on an empty database', async () => {
  const url = await postgres.createDatabase('empty');
  const servers = await startTogether(project, url, 3);
  for (const server of servers) expect(await experimentNames(server)).toEqual(['Default']);
  expect(count(servers, 'Creating the tables of MLflow.')).toBe(1);
  expect(await postgres.query('empty', 'SELECT count(*)::int AS n FROM alembic_version')).toEqual([{ n: 1 }]);
  expect(await postgres.query('empty', 'SELECT count(*)::int AS n FROM experiments')).toEqual([{ n: 1 }]);
  await stopAll(servers);
});

it('upgrades the tables of an older MLflow once, with what is in them', async () => {
  const url = await postgres.createDatabase('older');
  // A revision from the days of MLflow 2, with a dozen and more to go.
  await migrateTo(url, '5b0e9adcef9c');
  await postgres.query(
    'older',
    "INSERT INTO experiments (name, artifact_location, lifecycle_stage) VALUES ('kept', 'mlflow-artifacts:/1', 'active')",
  );
  const servers = await startTogether(project, url, 2);
  for (const server of servers) expect(await experimentNames(server)).toContain('kept');
  expect(count(servers, 'Upgrading the tables of MLflow from revision 5b0e9adcef9c.')).toBe(1);
  await stopAll(servers);

  const [again] = await startTogether(project, url, 1);
  expect(again?.log()).not.toMatch(/Upgrading|Creating/);
  await stopAll(again ? [again] : []);
});

it('finishes what a server left that died while it made the tables', async () => {
  const url = await postgres.createDatabase('half');
  await python(url, 'InitialBase.metadata.create_all(engine)');
  const servers = await startTogether(project, url, 1);
  for (const server of servers) expect(await experimentNames(server)).toEqual(['Default']);
  await stopAll(servers);
});

it('refuses the tables of a newer MLflow and leaves them as they are', async () => {
  const url = await postgres.createDatabase('newer');
  await stopAll(await startTogether(project, url, 1));
  await postgres.query('newer', "UPDATE alembic_version SET version_num = 'ffffffffffff'");
  const server = await project.launch({ MLFLOW_BACKEND_STORE_URI: url });
  expect(await server.exit).toBe(1);
  expect(server.log()).toContain('the database has the tables of a newer MLflow (revision ffffffffffff)');
  expect(server.log()).not.toContain('Traceback');
  expect(await postgres.query('newer', 'SELECT version_num FROM alembic_version')).toEqual([{ version_num: 'ffffffffffff' }]);
});

it('says that the database refuses it, without the password', async () => {
  const url = (await postgres.createDatabase('locked')).replace('postgres@', 'nobody:top-secret-word@');
  const server = await project.launch({ MLFLOW_BACKEND_STORE_URI: url });
  expect(await server.exit).toBe(1);
  expect(server.log()).toMatch(/The server cannot start: no connection to the database: .*role "nobody" does not exist/);
  expect(server.log()).not.toContain('top-secret-word');
  expect(server.log()).not.toContain('Traceback');
});

it('keeps within the connections of the smallest Cloud SQL machine', async () => {
  const url = await postgres.createDatabase('busy');
  const servers = await startTogether(project, url, 1);
  const [server] = servers;
  const calls = Array.from({ length: 200 }, (_, index) =>
    fetch(`${server?.url}/api/2.0/mlflow/${index % 2 ? 'experiments/search?max_results=5' : 'registered-models/search'}`, {
      headers: { authorization: AUTHORIZATION },
    }),
  );
  for (const response of await Promise.all(calls)) expect(response.status).toBe(200);
  const [open] = await postgres.query('busy', "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = 'busy'");
  // One of them is this question's own.
  expect(open?.['n']).toBeLessThanOrEqual(11);
  await stopAll(servers);
});

function count(servers: TestServer[], text: string): number {
  return servers.filter((server) => server.log().includes(text)).length;
}
