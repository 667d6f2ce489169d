import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { serverEnvironment } from '../../support/python.ts';
import { AUTHORIZATION, type TestProject, type TestServer, untilHealthy } from './server.ts';

/** Starts so many servers on one database at once, and waits until all of them answer. */
export async function startTogether(project: TestProject, url: string, number: number): Promise<TestServer[]> {
  const servers = await Promise.all(Array.from({ length: number }, () => project.launch({ MLFLOW_BACKEND_STORE_URI: url })));
  await Promise.all(servers.map(untilHealthy));
  return servers;
}

export async function stopAll(servers: TestServer[]): Promise<void> {
  for (const server of servers) server.signal('SIGTERM');
  expect(await Promise.all(servers.map((server) => server.exit))).toEqual(servers.map(() => 0));
}

export async function experimentNames(server: TestServer): Promise<string[]> {
  const response = await fetch(`${server.url}/api/2.0/mlflow/experiments/search?max_results=10`, {
    headers: { authorization: AUTHORIZATION },
  });
  const { experiments } = (await response.json()) as { experiments: { name: string }[] };
  return experiments.map((experiment) => experiment.name).sort();
}

/** Runs Python beside MLflow on the database: `engine` and `inspector` are there, and `run` for a statement. Returns the last line printed. */
export async function python(url: string, code: string): Promise<string> {
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

/** Makes the tables as the MLflow of that revision had them. */
export async function migrateTo(url: string, revision: string): Promise<void> {
  await python(
    url,
    [
      'from alembic import command',
      'InitialBase.metadata.create_all(engine)',
      'config = utils._get_alembic_config(url)',
      'with engine.begin() as connection:',
      "    config.attributes['connection'] = connection",
      `    command.upgrade(config, '${revision}')`,
    ].join('\n'),
  );
}
