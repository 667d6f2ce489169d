import type { UserError } from '../errors.ts';
/** What Google said, beside the words: what predicates and repeats go by. */
export interface GoogleFailure {
  /** HTTP status; 0 where no answer came. */
  status: number;
  /** google.rpc.Code name, such as NOT_FOUND. */
  rpcStatus: string;
  /** ErrorInfo.reason, or the older APIs' errors[].reason: SERVICE_DISABLED, IAM_PERMISSION_DENIED, notAuthorized. */
  reasons: string[];
  /** ErrorInfo.metadata. */
  metadata: Record<string, string>;
}
export declare function isNotFound(error: unknown): boolean;
export declare function isAlreadyExists(error: unknown): boolean;
export declare function isConflict(error: unknown): boolean;
export declare function isAborted(error: unknown): boolean;
export declare function isPreconditionFailed(error: unknown): boolean;
/** 403 for want of a permission; with names, only for one of these permissions (or older reasons). */
export declare function isPermissionDenied(error: unknown, ...permissions: string[]): boolean;
export declare function isServiceDisabled(error: unknown): boolean;
export declare function isServiceBeingChanged(error: unknown): boolean;
export declare function isOperationInProgress(error: unknown): boolean;
export declare function operationError(facts: { what: string; project?: string; code?: number; reason?: string | undefined; message: string; details?: unknown[] }): UserError;
