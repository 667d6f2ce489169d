import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startFailure } from '../../src/commands/simulator-action.ts';
import { majorOf } from '../../src/local/runtime/sql/binaries.ts';
import { runModel } from '../../src/project/model-run.ts';
import { fakePath } from '../project/fake-path.ts';
import { recordingUi } from '../project/recording-ui.ts';
import { runChild, temporaryFolder } from '../support/program.ts';
import { during, type Scenario } from './scenario.ts';

/** The program that trains ends with this event, as it does for the reason that the code names. */
function fromModel(code: string, event: string): Scenario {
  return during(code, async () => {
    const folder = temporaryFolder();
    const failed = JSON.stringify({ event: 'error', code: event, message: 'Something is wrong.', experiment_id: '7' });
    const bin = await fakePath({ python: `echo '${failed}'; exit 1` });
    await mkdir(path.join(folder, 'logs'));
    const signal = new AbortController().signal;
    const { ui } = recordingUi();
    const environment = path.join(folder, 'environment');
    await mkdir(environment);
    await symlink(bin, path.join(environment, 'bin'));
    const logFile = path.join(folder, 'logs', 'model.log');
    await runModel({
      environment,
      program: 'wine_quality.py',
      args: [],
      env: { PATH: process.env['PATH'] },
      logFile,
      ui,
      signal,
    });
  });
}

export const localScenarios: Scenario[] = [
  fromModel('MODEL_DATA_MISSING', 'data_missing'),
  fromModel('MODEL_DATA_UNREADABLE', 'data_unreadable'),
  fromModel('MODEL_DATA_FORMAT', 'data_format'),
  fromModel('MODEL_DATA_VALUES', 'data_values'),
  fromModel('MODEL_EXPERIMENT_DELETED', 'experiment_deleted'),
  fromModel('SERVER_TOO_OLD', 'server_too_old'),
  fromModel('SERVER_INCOMPATIBLE', 'server_incompatible'),
  during('LOCAL_DATABASE_VERSION', () => majorOf('SQLSERVER_2022_STANDARD')),
  // Root may open any port, and some systems let everybody.
  during('PORT_NOT_ALLOWED', () => {
    throw startFailure(Object.assign(new Error('listen'), { code: 'EACCES' }), 80, '/somewhere');
  }),
  {
    code: 'LOCAL_PLATFORM',
    async run() {
      const folder = temporaryFolder();
      const machine = path.join(folder, 'machine.mjs');
      await writeFile(machine, "Object.defineProperty(process, 'arch', { value: 'riscv64' });");
      const env = { MLFLOW_GCP_HOME: path.join(folder, 'home'), NODE_OPTIONS: `--import=file://${machine}` };
      return runChild(['init', '--local', '--yes', '--json'], { env, cwd: folder });
    },
  },
  {
    code: 'LOCAL_START_FAILED',
    async run() {
      const home = path.join(temporaryFolder(), 'home');
      await mkdir(home);
      await writeFile(path.join(home, 'simulator'), 'a file where the simulator wants its folder');
      return runChild(['local', 'start', '--json'], { env: { MLFLOW_GCP_HOME: home } });
    },
  },
];
