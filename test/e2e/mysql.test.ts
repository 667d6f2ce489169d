import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Cloud, isRead, startCloud } from '../support/deployment.ts';
import { runChild, temporaryFolder } from '../support/program.ts';
import { keys } from '../support/pty.ts';
import { ALL_QUESTIONS, startWizard, walkTo } from '../support/wizard.ts';

const MYSQL = ['init', '--yes', '--json', '--database', 'mysql'];
const ROTATE = ['secrets', 'rotate', 'database_url', '--yes', '--no-check', '--grace', '0', '--json'];

async function made(): Promise<Cloud> {
  const cloud = await startCloud();
  expect(JSON.parse((await cloud.run(...MYSQL)).stdout)).toMatchObject({ ok: true });
  return cloud;
}

async function ask(cloud: Cloud, path: string) {
  const { projectId } = cloud.simulator.project;
  return (await cloud.simulator.call('GET', `https://${path.replace('PROJECT', projectId)}`)).body;
}

const SQL = 'sqladmin.googleapis.com/v1/projects/PROJECT/instances/mlflow-mysql';

async function databaseUrl(cloud: Cloud): Promise<string> {
  const { payload } = await ask(
    cloud,
    'secretmanager.googleapis.com/v1/projects/PROJECT/secrets/mlflow_database_url/versions/latest:access',
  );
  return Buffer.from(payload.data, 'base64').toString('utf8');
}

async function userNames(cloud: Cloud): Promise<string[]> {
  const { items } = await ask(cloud, `${SQL}/users`);
  return items.map(({ name, host }: { name: string; host: string }) => `${name}@${host}`).sort();
}

test('init makes MySQL as Cloud SQL and MLflow want it, finds nothing to do after it, and mends what was changed', async () => {
  const cloud = await made();
  expect(await ask(cloud, SQL)).toMatchObject({
    databaseVersion: 'MYSQL_8_4',
    settings: {
      tier: 'db-f1-micro',
      edition: 'ENTERPRISE',
      databaseFlags: [{ name: 'log_bin_trust_function_creators', value: 'on' }],
      backupConfiguration: { enabled: true, binaryLogEnabled: true, transactionLogRetentionDays: 7 },
      ipConfiguration: { sslMode: 'ENCRYPTED_ONLY' },
    },
  });
  expect(await ask(cloud, `${SQL}/databases/mlflow`)).toMatchObject({ charset: 'utf8mb4', collation: 'utf8mb4_bin' });
  expect(await userNames(cloud)).toEqual(['mlflow@%', 'root@']);
  const { projectId } = cloud.simulator.project;
  expect(await databaseUrl(cloud)).toMatch(
    new RegExp(
      `^mysql\\+pymysql://mlflow:[\\w-]{32}@/mlflow\\?unix_socket=/cloudsql/${projectId}:us-central1:mlflow-mysql&charset=utf8mb4$`,
    ),
  );
  const config = await readFile(path.join(cloud.folder, 'mlflow-gcp.yaml'), 'utf8');
  expect(config).toMatch(/engine: mysql\n\s+version: MYSQL_8_4\n/);

  const before = (await cloud.requests()).length;
  const again = JSON.parse((await cloud.run('init', '--yes', '--json')).stdout);
  expect(again.repeat).toBe(`mlflow-gcp init --project ${projectId} --database mysql --yes`);
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);

  // Flags of others stay, and the one that is missing is put back.
  const url = `https://sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-mysql`;
  const databaseFlags = [{ name: 'slow_query_log', value: 'on' }];
  await cloud.simulator.call('PATCH', url, { settings: { databaseFlags } });
  await cloud.simulator.until(url, ({ settings }) => settings.databaseFlags.length === 1 && settings.settingsVersion > 1);
  const plan = JSON.parse((await cloud.run('init', '--dry-run', '--json')).stdout);
  expect(plan.plan.resources.find(({ id }: { id: string }) => id === 'sql-instance')).toMatchObject({
    action: 'update',
    differences: ['flag log_bin_trust_function_creators: none → on'],
  });
  expect((await cloud.run('init', '--yes', '--quiet')).status).toBe(0);
  expect((await ask(cloud, SQL)).settings.databaseFlags).toEqual([
    { name: 'slow_query_log', value: 'on' },
    { name: 'log_bin_trust_function_creators', value: 'on' },
  ]);
});

test('a rotation takes the other user into use, though an answer is lost, and by its host', async () => {
  const cloud = await made();
  expect((await cloud.run('deploy', '--with', 'api', '--no-check', '--quiet')).status).toBe(0);
  // Somebody else's of the same name: a call that names no host would not know which.
  const { projectId } = cloud.simulator.project;
  const users = `https://sqladmin.googleapis.com/v1/projects/${projectId}/instances/mlflow-mysql/users`;
  for (const name of ['mlflow', 'mlflow_b'])
    await cloud.simulator.call('POST', users, { name, host: '10.1.2.3', password: 'own' });
  await cloud.fault({ match: 'POST sqladmin.*/users', times: 1, after: true });
  expect(JSON.parse((await cloud.run(...ROTATE)).stdout)).toMatchObject({ ok: true });
  expect(await databaseUrl(cloud)).toMatch(/^mysql\+pymysql:\/\/mlflow_b:/);
  expect(await databaseUrl(cloud)).not.toContain('options=');
  expect(await userNames(cloud)).toEqual(['mlflow@%', 'mlflow@10.1.2.3', 'mlflow_b@%', 'mlflow_b@10.1.2.3', 'root@']);
  await cloud.fault({ match: 'PUT sqladmin.*/users', times: 1, after: true });
  expect(JSON.parse((await cloud.run(...ROTATE)).stdout)).toMatchObject({ ok: true });
  expect(await databaseUrl(cloud)).toMatch(/^mysql\+pymysql:\/\/mlflow:/);
  const verified = JSON.parse((await cloud.run('secrets', 'verify', '--json')).stdout);
  const database = (verified.checks ?? verified.error?.checks ?? []).find(({ check }: { check: string }) => check === 'Database');
  expect(database).toMatchObject({ ok: true, detail: expect.stringContaining('user mlflow to mlflow in mlflow-mysql') });
});

test('another database for what stands is refused, with nothing changed; what it is need not be said again to take it down', async () => {
  const cloud = await made();
  const before = (await cloud.requests()).length;
  const other = await cloud.run('init', '--yes', '--json', '--database', 'postgres');
  expect(other.status).toBe(1);
  expect(JSON.parse(other.stdout).error).toMatchObject({
    code: 'DATABASE_ENGINE_DIFFERS',
    message: expect.stringContaining('mlflow-mysql of deployment mlflow runs MySQL, and PostgreSQL is asked for'),
    hint: expect.stringContaining('--database mysql'),
  });
  const version = await cloud.run('init', '--yes', '--json', '--database-version', 'MYSQL_9_7');
  expect(JSON.parse(version.stdout).error).toMatchObject({ code: 'SQL_VERSION_DIFFERS' });
  expect((await cloud.requests()).slice(before).filter((request) => !isRead(request))).toEqual([]);

  // Nor can an instance of the other kind be adopted.
  const adopting = ['init', '--yes', '--json', '--name', 'other', '--instance', 'mlflow-mysql', '--dir', temporaryFolder()];
  const adopted = await cloud.run(...adopting, '--database', 'postgres');
  expect(JSON.parse(adopted.stdout).error).toMatchObject({ code: 'DATABASE_ENGINE_DIFFERS' });

  // A folder that is lost is no hindrance: what runs is found by its labels and taken down with its data.
  const env = { ...cloud.env, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true' };
  const args = ['destroy', '--yes', '--json', '--delete-data', '--confirm', 'mlflow'];
  const gone = await runChild(args, { env, cwd: temporaryFolder() });
  expect(gone.status, gone.stdout + gone.stderr).toBe(0);
  expect((await ask(cloud, 'sqladmin.googleapis.com/v1/projects/PROJECT/instances')).items).toBeUndefined();
});

test('flags and values that do not fit the database are refused before anything is looked at', async () => {
  const cloud = await startCloud();
  const contrary = await cloud.run('init', '--yes', '--json', '--database', 'postgres', '--database-version', 'MYSQL_8_4');
  expect(contrary.status).toBe(2);
  expect(JSON.parse(contrary.stdout).error).toMatchObject({
    code: 'DATABASE_CHOICE',
    message: expect.stringMatching(/^--database-version: expected a version of PostgreSQL.*POSTGRES_14\.$/),
  });
  const unknown = await cloud.run('init', '--yes', '--json', '--database', 'oracle');
  expect(unknown.status).toBe(2);
  expect(unknown.stdout).toContain('expected one of postgres, mysql');
  expect((await cloud.requests()).filter((request) => !isRead(request))).toEqual([]);
  // A version alone says which database is meant.
  const plan = JSON.parse((await cloud.run('init', '--dry-run', '--json', '--database-version', 'MYSQL_8_0')).stdout);
  expect(plan.plan.resources.map(({ title }: { title: string }) => title)).toContain('Cloud SQL instance mlflow-mysql');
  // It is no variable of connect's switch, whose flag has the same name.
  const env = { ...cloud.env, GOOGLE_CLOUD_PROJECT: cloud.simulator.project.projectId, CI: 'true', MLFLOW_GCP_DATABASE: 'mysql' };
  const byVariable = await runChild(['init', '--dry-run', '--json'], { env, cwd: cloud.folder });
  expect(byVariable.stdout).toContain('Cloud SQL instance mlflow-mysql');
  const connect = await runChild(['connect', '--no-check', '--json'], { env, cwd: cloud.folder });
  expect(JSON.parse(connect.stdout).error).toMatchObject({ code: 'SECRETS_MISSING' });
});

test('a person who chooses each size chooses the database too', async () => {
  const cloud = await startCloud();
  const terminal = await startWizard(cloud, { locked: true });
  const stops = { ...ALL_QUESTIONS, database: { ...ALL_QUESTIONS.database, type: `${keys.down}${keys.enter}` } };
  await walkTo(terminal, 'Make this?', Object.values(stops));
  expect(terminal.text()).toContain('Cloud SQL instance team-a-mysql');
  terminal.type(keys.ctrlC);
  expect(await terminal.ended).toBe(130);
  expect(terminal.text().replaceAll(/\r?\n/g, '')).toContain('--database mysql --tier db-custom-1-3840');
});
