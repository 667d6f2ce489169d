import { failedPrecondition } from './refusals.ts';

/**
 * Whether an etag says which version of a resource its sender has read. One of eight bytes that does not start like ours (IAM's
 * start with a seven, Secret Manager's are quoted) was given out by something else: such a one says nothing about our resource,
 * and is treated like none. All others count, so that an etag that is merely old, or mistyped, is refused.
 */
export function namesVersion(etag: string): boolean {
  if (!/^[A-Za-z0-9+/]{11}=$/.test(etag)) return true;
  return Buffer.from(etag, 'base64')[0] === 7;
}

/** Refuses a change that was made to an older version. Nothing sent is no condition. @throws GoogleError 400 FAILED_PRECONDITION */
export function checkEtag(sent: unknown, current: string): void {
  if (typeof sent !== 'string' || sent === '' || sent === current || !namesVersion(sent)) return;
  throw failedPrecondition(`The etag provided [${sent}] does not match the current etag [${current}].`);
}
