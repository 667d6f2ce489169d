import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { renderProject } from '../../../src/project/render.ts';
import { serverEnvironment } from '../../support/python.ts';
import { TOKENS } from './tokens.ts';

export const USER = 'ann';
export const PASSWORD = 'correct horse: battery';
export const AUTHORIZATION = basic(USER, PASSWORD);
const TEMPLATES = path.join(import.meta.dirname, '../../../src/templates/project');

export interface TestServer {
  port: number;
  pid: number;
  url: string;
  /** What it has written so far. */
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** Exit status; null when a signal ended it. */
  exit: Promise<number | null>;
}

/** A temporary folder for a project and its data, and the servers started from it: all gone after `close`. */
export interface TestProject {
  folder: string;
  /** Starts `entry-point.sh` without waiting; the variables are added to a minimal environment. */
  launch(variables?: Record<string, string>): Promise<TestServer>;
  /** Starts `entry-point.sh` and waits until it answers. */
  start(variables?: Record<string, string>): Promise<TestServer>;
  close(): Promise<void>;
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

export async function renderedProject(): Promise<TestProject> {
  const environment = await serverEnvironment();
  const folder = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-server-'));
  for (const file of await renderProject(TEMPLATES, TOKENS)) {
    const target = path.join(folder, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, file.content);
    if (file.executable) await chmod(target, 0o755);
  }
  const servers: TestServer[] = [];
  const launch = async (variables: Record<string, string> = {}) => {
    const port = await freePort();
    const server = spawnServer(folder, port, {
      PATH: `${environment}/bin:/usr/bin:/bin`,
      HOME: folder,
      PORT: String(port),
      K_SERVICE: 'mlflow',
      MLFLOW_ARTIFACTS_DESTINATION: `file://${folder}/artifacts`,
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${folder}/mlflow.db`,
      MLFLOW_TRACKING_USERNAME: USER,
      MLFLOW_TRACKING_PASSWORD: PASSWORD,
      ...variables,
    });
    servers.push(server);
    return server;
  };
  return {
    folder,
    launch,
    start: async (variables) => {
      const server = await launch(variables);
      await untilHealthy(server);
      return server;
    },
    close: async () => {
      for (const server of servers) server.signal('SIGKILL');
      await Promise.all(servers.map((server) => server.exit));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function untilHealthy(server: TestServer): Promise<void> {
  let ended = false;
  void server.exit.then(() => {
    ended = true;
  });
  await until(async () => {
    if (ended) throw new Ended(server.log());
    const response = await fetch(`${server.url}/health`);
    if (!response.ok) throw new Error(`health is ${response.status}`);
  }, 60);
}

class Ended extends Error {}

/** Tries until nothing is thrown, at most for `seconds`; then throws the last error. */
export async function until<T>(attempt: () => Promise<T>, seconds: number): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline || error instanceof Ended) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function spawnServer(folder: string, port: number, env: Record<string, string>): TestServer {
  const child = spawn('bash', ['./entry-point.sh'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
  });
  return {
    port,
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    signal: (name) => void child.kill(name),
    exit,
  };
}
