import type { Google } from './google.ts';

/** Time and chance, handed in so that waits can be counted. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Between 0 and 1. */
  random(): number;
}

export interface RetryOptions {
  /** Whether to try again after this error. Default {@link isTransient}. */
  when?: (error: unknown) => boolean;
  /** From the first attempt to the last; then the last error is thrown. Default two minutes. */
  timeoutMs?: number;
  /** Upper limit of the first wait; it doubles from there. Default 100 ms. */
  firstMs?: number;
  /** Upper limit of every wait. Default 10 s. */
  maxMs?: number;
}
