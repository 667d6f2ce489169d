import { setTimeout as delay } from 'node:timers/promises';
import { InterruptedError, UserError } from '../errors.ts';
import { failureOf, isAlreadyExists, isPermissionDenied } from './errors.ts';
import type { GoogleFailure } from './failure.ts';

/** Time and chance, handed in so that waits can be counted. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; rejects as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Between 0 and 1. */
  random(): number;
}

/** What waits need; a {@link Google} has it. */
export interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  random: () => Math.random(),
};

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

/** Statuses that pass by themselves. */
const TRANSIENT_STATUSES = [408, 429, 500, 502, 503, 504];
/** 403s that are about rates, and the older APIs' names for them. */
const RATE_REASONS = [
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'RATE_LIMIT_EXCEEDED',
  'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED',
];
/** Connections that broke: the request may or may not have taken effect. */
const BROKEN_CONNECTION = [
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'REQUEST_TIMEOUT',
];

/** Whether Google turned the request away unread, for its rate: it can be sent again whatever its method. */
export function isRateLimited(failure: GoogleFailure): boolean {
  return failure.status === 429 || failure.reasons.some((reason) => RATE_REASONS.includes(reason));
}

/** Network trouble and the statuses that pass by themselves: 408, 429, 5xx, and 403 for rates. gRPC's codes come with these statuses. */
export function isTransientFailure(failure: GoogleFailure): boolean {
  if (isRateLimited(failure) || TRANSIENT_STATUSES.includes(failure.status)) return true;
  return failure.status === 0 && failure.reasons.some((code) => BROKEN_CONNECTION.includes(code) || code === 'EAI_AGAIN');
}

/** Whether the same may work a little later. */
export function isTransient(error: unknown): boolean {
  const failure = failureOf(error);
  return failure !== undefined && isTransientFailure(failure);
}

/**
 * How long to wait after the attempt of this number (from 0): exponential with full jitter, and no shorter than Google asked for.
 * https://docs.cloud.google.com/storage/docs/retry-strategy#exponential-backoff
 */
export function backoff(
  attempt: number,
  options: { firstMs: number; maxMs: number; random: number; retryAfterMs?: number | undefined },
): number {
  const limit = Math.min(options.maxMs, options.firstMs * 2 ** attempt);
  return Math.max(options.random * limit, options.retryAfterMs ?? 0);
}

/**
 * Runs `work` again, after waits that grow and are jittered, as long as `when` says so and time is left; throws the last error. The
 * transport already repeats single requests that can be repeated; this is for steps that must start from an earlier point.
 */
export async function retry<T>(google: Waiting, work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { when = isTransient, timeoutMs = 120_000, firstMs = 100, maxMs = 10_000 } = options;
  const end = google.clock.now() + timeoutMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const wait = backoff(attempt, {
        firstMs,
        maxMs,
        random: google.clock.random(),
        retryAfterMs: failureOf(error)?.retryAfterMs,
      });
      if (google.signal.aborted || !when(error) || google.clock.now() + wait > end) throw error;
      await pause(google, wait);
    }
  }
}

/** By so much of its length a wait may be too long: a wait of ten minutes then asks some 300 times. */
const WAITED_PART = 0.02;

/**
 * Asks until `attempt` gives a value. The first looks are close together and the waits then grow with the time gone by, so that
 * something that takes a second is not waited for much longer and something that takes minutes is not asked for much. Trouble that
 * passes does not end the wait. Throws TIMED_OUT after `timeoutMs`.
 */
export async function poll<T>(
  google: Waiting,
  options: { what: string; attempt: () => Promise<T | undefined>; timeoutMs: number; firstMs?: number; maxMs?: number },
): Promise<T> {
  const { firstMs = 10, maxMs = 5_000 } = options;
  const start = google.clock.now();
  for (;;) {
    const found = await unlessTransient(options.attempt);
    if (found !== undefined) return found;
    const elapsed = google.clock.now() - start;
    if (elapsed >= options.timeoutMs) throw timedOut(options.what, options.timeoutMs);
    await pause(google, Math.min(maxMs, Math.max(firstMs, elapsed * WAITED_PART)));
  }
}

/** What was made or found. */
export interface Made<T> {
  value: T;
  /** False where it was there before. */
  created: boolean;
  /** False where `created` is a guess: a call was answered by nothing of use, and then the thing was there, as it may have been before. */
  certain: boolean;
}

/**
 * Creates what may be there already, or may have been made by a call whose answer was lost: then it is looked up, and made again
 * only if it is missing. Whether it is the caller's own has to be seen from its labels.
 * `first: 'get'` looks before the first attempt. `duplicate: 'any refusal'` is for what tells of a duplicate in no way to go by.
 */
export async function createOrGet<T>(
  google: Waiting,
  options: { create: () => Promise<T | undefined>; get: () => Promise<T | undefined>; first?: 'get'; duplicate?: 'any refusal' },
): Promise<Made<T>> {
  const before = options.first === 'get' ? await options.get() : undefined;
  if (before !== undefined) return { value: before, created: false, certain: true };
  let lost = false;
  return retry(google, async () => {
    try {
      const made = await options.create();
      const value = made ?? (await options.get());
      if (value === undefined) throw new LostError();
      return { value, created: true, certain: true };
    } catch (error) {
      const ambiguous = isTransient(error);
      // Google asks whether one may make a thing before it looks whether it is there: who may only change it is refused too.
      if (isPermissionDenied(error)) return { value: await thereOr(options.get, error), created: lost, certain: !lost };
      // After a lost answer any refusal may be the duplicate, and so it may where another run was faster: Cloud SQL tells of one by
      // words alone.
      if (!ambiguous && !lost && options.duplicate === undefined && !isAlreadyExists(error)) throw error;
      const found = await options.get();
      // A duplicate that we met after an answer of ours was lost is likely to be our own.
      const guessed = ambiguous || lost;
      if (found !== undefined) return { value: found, created: guessed, certain: !guessed };
      lost ||= ambiguous;
      throw error;
    }
  });
}

/** What is there; throws `refusal` where nothing is, or where it cannot be seen. */
async function thereOr<T>(get: () => Promise<T | undefined>, refusal: unknown): Promise<T> {
  const found = await get().catch((error: unknown) => {
    if (isPermissionDenied(error)) return undefined;
    throw error;
  });
  if (found === undefined) throw refusal;
  return found;
}

/** Sleeps, or throws what the interruption was. */
export async function pause(google: Waiting, ms: number): Promise<void> {
  try {
    await google.clock.sleep(ms, google.signal);
  } catch (error) {
    throw google.signal.aborted ? interruption(google.signal) : error;
  }
}

/** The error for an aborted signal: what it was aborted with, where that says more than that it was. */
export function interruption(signal: AbortSignal): Error {
  if (signal.reason instanceof Error && signal.reason.name !== 'AbortError') return signal.reason;
  return new InterruptedError({ message: 'Interrupted.', hint: 'Run the same command again: it goes on from what is there.' });
}

async function unlessTransient<T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    if (isTransient(error)) return undefined;
    throw error;
  }
}

function timedOut(what: string, timeoutMs: number): UserError {
  return new UserError({
    code: 'TIMED_OUT',
    message: `Waited ${Math.round(timeoutMs / 60_000)} minutes for ${what}, and it is not done.`,
    hint: 'It may still come: run the same command again, it goes on from what is there.',
  });
}

/** Made, and yet not to be found. */
class LostError extends UserError {
  constructor() {
    super({
      code: 'CREATED_AND_GONE',
      message: 'Google Cloud made a resource that is not there a moment later.',
      hint: 'Run the same command again.',
    });
  }
}
