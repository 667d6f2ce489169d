import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { chances, pick } from '../support/chances.ts';
import { isRead, type LoggedRequest } from '../support/deployment.ts';
import { type Outcome, runChild, runInMemory, temporaryFolder } from '../support/program.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator.ts';
import { type Door, doors, type OddRun } from './odd-doors.ts';
import { ODD_SEED } from './odd-texts.ts';
import { wrongWith } from './odd-verdict.ts';

// Another thousand: ODD_SEED=… npx vitest run --project default test/odd
const RUNS = 1000;
const CHILDREN = 12;
const TOKEN = 'needle-of-a-token-4f1c';

interface Ground {
  simulator: TestSimulator;
  env: Record<string, string>;
  /** The folder that each run is given anew, below one that nothing may come into. */
  outer: string;
}

async function ground(): Promise<Ground> {
  const simulator = await startTestSimulator();
  await makeSecrets(simulator);
  const outer = temporaryFolder();
  // Whatever wants to keep something on this machine finds a file where a folder should be.
  const file = path.join(temporaryFolder(), 'file');
  await writeFile(file, '');
  const home = path.join(file, 'home');
  const env = {
    HOME: home,
    MLFLOW_GCP_HOME: home,
    PATH: process.env['PATH'] ?? '',
    HTTPS_PROXY: simulator.url,
    NODE_EXTRA_CA_CERTS: simulator.ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: TOKEN,
    GOOGLE_CLOUD_PROJECT: simulator.project.projectId,
  };
  return { simulator, env, outer };
}

/** What `secrets set` looks for before it reads a value. */
async function makeSecrets({ project, call }: TestSimulator): Promise<void> {
  await call(
    'POST',
    `https://serviceusage.googleapis.com/v1/projects/${project.projectId}/services/secretmanager.googleapis.com:enable`,
    {},
  );
  const labels = { 'managed-by': 'mlflow-gcp', 'mlflow-gcp-deployment': 'mlflow' };
  for (const key of ['tracking_password', 'tracking_username', 'tracking_url', 'database_url', 'artifact_url']) {
    const url = `https://secretmanager.googleapis.com/v1/projects/${project.projectId}/secrets?secretId=mlflow_${key}`;
    expect((await call('POST', url, { replication: { automatic: {} }, labels })).status).toBe(200);
  }
}

/** The values of the chosen doors: each kind of door in turn, and each door of it before any comes again. */
function oddRuns(seed: number, count: number): OddRun[] {
  const chance = chances(seed);
  const shuffled = (list: Door[]): Door[] =>
    list
      .map((door) => ({ door, at: chance() }))
      .sort((a, b) => a.at - b.at)
      .map(({ door }) => door);
  const waiting: Record<string, Door[]> = {};
  // Options are most of what there is, so most of the runs are theirs.
  const kinds = [
    'options',
    'options',
    'options',
    'options',
    'file',
    'file',
    'file',
    'variables',
    'pipe',
    'arguments',
    'commands',
  ];
  return Array.from({ length: count }, (_, nth) => {
    const kind = kinds[nth % kinds.length] ?? 'options';
    if ((waiting[kind] ?? []).length === 0) waiting[kind] = shuffled(doors[kind] ?? []);
    const door = waiting[kind]?.pop() as Door;
    return door(chance);
  });
}

async function emptyFolder({ outer }: Ground, run: OddRun): Promise<string> {
  const cwd = path.join(outer, 'folder');
  await rm(cwd, { recursive: true, force: true });
  await mkdir(cwd);
  if (run.file !== undefined) await writeFile(path.join(cwd, 'mlflow-gcp.yaml'), run.file);
  return cwd;
}

async function inMemory(on: Ground, run: OddRun, cwd: string): Promise<Outcome> {
  const stdin = new PassThrough();
  stdin.end(run.stdin ?? '');
  const signal = AbortSignal.timeout(120_000);
  return runInMemory(run.args, {}, { env: { ...on.env, ...run.env }, cwd, stdin, signal });
}

/** Whether the system can start such a process (Linux: 128 KiB an argument); with a home of its own one compiles into it, which is no harm. */
function startable({ door, args, env }: OddRun): boolean {
  const texts = [...args, ...Object.entries(env ?? {}).map(([name, value]) => `${name}=${value}`)];
  return texts.every((text) => Buffer.byteLength(text) < 130_000) && !/^(?:MLFLOW_GCP_HOME|XDG_)/.test(door);
}

/** Files and folders that were not there before. */
async function made({ outer }: Ground, run: OddRun): Promise<string[]> {
  const there = await readdir(outer, { recursive: true });
  return there.filter(
    (name) => name !== 'folder' && !(run.file !== undefined && name === path.join('folder', 'mlflow-gcp.yaml')),
  );
}

/** A line for each run that did not end as it should. */
async function carryOut(on: Ground, runs: OddRun[], how: (run: OddRun, cwd: string) => Promise<Outcome>): Promise<string[]> {
  const wrong: string[] = [];
  for (const run of runs) {
    const cwd = await emptyFolder(on, run);
    const outcome = await how(run, cwd);
    const faults = wrongWith(outcome, run, [TOKEN]);
    const left = await made(on, run);
    if (left.length > 0) faults.push(`made ${left.join(', ').slice(0, 200)}`);
    if (faults.length > 0) wrong.push(`${told(run)}\n  ${faults.join('\n  ')}`);
  }
  return wrong;
}

function told({ door, args, env, file, stdin }: OddRun): string {
  const parts = { args, env, file: file?.toString('utf8'), stdin: stdin?.toString('utf8') };
  return `${door}: ${JSON.stringify(parts, (_key, value) => (typeof value === 'string' && value.length > 300 ? `${value.slice(0, 300)}… (${value.length})` : value))}`;
}

async function writes({ simulator }: Ground): Promise<LoggedRequest[]> {
  const { bytes } = await simulator.control('GET', '/_simulator/requests');
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LoggedRequest).filter((request) => !isRead(request));
}

test('a thousand odd values in every place where one can be given: a clear refusal, nothing made, nothing secret shown', async () => {
  const again = `ODD_SEED=${ODD_SEED}`;
  const on = await ground();
  const before = await writes(on);
  try {
    const runs = oddRuns(ODD_SEED, RUNS);
    const wrong = await carryOut(on, runs, (run, cwd) => inMemory(on, run, cwd));
    expect(wrong, again).toEqual([]);
    // A few as processes of their own, where arguments, variables and pipes are real.
    const chance = chances(ODD_SEED + 1);
    const possible = runs.filter(startable);
    const sample = Array.from({ length: CHILDREN }, () => pick(possible, chance));
    const asChild = ({ args, env, stdin }: OddRun, cwd: string) =>
      runChild(args, { cwd, env: { ...on.env, ...env }, input: stdin ?? '' });
    expect(await carryOut(on, sample, asChild), again).toEqual([]);
    expect(await writes(on), again).toEqual(before);
    expect(on.simulator.bugs, again).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted, again).toBeUndefined();
  } finally {
    await on.simulator.remove();
  }
}, 600_000);
