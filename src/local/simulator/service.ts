import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { DurationName } from '../../durations.ts';
import type { Runtime } from '../runtime-port.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/**
 * One simulated Google API: one file in `services/` exports one of these. The kernel finds the method by the API's discovery
 * document (host, path template, parameters), checks the request against the method's schemas, and calls the handler of that
 * method. A method of the document without a handler here, and a path that no document knows, is a 404 in Google's form.
 */
export interface Service {
  /** Discovery name: `sqladmin`, `run`. */
  api: string;
  /** The versions that these handlers serve: `['v1', 'v1beta4']`. */
  versions: string[];
  /** By the method's id in the discovery document: `'sql.instances.insert'`. */
  methods: Record<string, Handler>;
  /** Ids of methods that Google lets anybody call: token exchanges. The principal is '' there. */
  anonymous?: string[];
  /**
   * What no discovery document lists: uploads, downloads, the Docker registry, XML. Tried before the methods. On 127.0.0.1 a path of its own
   * under `/_simulator/` is for what only the simulator has, such as setting an organisation's policies.
   */
  routes?: RawRoute[];
  /** How each kind of long operation of this service ends, by the kind given to {@link Operations.start}. */
  operations?: Record<string, OperationKind>;
  /** Called once at start, before the first request: starts in the runtime what the records say is running. */
  restore?(sim: Sim): void | Promise<void>;
  /** Called before everything is forgotten (`POST /_simulator/reset`): removes from the runtime what this service made there. */
  reset?(sim: Sim): void | Promise<void>;
  /**
   * What `GET /_simulator/state` may show of a record of this kind: the record without secret payloads, or undefined for nothing.
   * Private keys (PEM) and properties called `password`, `rootPassword` or `privateKey…` are struck out by the kernel anyway.
   */
  redact?(kind: string, value: Json): unknown;
  /** Given by the one service that holds the projects. Undefined where there is none. */
  findProject?(sim: Sim, idOrNumber: string): { projectId: string; projectNumber: string; deleted?: true } | undefined;
  /** Given by the one service that holds the projects; called before each method that names one. True when it wrote something that stays even if the call is refused. */
  noteProject?(sim: Sim, idOrNumber: string, call: ProjectCall): boolean;
  /** Called after it, as a part of the call. */
  useProject?(sim: Sim, idOrNumber: string, call: ProjectCall): void;
  /** Given by the one service that holds the policies; called while permissions are enforced. Throws the 403 of a permission that the caller lacks. */
  authorize?(sim: Sim, call: Call): void;
  /** The same for what is no method. */
  authorizePath?(sim: Sim, request: { httpMethod: string; host: string; path: string; principal: string }): void;
  /** Given by the one service that holds the accounts: who a token stands for that was not issued here, or that it does not hold. */
  describeToken?(sim: Sim, token: string): Bearer | 'refused' | undefined;
  /** Which of these permissions the caller holds on what the call is about. */
  heldPermissions?(sim: Sim, call: Call, permissions: string[]): string[];
  /** Given by the one service that holds organisation policies: throws where the project may not use the service at all. */
  checkUsage?(sim: Sim, projectId: string, service: string): void;
  /** Given by the one service that holds what is enabled. `service` is a full name: `run.googleapis.com`. */
  isEnabled?(sim: Sim, projectId: string, service: string): boolean;
}

/** Answers with the JSON body to send (200), or a {@link Reply} where status or headers differ. Refuses with a {@link GoogleError}. */
export type Handler = (call: Call, sim: Sim) => unknown | Promise<unknown>;

export interface Call {
  api: string;
  version: string;
  /** The discovery id. */
  method: string;
  httpMethod: string;
  /** The Host header without port, lower case. */
  host: string;
  /** Path and query parameters by their discovery names, typed (numbers, booleans, lists for repeated ones). `project` may be id or number as sent. */
  params: Record<string, ParamValue>;
  /** The decoded JSON body, already checked against the schema; `{}` where none was sent. Enum numbers are turned into names. */
  body: JsonObject;
  headers: IncomingHttpHeaders;
  /** Who asks: the email behind the bearer token. */
  principal: string;
  /** The sets that an identity from outside belongs to, as policies name them. */
  principalSets?: string[];
}
/** What matters of a call for the project that it names. */
export type ProjectCall = Pick<Call, 'method' | 'httpMethod' | 'principal'>;
export type ParamValue = string | number | boolean | string[] | undefined;

export interface RawRoute {
  httpMethod: string | string[];
  host: RegExp;
  /** Against the path without the query; named groups are handed over. */
  path: RegExp;
  /** A further condition, on the query or a header (`alt=media`). Where it is false, the next route or the method of this path is tried. */
  when?(url: URL, message: IncomingMessage): boolean;
  /** False where Google lets anybody in (the metadata server, `/v2/` of a registry, a service's own URL). Default true. */
  authenticated?: boolean;
  handle(request: RawRequest, sim: Sim): void | Promise<void>;
  upgrade?(request: RawRequest, socket: Duplex, head: Buffer, sim: Sim): void;
}
export interface RawRequest {
  message: IncomingMessage;
  /** Unread where streaming matters; bounded by the handler. */
  body: Readable;
  response: ServerResponse;
  url: URL;
  host: string;
  groups: Record<string, string>;
  principal: string;
  /** Puts on disk what the handler wrote so far: to be called before an answer to a write is sent. What is written later is committed when the handler ends. */
  commit(): void;
}

/** An answer other than 200 with JSON. */
export class Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
  constructor(status: number, body?: unknown, headers: Record<string, string> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** A refusal. The kernel writes it in the form of the API that was asked. */
export interface GoogleErrorFacts {
  /** HTTP status: 404 */
  code: number;
  /** google.rpc.Code name: NOT_FOUND. Left out, it follows from the code. */
  status?: string;
  message: string;
  /** `errors[].reason` of the older APIs (storage, sqladmin, compute, dns): notFound, alreadyExists, instanceAlreadyExists. */
  reason?: string;
  domain?: string;
  location?: string;
  locationType?: string;
  /** google.rpc details, each with its `@type`. */
  details?: JsonObject[];
}
export class GoogleError extends Error {
  override readonly name = 'GoogleError';
  readonly facts: GoogleErrorFacts;
  constructor(facts: GoogleErrorFacts) {
    super(facts.message);
    this.facts = facts;
  }
}

/**
 * What a simulator holds. Records are plain JSON, kept in memory and on disk; everything that one handler writes is on disk, as
 * a whole, before its answer leaves. So: check first, then write, and do not await between writes.
 */
export interface Store {
  get<T = JsonObject>(kind: string, key: string): T | undefined;
  put(kind: string, key: string, value: unknown): void;
  delete(kind: string, key: string): void;
  /** In key order, those whose key starts with `prefix`. */
  list<T = JsonObject>(kind: string, prefix?: string): Array<{ key: string; value: T }>;
  /** A folder of this kind under the data folder for bytes too large for records (objects, blobs); made when missing. File names must be made by {@link Sim.id} or hashed, never taken from a request. */
  folder(kind: string): string;
}

export interface Operation {
  /** Unique in the simulator; services make their own resource names of it. */
  id: string;
  api: string;
  kind: string;
  /** What {@link Operations.start} was given. */
  data: JsonObject;
  /** ISO times. */
  startTime: string;
  /** Set when done. */
  endTime?: string;
  done: boolean;
  response?: Json;
  error?: GoogleErrorFacts;
  principal: string;
}
export interface OperationKind {
  usual: DurationName;
  /**
   * The effect, when the usual time is over: changes records, awaits the runtime. Its value is the response; a {@link GoogleError}
   * is the operation's error, and the records written before it stay (a failed revision is there to be seen). Any other error undoes
   * them and ends the operation as INTERNAL. Run again after a kill.
   * @param commit puts on disk what was written so far, for what takes long: it stays, whatever comes
   */
  finish(operation: Operation, sim: Sim, commit: () => void): unknown | Promise<unknown>;
}
export interface Operations {
  start(spec: { api: string; kind: string; data: JsonObject; principal: string }): Operation;
  get(id: string): Operation | undefined;
  list(api: string): Operation[];
  /** Changes the data of one that goes on: progress, for its metadata. */
  update(id: string, data: JsonObject): void;
  /** Forgets a finished one. */
  delete(id: string): void;
  /** Resolves when done or after `ms` at the latest, with the operation as it then is. */
  wait(id: string, ms: number): Promise<Operation>;
}

export interface Sim {
  store: Store;
  operations: Operations;
  /** Undefined: the simulator alone. */
  runtime: Runtime | undefined;
  /** The project that exists from the start. */
  project: { projectId: string; projectNumber: string };
  /** Finds a project by id or number; throws the 403 that Google gives for one that is not there (or not yours). */
  findProject(idOrNumber: string): { projectId: string; projectNumber: string };
  /** Throws 403 SERVICE_DISABLED unless the service is enabled in the project. The kernel calls it for each method; routes call it themselves. */
  requireEnabled(projectId: string, service: string): void;
  now(): Date;
  /** RFC 3339 with microseconds, `2026-11-22T10:00:00.123456Z`. */
  timestamp(): string;
  /** A new random id: lower-case hex of this length. */
  id(length: number): string;
  /** Scales a usual duration by `--speed`, in milliseconds. */
  duration(name: DurationName): number;
  /** Another service's records are read through its exported functions, never its kinds. Signs with the simulator's authority. */
  authority: Authority;
  /** Access tokens that stand for somebody: those of service accounts. */
  tokens: Tokens;
  /** The simulator's own port on 127.0.0.1. */
  port(): number;
}
export interface Authority {
  /** The authority's certificate, PEM. */
  certificate: string;
  /** A key and certificate for these names, signed by it; kept, so that the same names get the same. PEM. */
  issue(names: string[]): Promise<{ key: string; certificate: string }>;
}
/** Who a token stands for. */
export interface Bearer {
  email: string;
  scopes: string[];
  /** ISO time. */
  expireTime?: string;
  issued: boolean;
  /** Of an identity from outside: the `principalSet://…` names that it belongs to. */
  principalSets?: string[];
}
export interface Tokens {
  /** A new access token of this principal. It is understood after a restart too. */
  issue(email: string, options?: { scopes?: string[]; lifetimeSeconds?: number; principalSets?: string[] }): string;
  /** Who a token stands for; any token that was not issued here stands for the person who uses the simulator. */
  describe(token: string): Bearer;
}
