import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

/**
 * What stands behind the simulator: the things that Google would run. The simulator alone answers from its records; with a
 * runtime, databases, builds and services are real. All methods may be called again with the same arguments (after a kill, say).
 */
export interface Runtime {
  sql: SqlRuntime;
  builds: BuildRuntime;
  run: RunRuntime;
  jobs: JobRuntime;
  /** Stops every process it started and keeps their data. */
  stop(): Promise<void>;
}

export interface SqlInstance {
  /** `project:region:instance` */
  connectionName: string;
  /** As sqladmin says it: POSTGRES_18, MYSQL_8_4. */
  databaseVersion: string;
  /** The database's own settings that were asked for, as in `databaseFlags`. */
  flags: Record<string, string>;
  /** Whether changes are logged for recovery to a point in time; MySQL's. */
  binaryLog: boolean;
  sslMode: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' | 'ENCRYPTED_ONLY' | 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED';
  /** Server certificate and key, the authority of client certificates and what it has revoked, as PEM. */
  tls: { certificate: string; key: string; clientAuthority: string; revocationList?: string };
  /** Password of `postgres` or `root`, when given at creation. */
  rootPassword?: string;
}
export interface SqlUser {
  name: string;
  /** From where it may come; MySQL's alone. */
  host?: string;
}
export interface SqlRuntime {
  /** Makes the cluster if there is none, and starts it. Resolves when it accepts connections. */
  start(instance: SqlInstance): Promise<{ host: string; port: number }>;
  stop(connectionName: string): Promise<void>;
  /** Stops it and deletes its data. */
  remove(connectionName: string): Promise<void>;
  /** Makes the database; one that is there gets the character set and collation where these can be changed (MySQL). */
  createDatabase(connectionName: string, database: { name: string; charset?: string; collation?: string }): Promise<void>;
  dropDatabase(connectionName: string, name: string): Promise<void>;
  /** Creates the user or sets its password. API-made users get the role `cloudsqlsuperuser`, unless others are named. */
  setUser(connectionName: string, user: SqlUser & { password?: string; roles?: string[] }): Promise<void>;
  dropUser(connectionName: string, user: SqlUser): Promise<void>;
  /** Copies all that the instance holds, running or not, and keeps the copy under this id. One that is there stays. */
  backUp(connectionName: string, id: string): Promise<void>;
  /** Puts such a copy in the place of all that the instance holds, or makes the instance from it, and leaves it stopped. */
  restoreBackup(connectionName: string, id: string): Promise<void>;
  removeBackup(id: string): Promise<void>;
}

export interface BuildRequest {
  id: string;
  /** Full image reference with tag, as in the build's `images`. */
  image: string;
  /** The gzipped tar of the source, whole. */
  source: Readable;
  /** Path of the Dockerfile inside the source. */
  dockerfile: string;
  /** A line of the build's log. */
  log(line: string): void;
  signal: AbortSignal;
}
export interface BuildRuntime {
  /** Builds the image. Resolves with its digest; throws {@link BuildFailed}. The same source gives the same digest. */
  build(request: BuildRequest): Promise<{ digest: `sha256:${string}` }>;
  /** Whether an image of this digest can be run here. */
  has(digest: string): Promise<boolean>;
}
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
}

/** What a container is started with, be it of a service or of a job. */
export interface ContainerSpec {
  /** Image with digest: HOST/P/REPO/NAME@sha256:… */
  image: string;
  command: string[];
  args: string[];
  /** Everything the container would see, secrets resolved; what Cloud Run adds itself (PORT, K_*, CLOUD_RUN_*) is left to the runtime. */
  env: Record<string, string>;
  cloudSqlInstances: string[];
  serviceAccount: string;
  /** Of a request, or of an attempt at a task. */
  timeoutSeconds: number;
}
export interface Revision extends ContainerSpec {
  /** `projects/P/locations/R/services/S` */
  service: string;
  /** Short revision name, such as mlflow-00001-abc. */
  name: string;
  containerPort: number;
  /** `h2c` when the port is so named. */
  protocol: 'http1' | 'h2c';
  startupProbe: {
    path?: string;
    periodSeconds: number;
    failureThreshold: number;
    timeoutSeconds: number;
    initialDelaySeconds: number;
  };
  /** The service's own addresses, `https://…run.app`; the first is the deterministic one. */
  urls: string[];
}
/** A line that the container of a revision wrote. */
export interface RevisionLine {
  /** `projects/P/locations/R/services/S` */
  service: string;
  /** Short revision name. */
  revision: string;
  text: string;
  stream: 'stdout' | 'stderr';
}
export interface RunRuntime {
  /** Starts the revision beside the one that serves and resolves when its startup probe passed; throws {@link RevisionFailed}. */
  start(revision: Revision): Promise<void>;
  /** Sends the service's traffic to this revision and stops the others, once their requests are done. */
  serve(service: string, revision: string): Promise<void>;
  /** Stops the service's processes and forgets it. */
  remove(service: string): Promise<void>;
  /** Answers a request that came in for the service's own host; 503 when nothing serves. */
  forward(service: string, request: IncomingMessage, response: ServerResponse): void;
  upgrade(service: string, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The plain loopback address of the service (`http://127.0.0.1:N`), the same after a restart. */
  loopbackUrl(service: string): string | undefined;
  /** Tells this one, and none that was named before, of every line from now on. */
  onLine?(listener: (line: RevisionLine) => void): void;
}
export class RevisionFailed extends Error {
  override readonly name = 'RevisionFailed';
  /** As Cloud Run's condition says it: HealthCheckContainerError, … */
  readonly reason: string;
  /** The container's last lines, oldest first. */
  readonly logTail: string[];
  constructor(reason: string, message: string, logTail: string[]) {
    super(message);
    this.reason = reason;
    this.logTail = logTail;
  }
}

/** One attempt at one task of a job's execution. */
export interface TaskAttempt extends ContainerSpec {
  /** `projects/P/locations/R/jobs/J` */
  job: string;
  /** Short name of the execution: backup-x7fzq. */
  execution: string;
  /** From 0, of so many. */
  index: number;
  count: number;
  /** 0 for the first. */
  attempt: number;
  /** A line that it wrote. */
  log(line: string, stream: 'stdout' | 'stderr'): void;
  /** Ends it: the execution was cancelled. */
  signal: AbortSignal;
}
/** How it ended: by itself, by a signal, or because its time was over. */
export type TaskEnd = { exitCode: number } | { termSignal: number } | 'timeout';
export interface JobRuntime {
  /** Runs it to its end. Throws {@link RevisionFailed} when it cannot be started, and any other error when it was ended from outside. */
  runTask(task: TaskAttempt): Promise<TaskEnd>;
}
