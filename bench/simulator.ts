// The simulator as the built program: time until it is ready, simple reads a second, and memory with 10 000 resources and 100 000 requests in its log.
// Where `taskset` is there, the simulator is kept on one core.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  /** What it took of a processor until then, whatever else ran; undefined where the system does not tell. */
  cpuSeconds: number | undefined;
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
    cpuSeconds: cpuSeconds(child.pid),
    ...(JSON.parse(line) as { port: number; project: string }),
  };
}

/** Of all threads of a process, as Linux counts it in nanoseconds. */
function cpuSeconds(pid: number | undefined): number | undefined {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return undefined;
  const spent = readdirSync(folder).map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]));
  return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
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

interface Starts {
  seconds: number;
  cpu: number | undefined;
}

/** The medians of several starts, each in a new folder or all in the same. */
async function starts(where: (round: number) => string): Promise<Starts> {
  const runs: Running[] = [];
  for (let round = 0; round < STARTS; round++) {
    const running = await start(where(round));
    runs.push(running);
    await stop(running);
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  return {
    seconds: median(runs.map(({ readySeconds }) => readySeconds)) ?? Number.POSITIVE_INFINITY,
    cpu: median(runs.flatMap((run) => run.cpuSeconds ?? [])),
  };
}

function shown({ seconds, cpu }: Starts): string {
  return `${seconds.toFixed(2)} s${cpu === undefined ? '' : ` (${cpu.toFixed(2)} s of a processor)`}`;
}

try {
  // In a new folder the authority and the database are made first.
  const fresh = await starts((round) => path.join(folder, `ready-${round}`));
  const ready = await starts(() => path.join(folder, 'ready-0'));
  const running = await start(path.join(folder, 'load'));
  // A project of its own: every service may be called in it.
  const secrets = '/v1/projects/bench-of-reads/secrets';
  const host = 'secretmanager.googleapis.com';
  const secret = { replication: { automatic: {} }, labels: { used: 'bench' } };
  const writes = await many(RESOURCES, (number) => call(running.port, 'POST', host, `${secrets}?secretId=s-${number}`, secret));
  const reads = await many(REQUESTS, (number) => call(running.port, 'GET', host, `${secrets}/s-${number % RESOURCES}`));
  const memory = megabytes(running.child.pid);
  await stop(running);
  console.log(`ready: ${shown(ready)}, in a new folder ${shown(fresh)} (budget ${BUDGET.readySeconds} s)`);
  console.log(
    `reads: ${reads.toFixed(0)} a second${pinned ? ' on one core' : ''} (budget ${BUDGET.readsASecond}); writes: ${writes.toFixed(0)} a second`,
  );
  console.log(
    `memory with ${RESOURCES} resources and ${REQUESTS} requests: ${memory.toFixed(0)} MB (budget ${BUDGET.megabytes} MB)`,
  );
  const within =
    Math.max(ready.seconds, fresh.seconds) <= BUDGET.readySeconds && reads >= BUDGET.readsASecond && memory <= BUDGET.megabytes;
  process.exitCode = within ? 0 : 1;
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
