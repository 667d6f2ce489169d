import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { AUTHORIZATION, freePort, PASSWORD, USER } from '../../test/templates/support/server.ts';

/** One way to serve MLflow. */
export interface Candidate {
  name: string;
  command: (port: number) => string[];
}

export interface Running {
  name: string;
  port: number;
  pid: number;
  /** From the start of the process to the first 200 of a call that reads the database. */
  readySeconds: number;
  stop(): Promise<void>;
}

const WITHOUT_GATE = path.join(import.meta.dirname, 'without_gate.py');

export const ours: Candidate = { name: 'with the gate', command: () => ['bash', './entry-point.sh'] };

export const withoutGate: Candidate = {
  name: 'without the gate',
  command: () => ['bash', '-c', `sed 's#-m app.server#${WITHOUT_GATE}#' entry-point.sh | bash`],
};

export const mlflowServer: Candidate = {
  name: 'mlflow server --workers 1',
  command: (port) => ['python', '-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
};

/** Starts a candidate in the rendered project `folder` and waits for its first answer; the environment gives it programs and database. */
export async function start(candidate: Candidate, folder: string, environment: string, databaseUrl: string): Promise<Running> {
  const port = await freePort();
  const [file = '', ...args] = candidate.command(port);
  const began = performance.now();
  const child = spawn(file, args, {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
    env: {
      PATH: `${environment}/bin:/usr/bin:/bin`,
      HOME: folder,
      TMPDIR: folder,
      PYTHONPATH: folder,
      PORT: String(port),
      MLFLOW_BACKEND_STORE_URI: databaseUrl,
      MLFLOW_ARTIFACTS_DESTINATION: `file://${folder}/artifacts`,
      MLFLOW_TRACKING_USERNAME: USER,
      MLFLOW_TRACKING_PASSWORD: PASSWORD,
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      MLFLOW_DISABLE_TELEMETRY: 'true',
    },
  });
  await firstAnswer(child, port);
  const readySeconds = (performance.now() - began) / 1000;
  return { name: candidate.name, port, pid: child.pid ?? 0, readySeconds, stop: () => stop(child) };
}

async function firstAnswer(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  const call = `http://127.0.0.1:${port}/api/2.0/mlflow/experiments/get?experiment_id=0`;
  for (;;) {
    const status = await fetch(call, { headers: { authorization: AUTHORIZATION } }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`the server does not answer (status ${status})`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  // The whole group: `mlflow server` has a process of its own below it.
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await ended;
}
