import { operationError } from './errors.ts';
import type { Google } from './google.ts';
import { poll } from './retry.ts';

export interface WaitOptions {
  /** Called after each look that found the operation still running, with what Google says of its progress, if anything. */
  onPoll?: (progress: { elapsedMs: number; metadata: unknown }) => void;
  /** Default 15 minutes. */
  timeoutMs?: number;
}

/** google.longrunning.Operation, which most services answer with. */
export interface LongOperation {
  name?: string | null;
  done?: boolean | null;
  metadata?: unknown;
  response?: unknown;
  error?: OperationFailure | null;
}
export interface OperationFailure {
  /** google.rpc.Code: 5 is NOT_FOUND. */
  code?: number | null;
  message?: string | null;
  details?: unknown[] | null;
}

const DEFAULT_TIMEOUT_MS = 15 * 60_000;

/**
 * Waits until the operation is done and returns it; the error in it, which comes with status 200, becomes a thrown one. An operation
 * that is done already is not asked about (Service Usage answers with one that cannot be: `operations/noop.DONE_OPERATION`).
 * https://docs.cloud.google.com/apis/design/design_patterns#long_running_operations
 */
export async function pollOperation(
  google: Google,
  args: { what: string; started: LongOperation; read: (name: string) => Promise<LongOperation> } & WaitOptions,
): Promise<LongOperation> {
  const start = google.clock.now();
  const name = args.started.name ?? '';
  let latest: LongOperation | undefined = args.started;
  const operation = await poll(google, {
    what: args.what,
    timeoutMs: args.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    async attempt() {
      const seen = latest ?? (await args.read(name));
      latest = undefined;
      if (seen.done === true) return seen;
      args.onPoll?.({ elapsedMs: google.clock.now() - start, metadata: seen.metadata });
      return undefined;
    },
  });
  if (operation.error) {
    const { code, message, details } = operation.error;
    throw operationError({ what: args.what, code, message: message ?? '', details });
  }
  return operation;
}
