// The simulator as the built program: time until it is ready, simple reads a second, and memory with 10 000 resources and 100 000 requests in its log.
// Where `taskset` is there, the simulator is kept on one core.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

const BUDGET = { readySeconds: 0.3, readsASecond: 3000, megabytes: 300 };
const STARTS = 7;
const RESOURCES = 10_000;
const REQUESTS = 100_000;
const CONNECTIONS = 16;

const program = path.resolve(import.meta.dirname, '../bin/mlflow-gcp.js');
const pinned = spawnSync('taskset', ['--version']).status === 0;
const folder = mkdtempSync(path.join(tmpdir(), 'mlflow-gcp-bench-'));
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

interface Running {
  child: ChildProcess;
  port: number;
  project: string;
  readySeconds: number;
}

async function start(data: string): Promise<Running> {
  const command = [process.execPath, program, 'simulator', '--data', data];
  const [file = '', ...args] = pinned ? ['taskset', '-c', '0', ...command] : command;
  const begun = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const line = await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data').then(([text]) => String(text)),
    once(child, 'exit').then(([status]) => {
      throw new Error(`the simulator ended with status ${status}`);
    }),
  ]);
  return {
    child,
    readySeconds: (performance.now() - begun) / 1000,
    ...(JSON.parse(line) as { port: number; project: string }),
  };
}

async function stop({ child }: Running): Promise<void> {
  child.kill();
  if (child.exitCode === null) await once(child, 'exit');
}

function call(port: number, method: string, host: string, pathname: string, body?: unknown): Promise<number> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = { host, authorization: 'Bearer bench', ...(payload ? { 'content-type': 'application/json' } : {}) };
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', agent, method, path: pathname, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}

/** Runs `count` calls over a few connections; returns the calls a second. Throws where one is refused. */
async function many(count: number, one: (number: number) => Promise<number>): Promise<number> {
  const begun = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      const status = await one(number);
      if (status !== 200) throw new Error(`call ${number} was answered with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return (count * 1000) / (performance.now() - begun);
}

/** Resident memory of a process, in megabytes. */
function megabytes(pid: number | undefined): number {
  return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout) / 1024;
}

async function readySeconds(): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= STARTS; round++) {
    const running = await start(path.join(folder, 'ready'));
    // The first one makes the folder and the authority.
    if (round > 0) times.push(running.readySeconds);
    await stop(running);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(STARTS / 2)] ?? Number.POSITIVE_INFINITY;
}

try {
  const ready = await readySeconds();
  const running = await start(path.join(folder, 'load'));
  // A project of its own: every service may be called in it.
  const secrets = '/v1/projects/bench-of-reads/secrets';
  const host = 'secretmanager.googleapis.com';
  const secret = { replication: { automatic: {} }, labels: { used: 'bench' } };
  const writes = await many(RESOURCES, (number) => call(running.port, 'POST', host, `${secrets}?secretId=s-${number}`, secret));
  const reads = await many(REQUESTS, (number) => call(running.port, 'GET', host, `${secrets}/s-${number % RESOURCES}`));
  const memory = megabytes(running.child.pid);
  await stop(running);
  console.log(`ready: ${ready.toFixed(2)} s (budget ${BUDGET.readySeconds} s)`);
  console.log(
    `reads: ${reads.toFixed(0)} a second${pinned ? ' on one core' : ''} (budget ${BUDGET.readsASecond}); writes: ${writes.toFixed(0)} a second`,
  );
  console.log(
    `memory with ${RESOURCES} resources and ${REQUESTS} requests: ${memory.toFixed(0)} MB (budget ${BUDGET.megabytes} MB)`,
  );
  const within = ready <= BUDGET.readySeconds && reads >= BUDGET.readsASecond && memory <= BUDGET.megabytes;
  process.exitCode = within ? 0 : 1;
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
