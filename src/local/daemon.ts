import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { InterruptedError, UserError } from '../errors.ts';
import { announce, withdraw } from './daemon-record.ts';
import { type LocalHome, prepareHome, sweepLostDatabases } from './home.ts';
import { type LocalRuntime, localRuntime } from './runtime/local-runtime.ts';
import { freePort } from './runtime/ports.ts';
import type { ContainerIdentity } from './runtime/run/run-runtime.ts';
import { openDatabase } from './simulator/database.ts';
import { metadataServer } from './simulator/services/metadata.ts';
import { loadServices } from './simulator/services.ts';
import { type Simulator, startSimulator } from './simulator/simulator.ts';

export interface DaemonOptions {
  home: LocalHome;
  /** Of mlflow-gcp. */
  version: string;
  packageRoot: string;
  execPath: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Folder for PostgreSQL's programs. */
  programs: string;
  /** By how much the simulator's long operations are faster than Google's. */
  speed: number;
  uv(): Promise<string>;
  python(): Promise<{ path: string; version: string }>;
  /** Loads what is otherwise loaded when it is first needed. */
  loadAhead(): Promise<void>;
  /** Aborted when it is told to end. */
  signal: AbortSignal;
  /** A line for its log. */
  note(line: string): void;
  now(): Date;
}

/** A server that takes longer is left to come up by itself. */
const RESUME_MS = 120_000;

/**
 * The background process: the simulator of Google Cloud and the real things behind it, until it is told to end. Of several over the same
 * home one serves; the others return at once. What was running before runs again when it serves.
 */
export async function serveDaemon(options: DaemonOptions): Promise<void> {
  const { home, note } = options;
  prepareHome(home);
  const lock = await takeLock(home.lockFile);
  if (lock === undefined) return note('Another background process serves already.');
  try {
    await sweepLostDatabases(home);
    await serve(options);
  } finally {
    lock.release();
  }
}

async function serve(options: DaemonOptions): Promise<void> {
  const { home, note, signal, now } = options;
  const place: Place = { port: await freePort(), simulator: undefined };
  const runtime = await localRuntime({
    ...options,
    folders: home,
    simulator: () => ({ port: place.port, caFile: join(home.simulator, 'ca.pem') }),
    metadata: (container) => metadataOf(container, place),
  });
  try {
    const simulator = await openSimulator(options, place.port, runtime);
    place.simulator = simulator;
    await Promise.race([servicesResumed(simulator), aborted(signal)]);
    const { projectId, projectNumber } = simulator.project;
    const where = { port: simulator.port, ca: simulator.ca, project: projectId, projectNumber };
    announce(home.daemonFile, { version: options.version, startedAt: now().toISOString(), ...where });
    note(`Serving at ${simulator.url}.`);
    // Days from now, the files of this version may have been replaced by another's.
    Promise.all([options.loadAhead(), runtime.warmUp()]).catch((error: unknown) => note(String(error)));
    await aborted(signal);
    note('Ending.');
    await simulator.stop();
  } finally {
    await runtime.stop();
  }
  // An end that nobody asked for leaves the record, by which the next command tells.
  if (signal.reason instanceof InterruptedError) withdraw(home.daemonFile);
  else throw signal.reason;
}

interface Place {
  port: number;
  simulator: Simulator | undefined;
}

function openSimulator(options: DaemonOptions, port: number, runtime: LocalRuntime): Promise<Simulator> {
  return loadServices().then((services) =>
    // What ran before is started in this order, and servers need their databases.
    startSimulator({
      port,
      dataDir: options.home.simulator,
      discoveryDir: join(options.packageRoot, 'src/local/simulator/discovery'),
      services: services.toSorted((a, b) => Number(b.api === 'sqladmin') - Number(a.api === 'sqladmin')),
      speed: options.speed,
      runtime,
      now: options.now,
      onBug: (error) =>
        options.note(`The simulator failed at a request: ${error instanceof Error ? error.stack : String(error)}`),
    }),
  );
}

/** Resolves when the services that ran before serve again, or have been given up. */
async function servicesResumed({ sim }: Simulator): Promise<void> {
  const resuming = sim.operations.list('run').filter(({ kind, done }) => kind === 'resume' && !done);
  await Promise.all(resuming.map(({ id }) => sim.operations.wait(id, RESUME_MS)));
}

/** The metadata server of a container: tokens of its own service account. */
function metadataOf({ resource, serviceAccount }: ContainerIdentity, place: Place): RequestListener {
  return (request, response) => {
    const { simulator } = place;
    if (simulator === undefined) {
      // Google's clients ask again.
      response.writeHead(503).end();
      return;
    }
    const answer = metadataServer({
      ...simulator.project,
      serviceAccount,
      region: resource.split('/')[3] ?? '',
      token: (scopes) => {
        const accessToken = simulator.sim.tokens.issue(serviceAccount, scopes.length > 0 ? { scopes } : {});
        return { accessToken, expiresInSeconds: 3599 };
      },
    });
    answer(request, response);
  };
}

/** A lock that goes with the process, however it ends: the one of a database that is held open. Undefined when another process has it. */
async function takeLock(file: string): Promise<{ release(): void } | undefined> {
  try {
    const database = await openDatabase(file);
    return { release: () => database.close() };
  } catch (error) {
    if (error instanceof UserError && error.code === 'SIMULATOR_DATA_IN_USE') return undefined;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
