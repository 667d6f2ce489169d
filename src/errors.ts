/** What a person needs to get on: every error of ours carries it. */
export interface ErrorFacts {
  /** Stable name in SCREAMING_SNAKE_CASE, for scripts and for the documentation. */
  code: string;
  /** What happened and where: project, region, resource, file or flag by name. */
  message: string;
  /** The next thing to do, if possible a command to paste. */
  hint: string;
  /** A page that explains more. */
  docs?: string;
  cause?: unknown;
}

/** 1 failed · 2 wrong usage or a missing answer · 3 not signed in or a permission is missing · 130 interrupted. */
export type ExitStatus = 1 | 2 | 3 | 130;

/** The one error that users see. It cannot be made without a hint. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly code: string;
  readonly hint: string;
  readonly docs: string | undefined;
  readonly exitStatus: ExitStatus;

  constructor(facts: ErrorFacts, exitStatus: ExitStatus = 1) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.hint = facts.hint;
    this.docs = facts.docs;
    this.exitStatus = exitStatus;
  }
}

/** A flag, a value or an answer is wrong or missing: exit status 2. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';
  constructor(facts: ErrorFacts) {
    super(facts, 2);
  }
}

/** Nobody is signed in, or who is signed in may not do this: exit status 3. */
export class AccessError extends UserError {
  override readonly name = 'AccessError';
  constructor(facts: ErrorFacts) {
    super(facts, 3);
  }
}

/** Ctrl-C: exit status 130. */
export class InterruptedError extends UserError {
  override readonly name = 'InterruptedError';
  constructor(facts: Omit<ErrorFacts, 'code'>) {
    super({ code: 'INTERRUPTED', ...facts }, 130);
  }
}

/** A state that the program itself should have made impossible. */
export class BugError extends Error {
  override readonly name = 'BugError';
}
