import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stopDaemon } from '../../src/local/daemon-control.ts';
import { type DaemonRecord, daemonState } from '../../src/local/daemon-record.ts';
import { deleteHome, type LocalHome, localHome } from '../../src/local/home.ts';
import { builtProgram, cleanEnvironment } from '../support/program.ts';

// biome-ignore lint/suspicious/noExplicitAny: each command and each API has its own.
export type Json = any;

export interface Outcome {
  status: number | null;
  /** The one document on stdout. */
  json: Json;
  stderr: string;
}

/** A local target of its own, driven by the built program. */
export interface DaemonPlace {
  home: LocalHome;
  /** Runs `mlflow-gcp … --json` to its end. */
  run(...args: string[]): Promise<Outcome>;
  /** The same without waiting for its end, and without --json. */
  spawn(args: string[], options?: { uid?: number; gid?: number; env?: Record<string, string> }): ChildProcess;
  record(): DaemonRecord;
  /** Asks the simulator for `https://HOST/PATH`. */
  api(method: string, url: string, body?: unknown): Promise<{ status: number; body: Json }>;
  remove(): Promise<void>;
}

export async function daemonPlace(): Promise<DaemonPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow-gcp-daemon-'));
  const env = cleanEnvironment({ MLFLOW_GCP_HOME: join(folder, 'home'), MLFLOW_GCP_SPEED: '100000' });
  const home = localHome(env);
  const start: DaemonPlace['spawn'] = (args, options = {}) =>
    spawn(process.execPath, [builtProgram, ...args], {
      cwd: tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
      env: { ...env, ...options.env },
    });
  const record = () => {
    const found = daemonState(home.daemonFile);
    if (found.state === 'stopped') throw new Error('The background process is not there.');
    return found.record;
  };
  return {
    home,
    record,
    spawn: start,
    async run(...args) {
      const child = start([...args, '--json']);
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const [stdout, stderr, status] = await Promise.all([text(child.stdout!), text(child.stderr!), ended]);
      return { status, json: JSON.parse(stdout), stderr };
    },
    api: (method, url, body) => ask(record().port, method, new URL(url), body),
    async remove() {
      await stopDaemon(home);
      await deleteHome(home);
      // One that lost the race for the home may still be writing its compiled code there.
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

function ask(
  port: number,
  method: string,
  { host, pathname, search }: URL,
  body: unknown,
): Promise<{ status: number; body: Json }> {
  return new Promise((resolve, reject) => {
    const headers = {
      host,
      authorization: 'Bearer local',
      'content-type': body instanceof Buffer ? 'application/octet-stream' : 'application/json',
    };
    const outgoing = request({ host: '127.0.0.1', port, method, path: pathname + search, headers }, (answer) => {
      text(answer).then((content) => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(content || '{}') }), reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body === undefined || body instanceof Buffer ? body : JSON.stringify(body));
  });
}
