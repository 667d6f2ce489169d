import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Revision, RevisionFailed, type RunRuntime } from '../../runtime-port.ts';
import type { Build } from '../build/build-runtime.ts';
import { shortName } from '../layout.ts';
import type { ProcessRegister } from '../process-register.ts';
import { type Container, startContainer } from './container.ts';
import { type Door, openDoor, type Rewrite } from './door.ts';
import { readDoors, removeDoor, writeDoor } from './doors-file.ts';
import { passOn, passUpgradeOn, refuse, refuseUpgrade, type Upstream } from './proxy.ts';
import { revisionLog, serviceLogFolder } from './revision-log.ts';

export interface RunOptions {
  findBuild(digest: string): Build | undefined;
  /** What revisions write, while they run. */
  folder: string;
  logs: string;
  doorsFile: string;
  register: ProcessRegister;
  /** The user's PATH: bash is found on it. */
  systemPath: string;
  /** Known when the first revision starts. */
  simulator(): { port: number; caFile: string };
  socketFolder(connectionName: string): string | undefined;
  metadata(revision: Revision): RequestListener;
  note(line: string): void;
  now(): Date;
}

export interface LocalRunRuntime extends RunRuntime {
  stopAll(): Promise<void>;
  /** Digests of the images that run. */
  images(): Set<string>;
}

interface Running {
  revision: Revision;
  container: Container;
  /** Requests that are being answered. */
  open: Set<Promise<void>>;
}
interface ServiceState {
  revisions: Map<string, Running>;
  serving: string | undefined;
  door: Promise<Door> | undefined;
  port: number | undefined;
}

/** https://docs.cloud.google.com/run/quotas#request_limits: no limit over HTTP/2. */
const LARGEST_HTTP1_BODY = 32 * 1024 ** 2;
const DRAIN_MS = 10_000;

/** Cloud Run's stand-in: the processes of each service's revisions, and the ways to the one that serves. */
export function runRuntime(options: RunOptions): LocalRunRuntime {
  const services = new Map<string, ServiceState>();
  const ending = new Set<Promise<void>>();
  const stateOf = (name: string): ServiceState => {
    const state = services.get(name) ?? { revisions: new Map(), serving: undefined, door: undefined, port: undefined };
    services.set(name, state);
    return state;
  };
  const servingOf = (name: string): Running | undefined => {
    const state = services.get(name);
    return state?.serving === undefined ? undefined : state.revisions.get(state.serving);
  };
  const retire = (running: Running): void => {
    const end = drain(running).finally(() => ending.delete(end));
    ending.add(end);
  };
  const forward = (name: string, request: IncomingMessage, response: ServerResponse, rewrite?: Rewrite): void => {
    const running = servingOf(name);
    const upstream = upstreamOf(running, rewrite);
    if (running === undefined || upstream === undefined) return refuse(response, 503, 'The service is not ready to serve.');
    count(running, passOn(request, response, upstream));
  };
  const upgrade: RunRuntime['upgrade'] = (name, request, socket, head) => {
    const running = servingOf(name);
    const upstream = upstreamOf(running);
    if (running === undefined || upstream === undefined) return refuseUpgrade(socket, 503, 'Service Unavailable');
    count(running, passUpgradeOn(request, socket, head, upstream));
  };
  const openDoorOf = async (name: string, state: ServiceState): Promise<void> => {
    const before = readDoors(options.doorsFile)[name]?.port;
    state.door ??= openDoor({
      preferredPort: before,
      serviceUrl: () => servingOf(name)?.revision.urls[0],
      forward: (request, response, rewrite) => forward(name, request, response, rewrite),
      upgrade: (request, socket, head) => upgrade(name, request, socket, head),
    });
    state.port = (await state.door).port;
    if (before !== undefined && before !== state.port) {
      options.note(`Port ${before} is taken: ${name} is now at http://127.0.0.1:${state.port}`);
    }
    writeDoor(options.doorsFile, name, { port: state.port, urls: servingOf(name)?.revision.urls ?? [] });
  };
  const stopService = async (name: string): Promise<void> => {
    const state = services.get(name);
    services.delete(name);
    (await state?.door)?.close();
    await Promise.all([...(state?.revisions.values() ?? [])].map(({ container }) => container.stop()));
  };

  return {
    async start(revision) {
      const { revisions } = stateOf(revision.service);
      const before = revisions.get(revision.name);
      if (before !== undefined && isDeepStrictEqual(before.revision, revision)) return;
      const container = await startContainer(revision, containerOptions(revision, options));
      revisions.set(revision.name, { revision, container, open: new Set() });
      if (before !== undefined) retire(before);
    },
    async serve(name, revision) {
      const state = stateOf(name);
      if (!state.revisions.has(revision))
        throw new RevisionFailed('RevisionMissing', `The revision ${revision} does not run.`, []);
      state.serving = revision;
      await openDoorOf(name, state);
      for (const [other, running] of state.revisions) {
        if (other === revision) continue;
        state.revisions.delete(other);
        retire(running);
      }
    },
    async remove(name) {
      await stopService(name);
      removeDoor(options.doorsFile, name);
    },
    forward: (name, request, response) => forward(name, request, response),
    upgrade,
    loopbackUrl: (name) => {
      const port = services.get(name)?.port;
      return port === undefined ? undefined : `http://127.0.0.1:${port}`;
    },
    async stopAll() {
      await Promise.all([...services.keys()].map(stopService));
      await Promise.all(ending);
    },
    images: () =>
      new Set(
        [...services.values()].flatMap((state) =>
          [...state.revisions.values()].map((running) => digestOf(running.revision.image)),
        ),
      ),
  };
}

function containerOptions(revision: Revision, options: RunOptions) {
  const build = options.findBuild(digestOf(revision.image));
  if (build === undefined) throw new RevisionFailed('ContainerMissing', `Image '${revision.image}' not found.`, []);
  const log = revisionLog(join(serviceLogFolder(options.logs, revision.service), `${revision.name}.log`), options.now);
  const folder = join(options.folder, shortName(`${revision.service}/${revision.name}/${options.now().getTime()}`));
  return { ...options, build, folder, log, simulator: options.simulator(), metadata: options.metadata(revision) };
}

function digestOf(image: string): string {
  return image.slice(image.lastIndexOf('@') + 1);
}

function upstreamOf(running: Running | undefined, rewrite?: Rewrite): Upstream | undefined {
  const port = running?.container.port();
  if (running === undefined || port === undefined) return undefined;
  const { protocol, timeoutSeconds } = running.revision;
  const largestBody = protocol === 'h2c' ? undefined : LARGEST_HTTP1_BODY;
  return { port, timeoutSeconds, largestBody, ...(rewrite === undefined ? {} : { rewrite }) };
}

function count(running: Running, exchange: Promise<void>): void {
  running.open.add(exchange);
  void exchange.then(() => running.open.delete(exchange));
}

/** Lets a revision finish what it has begun, for a while, and stops it. */
async function drain({ open, container }: Running): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, DRAIN_MS).unref());
  await Promise.race([Promise.allSettled(open), patience]);
  await container.stop();
}
