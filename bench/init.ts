// Wall time of `init` over its critical path, at realistic latencies: long operations at a hundredth of their usual time and 50 ms for
// every call. Then `init` again with nothing to do: how many calls deep it is.
//
// No run can be quicker than the longest chain of things that have to wait for one another: a call for what the call before it told or
// made, and operations that take their time. In `init` that chain is the one through the database, CHAIN below: each entry is a call of
// 50 ms, or an operation by the simulator's own table of durations. All else (accounts, buckets, repository, roles, the other secrets)
// goes on beside it and is shorter. What `init` takes on top is its own: start-up, loading libraries, waits between two looks at an
// operation, and calls that could have been left out or made at once.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type DurationName, USUAL_SECONDS } from '../src/durations.ts';
import { cacheFolder } from '../src/project/cache-folder.ts';
import { ensureLock } from '../src/project/lock.ts';
import { findPython } from '../src/project/python.ts';
import { ensureUv } from '../src/project/uv.ts';

const BUDGET = 1.05;
const DEPTH_BUDGET = 4;
const SPEED = 100;
const CALL_MS = 50;
/** Long against what the program needs between two calls, so that only what waits for an answer counts as deeper. */
const COUNTED_CALL_MS = 400;
const RUNS = 3;

const CHAIN: Array<'call' | DurationName> = [
  'call', // the project and its number, by which everything is named
  'call', // what is there of the deployment
  'call', // the services are switched on
  'services.enable',
  'call', // and that is seen to be done
  'call', // the instance is asked for
  'sql.instances.insert',
  'call', // seen to be done
  'call', // the database is asked for
  'sql.databases',
  'call', // seen to be done
  'call', // the password is read from its secret, which was made beside the database
  'call', // the user is asked for
  'sql.users',
  'call', // seen to be done
  'call', // which version of the secret holds for the user is noted
  'call', // the versions that the project folder pins
];

const root = path.resolve(import.meta.dirname, '..');
const program = path.join(root, 'bin/mlflow-gcp.js');

interface Logged {
  time: string;
  durationMs: number;
  method: string;
  path: string;
}

function criticalSeconds(): number {
  return CHAIN.reduce((sum, link) => sum + (link === 'call' ? CALL_MS / 1000 : USUAL_SECONDS[link] / SPEED), 0);
}

/** A folder with the lock in it, as a first `init` leaves it: the lock is made by uv, and through the simulator uv reaches no index. */
async function lockedFolder(place: string): Promise<string> {
  const [made, folder] = [path.join(place, 'made'), path.join(place, 'mlflow')];
  for (const name of [made, folder]) await mkdir(path.join(name, '.mlflow-gcp'), { recursive: true });
  const template = await readFile(path.join(root, 'src/templates/project/pyproject.toml'), 'utf8');
  await writeFile(path.join(made, 'pyproject.toml'), template.replaceAll(/\{\{ *name *\}\}/g, 'mlflow'));
  const { env } = process;
  const requirements = path.join(root, 'src/templates/tools/uv.txt');
  const uv = () => ensureUv({ env, cache: cacheFolder(env), requirements, python: () => findPython(env) });
  await ensureLock(made, { env, uv });
  for (const file of ['uv.lock', '.mlflow-gcp/locked.json']) await copyFile(path.join(made, file), path.join(folder, file));
  return folder;
}

/** A simulator of its own process, so that it takes no time of the program's. */
async function startSimulator(data: string): Promise<{ child: ChildProcess; url: string; ca: string; project: string }> {
  const args = [program, 'simulator', '--port', '0', '--data', data, '--speed', String(SPEED), '--quiet'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { port, ca, project } = JSON.parse(line) as { port: number; ca: string; project: string };
  return { child, url: `http://127.0.0.1:${port}`, ca, project };
}

async function measure(): Promise<{ seconds: number; depth: number; writes: number }> {
  const place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-bench-'));
  const folder = await lockedFolder(place);
  const { child, url, ca, project } = await startSimulator(path.join(place, 'data'));
  try {
    const delayCalls = async (delayMs: number): Promise<void> => {
      await fetch(`${url}/_simulator/faults`, { method: 'DELETE' });
      const body = JSON.stringify({ match: '.*', times: 1_000_000, delayMs });
      await fetch(`${url}/_simulator/faults`, { method: 'POST', body });
    };
    await delayCalls(CALL_MS);
    const env = {
      ...process.env,
      HTTPS_PROXY: url,
      NODE_EXTRA_CA_CERTS: ca,
      CLOUDSDK_AUTH_ACCESS_TOKEN: 'anybody',
      GOOGLE_CLOUD_PROJECT: project,
      CI: 'true',
    };
    const init = async (): Promise<number> => {
      const begun = performance.now();
      const running = spawn(process.execPath, [program, 'init', '--yes', '--quiet'], {
        cwd: folder,
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [status] = await once(running, 'close');
      if (status !== 0) throw new Error(`init ended with status ${status}`);
      return (performance.now() - begun) / 1000;
    };
    const log = async (): Promise<Logged[]> => {
      const text = await (await fetch(`${url}/_simulator/requests`)).text();
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Logged);
    };
    const seconds = await init();
    const before = (await log()).length;
    await delayCalls(COUNTED_CALL_MS);
    await init();
    const again = (await log()).slice(before);
    return { seconds, depth: depthOf(again), writes: again.filter((call) => !isRead(call)).length };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'close');
    await rm(place, { recursive: true, force: true });
  }
}

/** The longest chain of calls that began after one another had ended. */
function depthOf(calls: Logged[]): number {
  const spans = calls
    .map(({ time, durationMs }) => ({ start: Date.parse(time), end: Date.parse(time) + durationMs }))
    .sort((a, b) => a.start - b.start);
  const depths: number[] = [];
  for (const [index, span] of spans.entries()) {
    const before = spans.slice(0, index).map((other, at) => (other.end <= span.start ? (depths[at] ?? 0) : 0));
    depths.push(1 + Math.max(0, ...before));
  }
  return Math.max(0, ...depths);
}

function isRead({ method, path: name }: Logged): boolean {
  return method === 'GET' || method === 'HEAD' || /:(?:getIamPolicy|testIamPermissions)$/.test(name);
}

const critical = criticalSeconds();
const measured = [];
for (let run = 0; run < RUNS; run++) measured.push(await measure());
// The run that the machine's other work disturbed least.
const best = Math.min(...measured.map(({ seconds }) => seconds));
const depth = Math.max(...measured.map((one) => one.depth));
const writes = Math.max(...measured.map((one) => one.writes));
console.log(`init                ${best.toFixed(2)} s (${measured.map(({ seconds }) => seconds.toFixed(2)).join(', ')})`);
console.log(`critical path       ${critical.toFixed(2)} s`);
console.log(`ratio               ${(best / critical).toFixed(3)}, budget ${BUDGET}`);
console.log(`with nothing to do  ${depth} calls deep, budget ${DEPTH_BUDGET}; ${writes} writes`);
if (best / critical > BUDGET || depth > DEPTH_BUDGET || writes > 0) process.exitCode = 1;
