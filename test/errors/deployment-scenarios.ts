import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fakePath, fakePython } from '../project/fake-path.ts';
import { type Outcome, runInMemory, temporaryFolder } from '../support/program.ts';
import type { Scenario, Stage } from './scenario.ts';

/** A stage whose project folder and base were made by `init`. */
export interface Deployed extends Stage {
  folder: string;
}
export interface DeployedScenario extends Omit<Scenario, 'run'> {
  run(stage: Deployed): Promise<Outcome>;
}

function inFolder(
  code: string,
  args: string[],
  env: (stage: Deployed) => Promise<Record<string, string>> = async () => ({}),
): DeployedScenario {
  return {
    code,
    run: async (stage) =>
      runInMemory([...args, '--json'], {}, { env: { ...stage.env, ...(await env(stage)) }, cwd: stage.folder }),
  };
}

/** The same while a method answers otherwise. */
function answered(
  code: string,
  method: string,
  change: (answer: Record<string, unknown>) => unknown,
  args: string[],
): DeployedScenario {
  return {
    code,
    async run(stage) {
      stage.instead.set(method, change);
      try {
        return await inFolder(code, args).run(stage);
      } finally {
        stage.instead.delete(method);
      }
    },
  };
}

const pathWith = async (programs: Record<string, string>) => ({ PATH: `${await fakePath(programs)}:${process.env['PATH']}` });
const ACCESS = 'secretmanager.projects.secrets.versions.access';
const PLAN = ['init', '--yes', '--dry-run'];
const DEPLOY = ['deploy', '--no-check', '--with'];

/** What can be wrong with a deployment that is there. In this order: the last ones spoil it. */
export const deploymentScenarios: DeployedScenario[] = [
  inFolder('SECRETS_NOT_IN_ORDER', ['secrets', 'verify']),
  inFolder('SECRET_FILE_UNREADABLE', ['secrets', 'set', 'tracking_password', '--from-file', 'nowhere']),
  answered('SECRET_CORRUPTED', ACCESS, changedOnTheWay, ['connect', '--no-check']),
  answered('SQL_INSTANCE_FAILED', 'sql.instances.get', (answer) => ({ ...answer, state: 'SUSPENDED' }), ['init', '--yes']),
  inFolder('SQL_VERSION_DIFFERS', ['init', '--yes', '--database-version', 'POSTGRES_17']),
  inFolder('DATABASE_ENGINE_DIFFERS', ['init', '--yes', '--database', 'mysql']),
  answered(
    'REPOSITORY_FORMAT',
    'artifactregistry.projects.locations.repositories.get',
    (answer) => ({ ...answer, format: 'NPM' }),
    [...PLAN],
  ),
  answered(
    'ACCOUNT_DISABLED',
    'iam.projects.serviceAccounts.get',
    (answer) => ({ ...answer, description: 'of somebody else', disabled: true }),
    [...PLAN, '--service-account', 'mlflow-server'],
  ),
  answered('FORMAT_NOT_FOR_MYSQL', 'sql.instances.list', onMysql, ['connect', '--database', '--format', 'env']),
  inFolder('ACCOUNT_NOT_FOUND', [...PLAN, '--service-account', 'nobody@another-project-1.iam.gserviceaccount.com']),
  inFolder('DEPLOYMENT_ELSEWHERE', [...PLAN, '--region', 'europe-west1']),
  inFolder('SKAFFOLD_FAILED', [...DEPLOY, 'skaffold'], () =>
    pathWith({ skaffold: 'if [ "$1" = version ]; then echo v2.17.0; else echo no idea >&2; exit 1; fi' }),
  ),
  inFolder('SKAFFOLD_MISSING', [...DEPLOY, 'skaffold'], async () => ({ PATH: await fakePath({}) })),
  inFolder('SKAFFOLD_TOO_OLD', [...DEPLOY, 'skaffold'], () => pathWith({ skaffold: 'echo v2.1.0' })),
  inFolder('LOCK_FAILED', ['init', '--yes', '--dir', 'another'], () =>
    pathWith({
      python3: fakePython('3.12.0'),
      uv: 'if [ "$1" = --version ]; then echo uv 0.13.9; else echo no network >&2; exit 2; fi',
    }),
  ),
  {
    code: 'SOURCE_TOO_LARGE',
    async run(stage) {
      const file = path.join(stage.folder, 'app', 'data-set.bin');
      await writeFile(file, '');
      await truncate(file, 300e6);
      const outcome = await inFolder('SOURCE_TOO_LARGE', [...DEPLOY, 'api']).run(stage);
      await truncate(file, 0);
      return outcome;
    },
  },
  {
    code: 'DATABASE_SECRET_UNUSABLE',
    async run(stage) {
      const { projectId } = stage.simulator.project;
      const url = `https://secretmanager.googleapis.com/v1/projects/${projectId}/secrets/mlflow_database_url:addVersion`;
      await stage.simulator.call('POST', url, { payload: { data: Buffer.from('no url at all').toString('base64') } });
      return inFolder('DATABASE_SECRET_UNUSABLE', ['secrets', 'rotate', 'database_url', '--yes', '--no-check']).run(stage);
    },
  },
];

function onMysql(answer: Record<string, unknown>): unknown {
  return { ...answer, items: (answer['items'] as object[]).map((one) => ({ ...one, databaseVersion: 'MYSQL_8_4' })) };
}

function changedOnTheWay(answer: Record<string, unknown>): unknown {
  return { ...answer, payload: { ...(answer['payload'] as object), dataCrc32c: '1' } };
}

/** Each with a folder of its own. */
export const folderScenarios: Scenario[] = [
  {
    code: 'SIMULATOR_DATA_NOT_WRITABLE',
    async run() {
      const file = path.join(temporaryFolder(), 'file');
      await writeFile(file, '');
      return runInMemory(['simulator', '--json', '--data', path.join(file, 'below')], {});
    },
  },
];
