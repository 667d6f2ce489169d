// The rendered server next to `mlflow server --workers 1` (jobs and telemetry off), on the same PostgreSQL, in one run. Budgets: ready and
// idle memory at most 0.65 of it; calls with credentials at least 0.95 of those without; at most 64 MiB more while 500 MB are uploaded.

import { request as requestHttp1 } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { Readable } from 'node:stream';
import { serverEnvironment } from '../test/support/python.ts';
import { startPostgres } from '../test/templates/support/postgres.ts';
import { AUTHORIZATION, renderedProject } from '../test/templates/support/server.ts';
import { createRun, logMetrics } from './server/calls.ts';
import { type Candidate, mlflowServer, ours, type Running, start, withoutGate } from './server/candidates.ts';
import { peakDuring, treeAnonymous, treePss } from './server/memory.ts';

const STARTS = 5;
// Many short turns: of each kind the quartile that was disturbed least is compared.
const ROUNDS = 60;
const CALLS = 24;
const UPLOAD_BYTES = 500_000_000;

type Start = (candidate: Candidate) => Promise<Running>;

/** Prints what it measures; false when something is over its budget. */
export async function benchServer(): Promise<boolean> {
  const [environment, postgres, project] = await Promise.all([serverEnvironment(), startPostgres(), renderedProject()]);
  try {
    const url = await postgres.createDatabase('bench');
    const launch: Start = (candidate) => start(candidate, project.folder, environment, url);
    await (await launch(ours)).stop();
    const results = [await startsAndMemory(launch), await gateCost(launch), await uploads(launch)];
    return results.every(Boolean);
  } finally {
    await project.close();
    await postgres.stop();
  }
}

async function startsAndMemory(launch: Start): Promise<boolean> {
  const ready = { ours: [] as number[], theirs: [] as number[] };
  const memory = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < STARTS; round++) {
    for (const [whose, candidate] of [
      ['ours', ours],
      ['theirs', mlflowServer],
    ] as const) {
      const server = await launch(candidate);
      ready[whose].push(server.readySeconds);
      memory[whose].push(treePss(server.pid));
      await server.stop();
    }
  }
  return [
    compare('ready', 's', median(ready.ours), median(ready.theirs), 0.65),
    compare('idle memory (PSS)', 'MiB', median(memory.ours), median(memory.theirs), 0.65),
  ].every(Boolean);
}

async function gateCost(launch: Start): Promise<boolean> {
  const servers = [await launch(ours), await launch(withoutGate), await launch(mlflowServer)] as const;
  const run = await createRun(servers[0].port);
  let good = true;
  for (const clients of [1, 8]) {
    const rates: [number[], number[], number[]] = [[], [], []];
    for (let round = -1; round < ROUNDS; round++) {
      // In turn and in changing order, so that whatever else the machine does hits all of them.
      for (const place of [0, 1, 2].map((index) => (index + round + 1) % 3) as (0 | 1 | 2)[]) {
        const rate = await logMetrics(servers[place].port, run, CALLS, clients);
        if (round >= 0) rates[place].push(rate);
      }
    }
    const [gated, open, theirs] = rates.map((all) => quantile(all, 0.75)) as [number, number, number];
    console.log(
      `log-metric, ${clients} client(s): ${gated.toFixed(0)}/s with the gate, ${open.toFixed(0)}/s without, ` +
        `${theirs.toFixed(0)}/s ${mlflowServer.name}; with ÷ without ${(gated / open).toFixed(2)} (budget at least 0.95)`,
    );
    good &&= gated / open >= 0.95;
  }
  for (const server of servers) await server.stop();
  return good;
}

async function uploads(launch: Start): Promise<boolean> {
  const server = await launch(ours);
  const idle = treeAnonymous(server.pid);
  let good = true;
  for (const [name, upload] of [
    ['HTTP/1.1', uploadHttp1],
    ['HTTP/2', uploadHttp2],
  ] as const) {
    const began = performance.now();
    const more = (await peakDuring(server.pid, () => upload(server.port))) - idle;
    const seconds = (performance.now() - began) / 1000;
    console.log(`upload of 500 MB over ${name}: ${seconds.toFixed(1)} s, ${more.toFixed(0)} MiB over idle (budget 64)`);
    good &&= more <= 64;
  }
  await server.stop();
  return good;
}

const TARGET = '/api/2.0/mlflow-artifacts/artifacts/0/large.bin';

async function uploadHttp1(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const headers = { authorization: AUTHORIZATION, 'content-length': UPLOAD_BYTES };
    const outgoing = requestHttp1({ host: '127.0.0.1', port, method: 'PUT', path: TARGET, headers }, (incoming) => {
      incoming
        .resume()
        .on('end', () => (incoming.statusCode === 200 ? resolve() : reject(new Error(`status ${incoming.statusCode}`))));
    });
    body().pipe(outgoing.on('error', reject));
  });
}

async function uploadHttp2(port: number): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  await new Promise<void>((resolve, reject) => {
    const stream = session.on('error', reject).request({ ':method': 'PUT', ':path': TARGET, authorization: AUTHORIZATION });
    stream.on('response', (answer) => (answer[':status'] === 200 ? resolve() : reject(new Error(`status ${answer[':status']}`))));
    body().pipe(stream.on('error', reject));
  });
  session.destroy();
}

function body(): Readable {
  const piece = Buffer.alloc(1_000_000, 'mlflow');
  return Readable.from(Array.from({ length: UPLOAD_BYTES / piece.length }, () => piece));
}

function compare(what: string, unit: string, mine: number, theirs: number, budget: number): boolean {
  const ratio = mine / theirs;
  const digits = mine < 10 ? 2 : 0;
  const against = `${theirs.toFixed(digits)} ${unit} ${mlflowServer.name}`;
  console.log(`${what}: ${mine.toFixed(digits)} ${unit}, ${against}; ratio ${ratio.toFixed(2)} (budget ${budget})`);
  return ratio <= budget;
}

function median(numbers: number[]): number {
  return quantile(numbers, 0.5);
}

function quantile(numbers: number[], part: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * part)] ?? Number.NaN;
}

if (import.meta.main) process.exitCode = (await benchServer()) ? 0 : 1;
