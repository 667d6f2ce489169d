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

/**
 * Runs `work` again, after waits that grow and are jittered, as long as `when` says so and time is left; throws the last error. The
 * door already repeats single requests that can be repeated; this is for steps that must start from an earlier point.
 */
export declare function retry<T>(google: Google, work: () => Promise<T>, options?: RetryOptions): Promise<T>;
/** Asks at growing intervals until `attempt` gives a value; TIMED_OUT with `what` after `timeoutMs`. */
export declare function poll<T>(google: Google, options: { what: string; attempt: () => Promise<T | undefined>; timeoutMs: number; firstMs?: number; maxMs?: number }): Promise<T>;
/** Creates what may be there already, or may have been made by a call whose answer was lost: then it is looked up. `created` is false where it was there before. */
export declare function createOrGet<T>(google: Google, options: { create: () => Promise<T | undefined>; get: () => Promise<T | undefined>; first?: 'get' | 'create' }): Promise<{ value: T; created: boolean }>;
/** Runs the first calls to a service that was enabled a moment ago: SERVICE_DISABLED is asked again for up to ten minutes. */
export declare function untilServiceUsable<T>(google: Google, work: () => Promise<T>): Promise<T>;
/** For `changePolicy`'s `alsoRetry` and others: whether this is the 400 that a policy gives for a service account that it has not heard of yet. */
export declare function isUnknownIdentity(error: unknown): boolean;
/** Network trouble and the statuses that pass by themselves: 408, 429, 5xx, gRPC 4/8/10/14, 403 for rates. */
export declare function isTransient(error: unknown): boolean;
