import { AccessError, type ErrorFacts, UserError } from '../errors.ts';
import { factsOf } from './error-facts.ts';
import { type GoogleFailure, httpStatusOf, isDuplicate, readStatus, rpcStatusOf } from './failure.ts';

/** Google refused. `failure` holds what it said. */
export class GoogleError extends UserError {
  override readonly name = 'GoogleError';
  readonly failure: GoogleFailure;
  constructor(facts: ErrorFacts, failure: GoogleFailure) {
    super(facts);
    this.failure = failure;
  }
}

/** Google refused because of who asks: exit status 3. */
export class GoogleAccessError extends AccessError {
  readonly failure: GoogleFailure;
  constructor(facts: ErrorFacts, failure: GoogleFailure) {
    super(facts);
    this.failure = failure;
  }
}

/** The one place where a refusal of Google becomes an error for people. */
export function errorFor(
  failure: GoogleFailure,
  options: { tokenGiven?: boolean; cause?: unknown } = {},
): GoogleError | GoogleAccessError {
  const { access, ...facts } = factsOf(failure, options.tokenGiven === true);
  const withCause = options.cause === undefined ? facts : { ...facts, cause: options.cause };
  return access ? new GoogleAccessError(withCause, failure) : new GoogleError(withCause, failure);
}

/** The error of a long operation, whose answer had status 200. `code` is a google.rpc.Code number; `reason` is Cloud SQL's kind of code. */
export function operationError(facts: {
  what: string;
  project?: string | undefined;
  code?: number | null | undefined;
  reason?: string | undefined;
  message: string;
  details?: unknown[] | null | undefined;
}): UserError {
  const rpcStatus = facts.code == null ? 'UNKNOWN' : rpcStatusOf(facts.code);
  const failure: GoogleFailure = {
    status: httpStatusOf(rpcStatus),
    rpcStatus,
    reasons: facts.reason === undefined ? [] : [facts.reason],
    metadata: {},
    violations: [],
    message: facts.message,
    method: 'operation',
    url: facts.project === undefined ? '' : `operation://projects/${facts.project}`,
  };
  readStatus({ status: rpcStatus, message: facts.message, details: facts.details ?? [] }, failure);
  const mapped = factsOf(failure, false);
  // A refusal with a remedy of its own keeps it; everything else is told as what was being done.
  const isGeneral = ['GOOGLE_REFUSED', 'GOOGLE_UNAVAILABLE', 'NOT_FOUND', 'CONFLICT'].includes(mapped.code);
  const told = isGeneral
    ? {
        code: 'OPERATION_FAILED',
        message: `Google Cloud gave up ${facts.what}: ${facts.message || rpcStatus}${facts.reason ? ` (${facts.reason})` : ''}`,
        hint: mapped.hint,
      }
    : mapped;
  return mapped.access ? new GoogleAccessError(told, failure) : new GoogleError(told, failure);
}

/** What Google said, where this error, or what caused it, is a refusal of Google. */
export function failureOf(error: unknown): GoogleFailure | undefined {
  const own = ownError(error);
  return own instanceof GoogleError || own instanceof GoogleAccessError ? own.failure : undefined;
}

/** Our error inside of what a client library wrapped around it, or undefined. */
export function ownError(error: unknown): UserError | undefined {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; current = current.cause, depth++) {
    if (current instanceof UserError) return current;
  }
  return undefined;
}

export function isNotFound(error: unknown): boolean {
  return failureOf(error)?.status === 404;
}

/** Something of this name is there already. */
export function isAlreadyExists(error: unknown): boolean {
  const failure = failureOf(error);
  return failure !== undefined && isDuplicate(failure);
}

/** 409 of any kind. */
export function isConflict(error: unknown): boolean {
  return failureOf(error)?.status === 409;
}

/** Somebody changed it since it was read (gRPC ABORTED). */
export function isAborted(error: unknown): boolean {
  return failureOf(error)?.rpcStatus === 'ABORTED';
}

/** An etag, generation or fingerprint did not match (412). */
export function isPreconditionFailed(error: unknown): boolean {
  return failureOf(error)?.status === 412;
}

/**
 * 403 for want of a permission; with names, only for want of one of these, or where Google does not say which. Older reasons such
 * as `notAuthorized` count as names too. A service that is off, billing and quotas are other kinds of 403.
 */
export function isPermissionDenied(error: unknown, ...names: string[]): boolean {
  const failure = failureOf(error);
  if (failure?.status !== 403) return false;
  const unnamed = ['IAM_PERMISSION_DENIED', 'forbidden', 'notAuthorized'];
  const permission = failure.metadata['permission'];
  const isAboutAccess = failure.reasons.every((reason) => unnamed.includes(reason)) || permission !== undefined;
  if (names.length === 0 || !isAboutAccess) return isAboutAccess;
  return permission === undefined || names.includes(permission);
}

/** The API is not enabled in the project. */
export function isServiceDisabled(error: unknown): boolean {
  return failureOf(error)?.reasons.some((reason) => reason === 'SERVICE_DISABLED' || reason === 'accessNotConfigured') === true;
}

/** Services of the project are being enabled or disabled by somebody else right now: the same call works a little later. */
export function isServiceBeingChanged(error: unknown): boolean {
  const failure = failureOf(error);
  return (
    failure?.rpcStatus === 'FAILED_PRECONDITION' &&
    new URL(failure.url).hostname === 'serviceusage.googleapis.com' &&
    failure.violations.length === 0
  );
}

/** Cloud SQL is busy with another operation on the instance. */
export function isOperationInProgress(error: unknown): boolean {
  const failure = failureOf(error);
  return failure?.status === 409 && failure.reasons.includes('operationInProgress');
}

/**
 * A policy was refused because it names an account that this part of Google has not heard of yet: minutes can go by after an account
 * was made. The answer is a plain 400 without a reason of its own (Cloud Storage: `invalid`); what sets it apart from a wrong role or
 * a broken policy is that it names the account, so the account's own email is looked for, and none of Google's words.
 * https://docs.cloud.google.com/iam/docs/access-change-propagation
 */
export function isUnknownMember(error: unknown, members: string[]): boolean {
  const failure = failureOf(error);
  if (failure?.status !== 400) return false;
  // Whoever comes from outside is named by a pool, which may be as new.
  const pool = /projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+/;
  const emails = members.map((member) => pool.exec(member)?.[0] ?? member.slice(member.indexOf(':') + 1));
  return (
    emails.some((email) => failure.message.includes(email)) ||
    (failure.url.endsWith('/iam') && failure.reasons.includes('invalid'))
  );
}
