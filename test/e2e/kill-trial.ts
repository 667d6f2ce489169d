import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { loadServices } from '../../src/local/simulator/services.ts';
import { type Simulator, startSimulator } from '../../src/local/simulator/simulator.ts';
import type { LoggedRequest } from '../support/deployment.ts';
import { type Outcome, startChild } from '../support/program.ts';
import { callSimulator, DISCOVERY_DIR } from '../support/simulator.ts';
import { comparable, filesOf, keysBeside } from './kill-state.ts';

/** A simulator's data and a project folder, both on disk, for as many trials as are wanted to begin from. */
export interface Stage {
  data: string;
  folder: string;
}

/** What all that there is at the end of a run comes to: the cloud and the project folder. */
export interface End {
  state: unknown;
  files: Record<string, string>;
}

/** One simulator on a copy of a stage, with the built program in front of it. */
export interface World {
  run(args: string[]): Promise<Outcome>;
  start(args: string[]): ReturnType<typeof startChild>;
  control(method: string, path: string, body?: unknown): ReturnType<typeof callSimulator>;
  /** Asks for `https://HOST/PATH`. */
  call(method: string, url: string, body?: unknown): ReturnType<typeof callSimulator>;
  /** Its project's id. */
  project: string;
  requests(): Promise<LoggedRequest[]>;
  end(): Promise<End>;
  /** Where its data and folder are; a stage for others once it is stopped. */
  stage: Stage;
  stop(): Promise<void>;
}

/** Fast, and yet so slow that a killed run leaves operations behind that are still under way when the next one comes. */
const SPEED = 1000;

export async function openWorld(from: Stage): Promise<World> {
  const place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-kill-'));
  const stage = { data: path.join(place, 'data'), folder: path.join(place, 'mlflow') };
  await Promise.all([cp(from.data, stage.data, { recursive: true }), cp(from.folder, stage.folder, { recursive: true })]);
  const home = path.join(path.dirname(from.data), 'home');
  if (existsSync(home)) await cp(home, path.join(place, 'home'), { recursive: true });
  await rm(path.join(stage.data, 'requests.ndjson'), { force: true });
  const services = await loadServices();
  const simulator: Simulator = await startSimulator({
    port: 0,
    dataDir: stage.data,
    discoveryDir: DISCOVERY_DIR,
    services,
    speed: SPEED,
  });
  const env = {
    HTTPS_PROXY: simulator.url,
    NODE_EXTRA_CA_CERTS: simulator.ca,
    CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-a-person',
    GOOGLE_CLOUD_PROJECT: simulator.project.projectId,
    CI: 'true',
    // Keys and logs of each trial for itself.
    MLFLOW_GCP_HOME: path.join(place, 'home'),
  };
  const start = (args: string[]) => startChild([...args, '--json'], { env, cwd: stage.folder });
  const control: World['control'] = (method, url, body) =>
    callSimulator(simulator.port, method, `http://127.0.0.1${url}`, body, { token: null });
  return {
    stage,
    start,
    control,
    call: (method, url, body) => callSimulator(simulator.port, method, url, body),
    project: simulator.project.projectId,
    run(args) {
      const child = start(args);
      child.process.stdin.end();
      return child.outcome;
    },
    async requests() {
      const { bytes } = await control('GET', '/_simulator/requests');
      // The last piece is empty, or a line that is being written.
      const lines = bytes.toString('utf8').split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line) as LoggedRequest);
    },
    async end() {
      const [{ body }, files] = await Promise.all([control('GET', '/_simulator/state'), filesOf(stage.folder)]);
      return { state: comparable(body), files: { ...files, ...(await keysBeside(stage.folder)) } };
    },
    async stop() {
      await simulator.stop();
    },
  };
}

/** Carries commands out on a copy of the stage and returns what is on disk then. Throws when one does not end well. */
export async function advance(from: Stage, commands: string[][]): Promise<Stage> {
  const world = await openWorld(from);
  try {
    for (const args of commands) {
      const { status, stdout, stderr } = await world.run(args);
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    }
    return world.stage;
  } finally {
    await world.stop();
  }
}

/** How many calls an undisturbed run makes, where it ends, and where it ends when it is run once more. */
export async function undisturbed(from: Stage, args: string[]): Promise<{ calls: number; ends: [once: End, twice: End] }> {
  const world = await openWorld(from);
  const run = async (): Promise<End> => {
    const { status, stdout, stderr } = await world.run(args);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return world.end();
  };
  try {
    const once = await run();
    const calls = (await world.requests()).length;
    return { calls, ends: [once, await run()] };
  } finally {
    await close(world);
  }
}

export async function close(world: World): Promise<void> {
  await world.stop();
  await rm(path.dirname(world.stage.data), { recursive: true, force: true });
}

/** Far beyond what a trial takes. */
const NEVER_MS = 15_000;

interface Disturbing {
  fault: Record<string, unknown>;
  /** Set where the program is killed: whether the moment to do it has come. */
  killWhen?: (world: World) => Promise<boolean>;
}

/**
 * What becomes of the N-th call. A killed program is killed while that call hangs before its effect, or when it has had its effect
 * and the answer is withheld: told to come back in half a minute, the program sends no further writes on that way.
 */
export const DISTURBANCES = {
  'killed before': { fault: { delayMs: NEVER_MS }, killWhen: async (world) => (await armedFaults(world)) === 0 },
  'killed after': {
    fault: { after: true, status: 503, retryAfter: 30 },
    killWhen: async (world) => (await world.requests()).some(isDisturbed),
  },
  'answered 429': { fault: { status: 429 } },
  'answered 503': { fault: { status: 503 } },
  reset: { fault: { reset: true } },
  'answer lost': { fault: { after: true } },
  stalled: { fault: { stall: true } },
} as const satisfies Record<string, Disturbing>;
export type Disturbance = keyof typeof DISTURBANCES;

export interface TrialResult {
  /** What the N-th call was; undefined where the run made fewer calls, which depends on timing. */
  call: string | undefined;
  /** What is wrong with the end; undefined where it is that of an undisturbed run. */
  wrong: string | undefined;
}

/**
 * Disturbs the `nth` call (from 0) of a command, runs the same command again where it was killed, and holds the end against that of
 * an undisturbed run. One call that is refused, cut off or stalled must not end the command at all.
 */
export async function trial(from: Stage, args: string[], how: Disturbance, nth: number, expected: End[]): Promise<TrialResult> {
  const { fault, killWhen }: Disturbing = DISTURBANCES[how];
  const world = await openWorld(from);
  try {
    await world.control('POST', '/_simulator/faults', { match: '.*', skip: nth, ...fault });
    const child = world.start(args);
    child.process.stdin.end();
    if (killWhen) await killAsSoonAs(() => killWhen(world), child);
    const first = await child.outcome;
    await world.control('DELETE', '/_simulator/faults');
    const call = (await world.requests()).find(isDisturbed);
    const last = killWhen ? await world.run(args) : first;
    return { call: call && `${call.method} ${call.host}${call.path}`, wrong: await wrongEnd(world, last, expected) };
  } finally {
    await close(world);
  }
}

async function killAsSoonAs(due: () => Promise<boolean>, child: ReturnType<typeof startChild>): Promise<void> {
  let ended = false;
  void child.outcome.then(() => {
    ended = true;
  });
  while (!ended && !(await due())) await new Promise((resolve) => setTimeout(resolve, 2));
  child.process.kill('SIGKILL');
}

async function armedFaults(world: World): Promise<number> {
  return (await world.control('GET', '/_simulator/faults')).body.faults.length;
}

/** The undisturbed simulator answers neither so nor so late. */
function isDisturbed({ status, durationMs }: LoggedRequest): boolean {
  return status === 0 || status === 429 || status === 503 || durationMs > 20_000;
}

/** Looks until the operations that are still under way have come to their end. */
async function wrongEnd(world: World, last: Outcome, expected: End[]): Promise<string | undefined> {
  if (last.status !== 0) return `ended with ${last.status}: ${last.stdout}${last.stderr}`;
  const [wanted = '', ...others] = expected.map((end) => JSON.stringify(end, null, 1));
  for (const deadline = Date.now() + 3_000; ; ) {
    const found = JSON.stringify(await world.end(), null, 1);
    if (found === wanted || others.includes(found)) return undefined;
    if (Date.now() > deadline) return createTwoFilesPatch('undisturbed', 'disturbed', wanted, found, '', '', { context: 6 });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
