import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

const RESTART_MS = [100, 500, 2_000, 10_000];
// One that ends sooner than this is likely to do so again.
const SHORT_LIFE_MS = 10_000;

interface Options<S> {
  /** What it is called in the log: `PostgreSQL of PROJECT:REGION:NAME`. */
  title: string;
  /** Starts it again where it ran last, with the settings of now. */
  start(last: S): Promise<S>;
  end(child: ChildProcess): Promise<void>;
  /** A line for the background process's log. */
  note(line: string): void;
}

/** A server that is started again when it ends by itself, at once or, where it does not live long, after a while. */
export interface KeptServer<S> {
  /** As it runs now, or ran last. */
  readonly current: S;
  /** Resolves when it is not being started again. */
  settled(): Promise<void>;
  /** Ends it and starts it with the settings of now. Rejects where it does not come up; then it stays ended. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps a server that has been started running, until it is stopped. */
export function keepRunning<S extends { child: ChildProcess }>(first: S, options: Options<S>): KeptServer<S> {
  const state = { current: first, stopping: false, restarting: Promise.resolve() };

  const watch = (): void => {
    const { child } = state.current;
    const since = Date.now();
    child.once('exit', () => {
      if (!state.stopping && child === state.current.child) state.restarting = again(Date.now() - since < SHORT_LIFE_MS ? 1 : 0);
    });
  };
  const again = async (failures: number): Promise<void> => {
    options.note(`${options.title} has ended by itself and is started again.`);
    await delay(RESTART_MS[Math.min(failures, RESTART_MS.length - 1)]);
    if (state.stopping) return;
    try {
      state.current = await options.start(state.current);
    } catch (error) {
      options.note(error instanceof Error ? error.message : String(error));
      return again(failures + 1);
    }
    watch();
  };
  const stop = async (): Promise<void> => {
    state.stopping = true;
    await state.restarting;
    await options.end(state.current.child);
  };

  watch();
  return {
    get current() {
      return state.current;
    },
    settled: () => state.restarting,
    async restart() {
      await stop();
      state.current = await options.start(state.current);
      state.stopping = false;
      watch();
    },
    stop,
  };
}
