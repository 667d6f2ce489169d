import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '../runtime-port.ts';
import { openAuthority } from './authority.ts';
import { openDatabase } from './database.ts';
import type { Method } from './discovery.ts';
import { Discovery } from './discovery.ts';
import type { EngineParts } from './engine.ts';
import { Engine } from './engine.ts';
import { Faults } from './faults.ts';
import { openFront } from './front.ts';
import { isEnforced, setEnforced } from './permissions.ts';
import { RequestLog } from './request-log.ts';
import type { Service, Sim } from './service.ts';
import { keepRevisionLines } from './services/run-log.ts';
import { stateOf } from './state.ts';
import { RecordStore } from './store.ts';
import { openTokens } from './tokens.ts';

export const DEFAULT_SPEED = 1000;
export const DEFAULT_PROJECT = 'mlflow-local';
const PROJECT_KIND = 'kernel.project';

export interface SimulatorOptions {
  /** 0: any free one. */
  port: number;
  /** Absolute path of a folder of its own; made when missing. All that the simulator keeps is in it. */
  dataDir: string;
  /** Folder of the discovery tables: `src/local/simulator/discovery` of the package. */
  discoveryDir: string;
  services: Service[];
  /** By how much long operations are faster than usual. Default 1000. */
  speed?: number;
  runtime?: Runtime;
  /** Id of the project that is there from the start, when the folder is new. */
  project?: string;
  now?(): Date;
  /** Told of errors of the simulator itself. They are answered with 500. */
  onBug?(error: unknown): void;
  /** Told of the body of every answer to a method, before its enums are numbered and its fields are selected: for checking it. */
  onAnswer?(method: Method, body: unknown): void;
}

export interface Simulator {
  port: number;
  url: string;
  /** Absolute path of the authority's certificate, PEM. */
  ca: string;
  project: { projectId: string; projectNumber: string };
  sim: Sim;
  /** Ends all connections and finishes nothing: what was under way goes on at the next start. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts the simulator of Google's APIs on 127.0.0.1. Throws a UserError when another simulator uses the folder, and the system's
 * error when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { dataDir } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const records = new RecordStore(await openDatabase(join(dataDir, 'records.sqlite')), join(dataDir, 'files'));
  try {
    const log = new RequestLog(join(dataDir, 'requests.ndjson'));
    try {
      return await serve(options, records, log);
    } catch (error) {
      await log.close();
      throw error;
    }
  } catch (error) {
    records.close();
    throw error;
  }
}

async function serve(options: SimulatorOptions, records: RecordStore, log: RequestLog): Promise<Simulator> {
  const { dataDir, services } = options;
  const project = openProject(records, options.project ?? DEFAULT_PROJECT);
  const authority = await openAuthority(dataDir);
  let port = options.port;
  const engine = makeEngine(options, { records, authority, project, port: () => port });
  const ready = Promise.withResolvers<void>();
  // The port comes first: what is restored may want to know it, and nothing should be started where it is taken.
  const front = await openFront(options.port, engine, {
    ready: ready.promise,
    faults: new Faults(),
    log,
    state: () => stateOf(records, services),
    reset: () => reset(engine, records, log, dataDir),
    permissions: {
      enforced: () => isEnforced(engine.sim.store),
      enforce: (on) => setEnforced(engine.sim.store, on),
    },
    tokens: engine.tokens,
  });
  port = front.port;
  const { runtime } = options;
  const forget =
    runtime &&
    keepRevisionLines(
      runtime.run,
      (work) => engine.transact(work),
      () => engine.sim.timestamp(),
    );
  try {
    await restore(engine);
  } catch (error) {
    await front.close();
    throw error;
  }
  engine.runner.resume(engine.sim.store);
  ready.resolve();
  const end = async (): Promise<void> => {
    forget?.();
    engine.stop();
    await front.close();
    await log.close();
    records.close();
  };
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    ended ??= end();
    return ended;
  };
  return { port, url: `http://127.0.0.1:${port}`, ca: authority.certificateFile, project, sim: engine.sim, stop };
}

function makeEngine(options: SimulatorOptions, opened: Pick<EngineParts, 'records' | 'authority' | 'project' | 'port'>): Engine {
  const now = options.now ?? (() => new Date());
  return new Engine({
    ...opened,
    discovery: new Discovery(options.discoveryDir),
    services: options.services,
    tokens: openTokens(join(options.dataDir, 'token-key'), now),
    runtime: options.runtime,
    speed: options.speed ?? DEFAULT_SPEED,
    now,
    onBug: options.onBug ?? (() => undefined),
    ...(options.onAnswer === undefined ? {} : { onAnswer: options.onAnswer }),
  });
}

async function restore(engine: Engine): Promise<void> {
  for (const service of engine.services) await engine.transact((sim) => service.restore?.(sim));
}

/** The project that is there from the start keeps its number as long as the folder is there. */
function openProject(records: RecordStore, projectId: string): { projectId: string; projectNumber: string } {
  const store = records.begin();
  const known = store.get<{ projectId: string; projectNumber: string }>(PROJECT_KIND, 'project');
  if (known) return known;
  const made = { projectId, projectNumber: String(randomInt(100_000_000_000, 281_474_976_710_655)).slice(0, 12) };
  store.put(PROJECT_KIND, 'project', made);
  store.commit();
  return made;
}

/** Empties everything but the project and the authority. */
async function reset(engine: Engine, records: RecordStore, log: RequestLog, dataDir: string): Promise<void> {
  engine.runner.forget();
  for (const service of engine.services) await engine.transact((sim) => service.reset?.(sim));
  records.clear([PROJECT_KIND]);
  const files = join(dataDir, 'files');
  mkdirSync(files, { recursive: true });
  for (const name of readdirSync(files)) rmSync(join(files, name), { recursive: true, force: true });
  await log.clear();
  await restore(engine);
}
