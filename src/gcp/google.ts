import type { Target } from '../target.ts';
import { makeAgents } from './agents.ts';
import { type Apis, makeApis } from './apis.ts';
import type { Credentials } from './credential-kind.ts';
import { Door } from './door.ts';
import { type Clock, systemClock } from './retry.ts';
import { serviceOfHost } from './roles.ts';
import { installTransport } from './transport.ts';

export interface OpenGoogleOptions {
  target: Target;
  /** `mlflow-gcp/VERSION`: what Google's logs, and the simulator's, show as the caller. */
  userAgent: string;
  /** Gets one line for each request; given to `ui.debug`. Never holds a credential, a header or a body. */
  log(line: string): void;
  /** Aborted by Ctrl-C: ends every request and every wait. */
  signal: AbortSignal;
  /** The project that user credentials are charged to; undefined: what the credentials themselves say. */
  quotaProject?: string;
  clock?: Clock;
}

/** A request for what Google's libraries lack, through the same door. */
export interface GoogleRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  params?: Record<string, string>;
  /** Sent as JSON, unless it is bytes or a stream. */
  body?: unknown;
  headers?: Record<string, string>;
  /** For one attempt. Default 60 s. */
  timeoutMs?: number;
  /** Whether a POST may be sent again when its answer was lost. Other methods always may. */
  idempotent?: boolean;
}
export interface GoogleAnswer<T> {
  status: number;
  headers: Record<string, string>;
  data: T;
}

/** Google Cloud, as every function of `src/gcp` gets it. Made once for a command by {@link openGoogle}. */
export interface Google {
  readonly target: Target;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Google's client libraries, each loaded at its first use, all on the same transport. */
  readonly apis: Apis;
  /** Sends one JSON request. Throws the errors of `errors.ts`. */
  request<T>(request: GoogleRequest): Promise<GoogleAnswer<T>>;
  /** Sends one request whose answer is bytes. */
  bytes(request: GoogleRequest): Promise<GoogleAnswer<Buffer>>;
  /** The token that requests carry, for a child process or a registry; never to be shown. */
  accessToken(): Promise<string>;
  /** What the requests are signed with. Throws NOT_SIGNED_IN where there is nothing. */
  credentials(): Promise<Credentials>;
  /** Charges a person's requests to this project, for one that is chosen only after Google was opened. */
  chargeTo(project: string): Promise<void>;
  /** Runs pieces of work that share a key one after another, in the order in which they were given. */
  serialise<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Tells the transport that these services were enabled just now: for ten minutes their SERVICE_DISABLED is asked again. */
  noteEnabled(services: string[]): void;
  /**
   * Loads Google's libraries as soon as the first requests are on their way: that takes as long as their answers do. Of no account where
   * few of the services are asked.
   */
  loadMeanwhile(): void;
  /** Closes connections that are kept alive. */
  close(): void;
}

/** For this long after a service was enabled some of Google may not know of it. */
const ENABLING_SPREADS_MS = 10 * 60_000;

/** Opens the door to Google Cloud. Nothing is loaded, read or asked until a function needs it. */
export function openGoogle(options: OpenGoogleOptions): Google {
  const clock = options.clock ?? systemClock;
  const enabledAt = new Map<string, number>();
  const agents = makeAgents(options.target);
  let closed = false;
  const justEnabled = (service: string) =>
    clock.now() - (enabledAt.get(serviceOfHost(service)) ?? Number.NEGATIVE_INFINITY) < ENABLING_SPREADS_MS;
  const isOurCharge = (project: string) => door.isOurCharge(project);
  const door: Door = new Door({
    install: (client) => installTransport(client, agents, { ...options, clock, justEnabled, isOurCharge }),
    accessToken: options.target.accessToken,
    quotaProject: options.quotaProject,
  });
  const apis = makeApis(door);
  return {
    target: options.target,
    signal: options.signal,
    clock,
    log: options.log,
    apis,
    request: (request) => send(door, request, 'unknown'),
    async bytes(request) {
      const answer = await send<ArrayBuffer>(door, request, 'arraybuffer');
      return { ...answer, data: Buffer.from(answer.data) };
    },
    accessToken: () => door.accessToken(),
    credentials: () => door.credentials(),
    chargeTo: (project) => door.chargeTo(project),
    serialise: queue(),
    noteEnabled(services) {
      for (const service of services) enabledAt.set(service, clock.now());
    },
    loadMeanwhile() {
      void agents.opened().then(() => loadOneByOne(apis, () => closed));
    },
    close() {
      closed = true;
      agents.destroy();
    },
  };
}

/** In between, answers are read. A library that cannot be loaded is a failure of those who ask for it. */
async function loadOneByOne(apis: Apis, isOver: () => boolean): Promise<void> {
  const { serviceusage, iam, artifactregistry, storage, secretmanager, run } = apis;
  for (const load of [secretmanager, run, storage, iam, artifactregistry, serviceusage]) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isOver()) return;
    await load().catch(() => undefined);
  }
}

async function send<T>(door: Door, request: GoogleRequest, responseType: 'unknown' | 'arraybuffer'): Promise<GoogleAnswer<T>> {
  const { method, url, params, body, headers, timeoutMs, idempotent } = request;
  const answer = await door.request<T>({
    method,
    url,
    responseType,
    ...(params && { params }),
    ...(body !== undefined && { data: body }),
    ...(headers && { headers }),
    ...(timeoutMs !== undefined && { attemptTimeoutMs: timeoutMs }),
    ...(idempotent !== undefined && { idempotent }),
  });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), data: answer.data };
}

/** One queue a key; a failed piece of work does not stop those behind it. */
function queue(): Google['serialise'] {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
}
