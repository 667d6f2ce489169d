import type { Google } from './google.ts';

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

/** Waits until the operation is done and returns it; its error becomes a thrown one. An operation that is done already is not asked about. */
export declare function pollOperation(google: Google, args: { what: string; started: LongOperation; read: (name: string) => Promise<LongOperation> } & WaitOptions): Promise<LongOperation>;
