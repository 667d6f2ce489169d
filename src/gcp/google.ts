import type { Readable } from 'node:stream';
import type { Target } from '../target.ts';
import type { Apis } from './apis.ts';
import type { Clock } from './retry.ts';

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
  /** A credentials file in place of the one that Application Default Credentials would find. */
  credentialsFile?: string;
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
  /** Sends one request and hands the answer's body over as it comes. */
  stream(request: GoogleRequest): Promise<GoogleAnswer<Readable>>;
  /** The token that requests carry, for a child process or a registry; never to be shown. */
  accessToken(): Promise<string>;
  /** Runs pieces of work that share a key one after another, in the order in which they were given. */
  serialise<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Closes connections that are kept alive. */
  close(): void;
}

/** Opens the door to Google Cloud. Nothing is loaded or asked until a function needs it. */
export function openGoogle(options: OpenGoogleOptions): Google {
  throw new Error(options.userAgent);
}
