import type { CallOptions } from 'google-gax';
import { ownError } from './errors.ts';

/** The transport repeats and limits; gax must not give up in the midst of it. */
export const ONCE: CallOptions = { retry: null, timeout: 180_000 };

/** The first part of what a gax client answers; our own error out of what gax made of it. */
export async function answerOf<T>(call: Promise<readonly [T, ...unknown[]]>): Promise<T> {
  try {
    return (await call)[0];
  } catch (error) {
    throw ownError(error) ?? error;
  }
}
