import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Revision, RevisionFailed } from '../../runtime-port.ts';
import { shortName } from '../layout.ts';
import { type Container, type ContainerOptions, startContainer } from './container.ts';
import { type Door, openDoor, type Rewrite } from './door.ts';
import { readDoors, removeDoor, writeDoor } from './doors-file.ts';
import { containerConnections, passOn, passUpgradeOn, refuse, refuseUpgrade, type Upstream } from './proxy.ts';
import { revisionLog, serviceLogFolder } from './revision-log.ts';
import { digestOf, type ServiceOptions } from './run-runtime.ts';

interface Running {
  revision: Revision;
  container: Container;
  connections: Agent;
  /** Requests that are being answered. */
  open: Set<Promise<void>>;
}

/** https://docs.cloud.google.com/run/quotas#request_limits: no limit over HTTP/2. */
const LARGEST_HTTP1_BODY = 32 * 1024 ** 2;
const DRAIN_MS = 10_000;

/** One service: the processes of its revisions, which of them serves, and its plain loopback address. */
export class ServiceRunner {
  readonly #name: string;
  readonly #options: ServiceOptions;
  readonly #revisions = new Map<string, Running>();
  /** By revision: what is being started now. */
  readonly #starting = new Map<string, Promise<void>>();
  readonly #ending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #serving: string | undefined;
  #door: Door | undefined;

  constructor(name: string, options: ServiceOptions) {
    this.#name = name;
    this.#options = options;
  }

  async start(revision: Revision): Promise<void> {
    // Of several calls for one revision each waits for those before it, and finds it running.
    const before = this.#starting.get(revision.name) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(() => this.#startNow(revision));
    this.#starting.set(revision.name, mine);
    await mine.finally(() => {
      if (this.#starting.get(revision.name) === mine) this.#starting.delete(revision.name);
    });
  }

  async #startNow(revision: Revision): Promise<void> {
    const before = this.#revisions.get(revision.name);
    if (before !== undefined && isDeepStrictEqual(before.revision, revision)) return;
    const container = await startContainer(revision, {
      ...containerOptions(revision, this.#options),
      signal: this.#stopping.signal,
    });
    this.#revisions.set(revision.name, { revision, container, connections: containerConnections(), open: new Set() });
    if (before !== undefined) this.#retire(before);
  }

  async serve(revision: string): Promise<void> {
    if (!this.#revisions.has(revision) || this.#stopping.signal.aborted)
      throw new RevisionFailed('RevisionMissing', `The revision ${revision} does not run.`, []);
    this.#serving = revision;
    await this.#openDoor();
    for (const [name, running] of this.#revisions) {
      if (name === revision) continue;
      this.#revisions.delete(name);
      this.#retire(running);
    }
  }

  /** Ends the processes at once and closes the loopback address, which stays reserved. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#door?.close();
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#revisions.values()].map(({ container }) => container.stop()));
    for (const { connections } of this.#revisions.values()) connections.destroy();
    await Promise.all(this.#ending);
  }

  forget(): void {
    removeDoor(this.#options.doorsFile, this.#name);
  }

  forward(request: IncomingMessage, response: ServerResponse, rewrite?: Rewrite): void {
    const running = this.#servingNow();
    const upstream = upstreamOf(running, rewrite);
    if (running === undefined || upstream === undefined) refuse(response, 503, 'The service is not ready to serve.');
    else count(running, passOn(request, response, upstream));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const running = this.#servingNow();
    const upstream = upstreamOf(running);
    if (running === undefined || upstream === undefined) refuseUpgrade(socket, 503, 'Service Unavailable');
    else count(running, passUpgradeOn(request, socket, head, upstream));
  }

  loopbackUrl(): string | undefined {
    return this.#door === undefined ? undefined : `http://127.0.0.1:${this.#door.port}`;
  }

  images(): string[] {
    return [...this.#revisions.values()].map(({ revision }) => digestOf(revision.image));
  }

  #servingNow(): Running | undefined {
    return this.#serving === undefined ? undefined : this.#revisions.get(this.#serving);
  }

  /** Lets a revision finish what it has begun, for a while, and stops it. */
  #retire({ open, container, connections }: Running): void {
    const patience = delay(DRAIN_MS, undefined, { ref: false, signal: this.#stopping.signal }).catch(() => undefined);
    const end = Promise.race([Promise.allSettled(open), patience])
      .then(() => container.stop())
      .then(() => connections.destroy())
      .catch((error: unknown) => this.#options.note(`A revision of ${this.#name} did not stop: ${String(error)}`))
      .finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }

  async #openDoor(): Promise<void> {
    const { doorsFile, note } = this.#options;
    const before = readDoors(doorsFile)[this.#name]?.port;
    this.#door ??= await openDoor({
      preferredPort: before,
      serviceUrl: () => this.#servingNow()?.revision.urls[0],
      forward: (request, response, rewrite) => this.forward(request, response, rewrite),
      upgrade: (request, socket, head) => this.upgrade(request, socket, head),
    });
    const { port } = this.#door;
    if (before !== undefined && before !== port)
      note(`Port ${before} is taken: ${this.#name} is now at http://127.0.0.1:${port}`);
    writeDoor(doorsFile, this.#name, { port, urls: this.#servingNow()?.revision.urls ?? [] });
  }
}

function containerOptions(revision: Revision, options: ServiceOptions): Omit<ContainerOptions, 'signal'> {
  const build = options.findBuild(digestOf(revision.image));
  if (build === undefined) throw new RevisionFailed('ContainerMissing', `Image '${revision.image}' not found.`, []);
  const log = revisionLog(join(serviceLogFolder(options.logs, revision.service), `${revision.name}.log`), options.now);
  const folder = join(options.folder, shortName(`${revision.service}/${revision.name}/${options.now().getTime()}`));
  const metadata = options.metadata({ resource: revision.service, serviceAccount: revision.serviceAccount });
  const { service, name } = revision;
  const onLine: ContainerOptions['onLine'] = (text, stream) => options.onLine({ service, revision: name, text, stream });
  return { ...options, build, folder, log, simulator: options.simulator(), metadata, onLine };
}

function upstreamOf(running: Running | undefined, rewrite?: Rewrite): Upstream | undefined {
  const port = running?.container.port();
  if (running === undefined || port === undefined) return undefined;
  const { connections } = running;
  const { protocol, timeoutSeconds } = running.revision;
  const largestBody = protocol === 'h2c' ? undefined : LARGEST_HTTP1_BODY;
  return { port, timeoutSeconds, connections, largestBody, ...(rewrite === undefined ? {} : { rewrite }) };
}

function count(running: Running, exchange: Promise<void>): void {
  running.open.add(exchange);
  void exchange.then(() => running.open.delete(exchange));
}
