import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { skaffoldFailed } from './skaffold-errors.ts';
import { followEvents, readEvent, type SkaffoldEvent } from './skaffold-events.ts';
import { type Environment, runTool } from './tool.ts';

/** The first whose schema is v4beta13, which skaffold.yaml is written in. */
const OLDEST = [2, 15] as const;
export const OLDEST_SKAFFOLD = OLDEST.join('.');
const ASK_SECONDS = 20;
/**
 * Skaffold labels each run anew, and with a new label in its template Cloud Run makes a new revision of the same: a label that stays
 * leaves unchanged what is.
 */
const RUN_LABEL = 'skaffold.dev/run-id=mlflow-gcp';

/** The `skaffold` on PATH. `unnamed` is one that was built by hand and tells no version. */
export interface SkaffoldLook {
  state: 'missing' | 'too old' | 'unnamed' | 'usable';
  version?: string;
}

/** Looks for a skaffold on PATH that reads our skaffold.yaml. */
export async function findSkaffold(env: Environment, signal: AbortSignal): Promise<SkaffoldLook> {
  const asked = { env, signal, timeoutSeconds: ASK_SECONDS };
  const result = await runTool('skaffold', ['version', '--output', '{{.Version}}'], asked);
  if (!result.ok) return { state: 'missing' };
  const [version, major, minor] = /v?(\d+)\.(\d+)\S*/.exec(result.stdout) ?? [];
  if (version === undefined) return { state: 'unnamed' };
  const [least, leastMinor] = OLDEST;
  const newEnough = Number(major) > least || (Number(major) === least && Number(minor) >= leastMinor);
  return { state: newEnough ? 'usable' : 'too old', version };
}

export interface SkaffoldRun {
  folder: string;
  env: Environment;
  signal: AbortSignal;
  /** Told of what goes on, as it comes. */
  onEvent(event: SkaffoldEvent): void;
}

/**
 * `skaffold run -p production` in the project folder, as one who cannot be asked. Skaffold looks at the machine's Kubernetes context
 * even for Cloud Run, so it is given none. Throws the errors of {@link skaffoldFailed}.
 * https://skaffold.dev/docs/deployers/cloudrun/ https://skaffold.dev/docs/references/api/
 */
export async function runSkaffold({ folder, env, signal, onEvent }: SkaffoldRun): Promise<void> {
  const place = await mkdtemp(path.join(tmpdir(), 'mlflow-gcp-skaffold-'));
  const [port, file] = [await freePort(), path.join(place, 'events')];
  const ended = new AbortController();
  const following = followEvents(port, onEvent, AbortSignal.any([ended.signal, signal]));
  try {
    const result = await runTool('skaffold', runArguments(port, file, path.join(place, 'config')), {
      env: { ...withoutOwnSettings(env), KUBECONFIG: '/dev/null' },
      cwd: folder,
      signal,
    });
    if (!result.ok) throw skaffoldFailed(await savedEvents(file), result);
  } finally {
    ended.abort();
    await following;
    await rm(place, { recursive: true, force: true });
  }
}

function runArguments(port: number, eventLog: string, config: string): string[] {
  return [
    'run',
    '--profile=production',
    '--interactive=false',
    '--update-check=false',
    '--check-cluster-node-platforms=false',
    '--detect-minikube=false',
    '--status-check=true',
    // A file that is not there, in place of the user's own settings, which may send images to another repository.
    `--config=${config}`,
    `--label=${RUN_LABEL}`,
    `--rpc-http-port=${port}`,
    `--event-log-file=${eventLog}`,
  ];
}

/** Each flag of skaffold has a variable, and some of them would make another service than `--with api` makes. */
function withoutOwnSettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SKAFFOLD_')));
}

/** All that happened, as skaffold writes it when it ends: what it told last is not always heard. */
async function savedEvents(file: string): Promise<SkaffoldEvent[]> {
  try {
    const text = await readFile(`${file}.v2`, 'utf8');
    return text.split('\n').flatMap((line) => readEvent(line) ?? []);
  } catch {
    // It did not get as far as having events, and said why on stderr.
    return [];
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
