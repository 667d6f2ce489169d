import { randomBytes, randomInt } from 'node:crypto';
import type { DurationName } from '../../durations.ts';
import { USUAL_SECONDS } from '../../durations.ts';
import type { Runtime } from '../runtime-port.ts';
import type { Discovery, Method } from './discovery.ts';
import { consumerInvalid, serviceDisabled } from './error-form.ts';
import { OperationRunner } from './operations.ts';
import type { Authority, Bearer, Call, Handler, OperationKind, Service, Sim, Tokens } from './service.ts';
import { GoogleError } from './service.ts';
import type { RecordStore, Transaction } from './store.ts';
import { autoCommit } from './store.ts';

/**
 * Counted on the project of the client, not on the one that is asked about: signed in as a person, that is a project of Google's own where
 * these are enabled. https://docs.cloud.google.com/docs/quotas/quota-project
 */
const PROJECTLESS = new Set(['cloudbilling', 'cloudresourcemanager', 'oauth2', 'serviceusage', 'sts']);

export interface EngineParts {
  records: RecordStore;
  discovery: Discovery;
  services: Service[];
  authority: Authority;
  tokens: Tokens;
  runtime: Runtime | undefined;
  project: { projectId: string; projectNumber: string };
  speed: number;
  now(): Date;
  port(): number;
  onBug(error: unknown): void;
  onAnswer?(method: Method, body: unknown): void;
}

/** Holds the services together: their handlers, what a handler gets, and its transaction. */
export class Engine {
  readonly discovery: Discovery;
  readonly services: Service[];
  readonly tokens: Tokens;
  readonly runner: OperationRunner;
  readonly records: RecordStore;
  readonly onBug: (error: unknown) => void;
  readonly onAnswer: ((method: Method, body: unknown) => void) | undefined;
  /** For what is no call: each write is on disk at once. */
  readonly sim: Sim;
  private readonly parts: EngineParts;
  private readonly handlers = new Map<string, Handler>();
  private readonly anonymous = new Set<string>();
  private lastMicrosecond = 0;
  private stopped = false;

  constructor(parts: EngineParts) {
    this.parts = parts;
    this.discovery = parts.discovery;
    this.services = parts.services;
    this.tokens = parts.tokens;
    this.records = parts.records;
    this.onBug = (error) => {
      // What is cut off by the end is done again at the next start, or was never answered.
      if (!this.stopped) parts.onBug(error);
    };
    this.onAnswer = parts.onAnswer;
    for (const service of parts.services) {
      for (const version of service.versions) {
        for (const [id, handler] of Object.entries(service.methods))
          this.handlers.set(`${service.api} ${version} ${id}`, handler);
        for (const id of service.anonymous ?? []) this.anonymous.add(`${service.api} ${version} ${id}`);
      }
    }
    this.runner = new OperationRunner({
      kindOf: (api, kind) => this.operationKind(api, kind),
      duration: (name) => this.duration(name),
      now: parts.now,
      timestamp: () => this.timestamp(),
      id: randomId,
      begin: () => this.begin(),
      onBug: this.onBug,
    });
    const store = autoCommit(parts.records);
    this.sim = this.simOver(store, () => {
      const operations = this.runner.within(store);
      const start: typeof operations.start = (spec) => {
        const operation = operations.start(spec);
        this.runner.schedule([operation.id], store);
        return operation;
      };
      return { ...operations, start };
    });
  }

  handler(api: string, version: string, id: string): Handler | undefined {
    return this.handlers.get(`${api} ${version} ${id}`);
  }

  /** Whether anybody may call it. */
  isAnonymous(api: string, version: string, id: string): boolean {
    return this.anonymous.has(`${api} ${version} ${id}`);
  }

  /** Starts nothing any more. */
  stop(): void {
    this.stopped = true;
    this.runner.stop();
  }

  /**
   * Runs one call. What it wrote is on disk when this resolves, or when the work calls `commit` itself; when it throws, nothing of what
   * was written since is left.
   */
  async transact<T>(work: (sim: Sim, commit: () => void) => T | Promise<T>): Promise<T> {
    const { sim, transaction, started } = this.begin();
    const commit = (): void => {
      transaction.commit();
      this.runner.schedule(started.splice(0), transaction);
    };
    try {
      const value = await work(sim, commit);
      commit();
      return value;
    } catch (error) {
      transaction.rollback();
      throw error;
    }
  }

  /** Who a bearer token stands for; undefined for one that an account signed by itself and that does not hold. */
  bearer(token: string): Bearer | undefined {
    for (const service of this.services) {
      const described = service.describeToken?.(this.sim, token);
      if (described === 'refused') return undefined;
      if (described) return described;
    }
    return this.tokens.describe(token);
  }

  /**
   * Throws 403 SERVICE_DISABLED unless the API may be called for `project` (id or number as sent; undefined: none is named) and, where the
   * client names one to be charged, for that; 403 CONSUMER_INVALID for one that is not there, or waits to be deleted.
   */
  requireEnabledFor(sim: Sim, api: string, project: string | undefined, quotaProject: string | undefined): void {
    const charged = [PROJECTLESS.has(api) ? undefined : project, quotaProject];
    const service = `${api}.googleapis.com`;
    for (const name of charged) {
      if (name === undefined) continue;
      const found = this.lookUpProject(sim, name);
      if (!found || found.deleted) throw consumerInvalid(service, name);
      sim.requireEnabled(found.projectId, service);
    }
  }

  /** Lets the service that holds the projects know that this one is spoken of: it may come into being. */
  meetProject(sim: Sim, project: string | undefined, call: Call, commit: () => void): void {
    const holder = this.services.find((service) => service.noteProject);
    if (project === undefined || !holder) return;
    if (holder.noteProject?.(sim, project, call)) commit();
    holder.useProject?.(sim, project, call);
  }

  private begin(): { sim: Sim; transaction: Transaction; started: string[] } {
    const transaction = this.records.begin();
    const operations = this.runner.within(transaction);
    return { sim: this.simOver(transaction, () => operations), transaction, started: operations.started };
  }

  private simOver(store: Sim['store'], operations: () => Sim['operations']): Sim {
    const { parts } = this;
    const sim: Sim = {
      store,
      operations: operations(),
      runtime: parts.runtime,
      project: parts.project,
      authority: parts.authority,
      tokens: parts.tokens,
      now: parts.now,
      timestamp: () => this.timestamp(),
      id: randomId,
      duration: (name) => this.duration(name),
      port: parts.port,
      findProject: (idOrNumber) => this.findProject(sim, idOrNumber),
      requireEnabled: (projectId, service) => this.requireEnabled(sim, projectId, service),
    };
    return sim;
  }

  private findProject(sim: Sim, idOrNumber: string): { projectId: string; projectNumber: string } {
    const found = this.lookUpProject(sim, idOrNumber);
    if (found) return found;
    throw new GoogleError({
      code: 403,
      status: 'PERMISSION_DENIED',
      message: 'The caller does not have permission',
      reason: 'forbidden',
    });
  }

  private lookUpProject(sim: Sim, idOrNumber: string): ReturnType<NonNullable<Service['findProject']>> {
    const holder = this.services.find((service) => service.findProject);
    if (holder) return holder.findProject?.(sim, idOrNumber);
    const own = this.parts.project;
    return idOrNumber === own.projectId || idOrNumber === own.projectNumber ? own : undefined;
  }

  private requireEnabled(sim: Sim, projectId: string, service: string): void {
    for (const one of this.services) one.checkUsage?.(sim, projectId, service);
    const holder = this.services.find((candidate) => candidate.isEnabled);
    if (!holder || holder.isEnabled?.(sim, projectId, service)) return;
    const api = service.replace(/\.googleapis\.com$/, '');
    const title = this.discovery.has(api) ? (this.discovery.methods(api)[0]?.document.title ?? service) : service;
    throw serviceDisabled(service, title, this.findProject(sim, projectId));
  }

  private operationKind(api: string, kind: string): OperationKind {
    for (const service of this.services) {
      const found = service.api === api ? service.operations?.[kind] : undefined;
      if (found) return found;
    }
    throw new Error(`${api} has no kind of operation called ${kind}`);
  }

  private duration(name: DurationName): number {
    return (USUAL_SECONDS[name] * 1000) / this.parts.speed;
  }

  /** No two alike, so that what is sorted by time keeps its order. */
  private timestamp(): string {
    const microsecond = Math.max(this.parts.now().getTime() * 1000 + randomInt(1000), this.lastMicrosecond + 1);
    this.lastMicrosecond = microsecond;
    const seconds = new Date(Math.floor(microsecond / 1000)).toISOString().slice(0, 19);
    return `${seconds}.${String(microsecond % 1_000_000).padStart(6, '0')}Z`;
  }
}

function randomId(length: number): string {
  return randomBytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length);
}
