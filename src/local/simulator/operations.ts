import type { DurationName } from '../../durations.ts';
import type { GoogleErrorFacts, Json, JsonObject, Operation, OperationKind, Operations, Sim, Store } from './service.ts';
import { GoogleError } from './service.ts';
import type { Transaction } from './store.ts';

export const OPERATIONS_KIND = 'kernel.operations';

interface Stored extends Operation {
  /** ISO time when it is due. */
  due: string;
}

export interface OperationsEnvironment {
  kindOf(api: string, kind: string): OperationKind;
  duration(name: DurationName): number;
  now(): Date;
  timestamp(): string;
  id(length: number): string;
  /** Runs work in a transaction of its own. */
  begin(): { sim: Sim; transaction: Transaction };
  /** Told of an error that no service meant. */
  onBug(error: unknown): void;
}

/** Runs every service's long operations, in this process and over its restarts. */
export class OperationRunner {
  private readonly environment: OperationsEnvironment;
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private readonly waiting = new Map<string, Set<() => void>>();
  private stopped = false;

  constructor(environment: OperationsEnvironment) {
    this.environment = environment;
  }

  /** What one call sees. What it starts begins to run with {@link schedule}, once its transaction is on disk. */
  within(store: Store): Operations & { started: string[] } {
    const started: string[] = [];
    return {
      started,
      start: (spec) => {
        const operation = this.create(spec);
        store.put(OPERATIONS_KIND, operation.id, operation);
        started.push(operation.id);
        return operation;
      },
      get: (id) => store.get<Operation>(OPERATIONS_KIND, id),
      list: (api) => store.list<Operation>(OPERATIONS_KIND).flatMap(({ value }) => (value.api === api ? [value] : [])),
      update: (id, data) => {
        const operation = store.get<Stored>(OPERATIONS_KIND, id);
        if (operation) store.put(OPERATIONS_KIND, id, { ...operation, data: { ...operation.data, ...data } });
      },
      delete: (id) => store.delete(OPERATIONS_KIND, id),
      wait: (id, ms) => this.wait(id, ms, store),
    };
  }

  private create(spec: { api: string; kind: string; data: JsonObject; principal: string }): Stored {
    const { environment } = this;
    const wait = environment.duration(environment.kindOf(spec.api, spec.kind).usual);
    return {
      ...spec,
      id: environment.id(32),
      startTime: environment.timestamp(),
      due: new Date(environment.now().getTime() + wait).toISOString(),
      done: false,
    };
  }

  /** Starts the clocks of these. */
  schedule(ids: string[], store: Store): void {
    for (const id of ids) {
      const operation = store.get<Stored>(OPERATIONS_KIND, id);
      if (!operation || operation.done || this.stopped || this.timers.has(id)) continue;
      const wait = Math.max(0, Date.parse(operation.due) - this.environment.now().getTime());
      this.timers.set(
        id,
        setTimeout(() => this.launch(id), Math.min(wait, 2 ** 31 - 1)),
      );
    }
  }

  /** After a start: those that the last process left behind. */
  resume(store: Store): void {
    this.schedule(
      store.list(OPERATIONS_KIND).map(({ key }) => key),
      store,
    );
  }

  private launch(id: string): void {
    this.timers.delete(id);
    const work = this.run(id).finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async run(id: string): Promise<void> {
    const { sim, transaction } = this.environment.begin();
    const operation = transaction.get<Stored>(OPERATIONS_KIND, id);
    if (!operation || operation.done) return;
    let end: { response?: Json } | { error: GoogleErrorFacts };
    try {
      const commit = (): void => {
        // What comes after the end finds no file to write to; it is done again at the next start.
        if (!this.stopped) transaction.commit();
      };
      const response = await this.environment.kindOf(operation.api, operation.kind).finish(operation, sim, commit);
      end = response === undefined ? {} : { response: JSON.parse(JSON.stringify(response)) as Json };
    } catch (error) {
      if (!(error instanceof GoogleError)) {
        transaction.rollback();
        // A runtime that is being shut down fails what it was doing: the next start does it again.
        if (this.stopped) return;
        this.environment.onBug(error);
      }
      end = {
        error:
          error instanceof GoogleError
            ? error.facts
            : { code: 500, status: 'INTERNAL', message: `Internal error: ${String(error)}` },
      };
    }
    const latest = transaction.get<Stored>(OPERATIONS_KIND, id);
    // The end came, or everything was emptied meanwhile.
    if (this.stopped || !latest) {
      transaction.rollback();
      return;
    }
    transaction.put(OPERATIONS_KIND, id, { ...latest, ...end, done: true, endTime: this.environment.timestamp() });
    transaction.commit();
    for (const wake of this.waiting.get(id) ?? []) wake();
    this.waiting.delete(id);
  }

  private async wait(id: string, ms: number, store: Store): Promise<Operation> {
    const known = store.get<Operation>(OPERATIONS_KIND, id);
    if (!known) throw new GoogleError({ code: 404, message: 'Operation not found.' });
    if (known.done || ms <= 0 || this.stopped) return known;
    const wakers = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, wakers);
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(ms, 2 ** 31 - 1));
      wakers.add(wake);
    });
    return store.get<Operation>(OPERATIONS_KIND, id) ?? known;
  }

  /** Forgets all that is waiting to run: everything is being emptied. */
  forget(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.wakeAll();
  }

  /** Starts nothing any more. Those that are running now run again at the next start. */
  stop(): void {
    this.stopped = true;
    this.forget();
  }

  private wakeAll(): void {
    for (const wakers of this.waiting.values()) for (const wake of [...wakers]) wake();
    this.waiting.clear();
  }
}
