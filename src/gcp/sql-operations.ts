import { isOperationInProgress, operationError } from './errors.ts';
import type { Google } from './google.ts';
import type { WaitOptions } from './operations.ts';
import { poll, retry } from './retry.ts';

/** Cloud SQL's own kind of operation: neither shape nor errors are those of google.longrunning. */
export interface SqlOperation {
  name?: string | null;
  /** PENDING, RUNNING, DONE */
  status?: string | null;
  operationType?: string | null;
  /** Set in an answer with status 200. */
  error?: { errors?: Array<{ code?: string | null; message?: string | null }> | null } | null;
}

/** An instance that is being made or backed up keeps others waiting for this long at most. */
const BUSY_TIMEOUT_MS = 30 * 60_000;

/**
 * Waits until the operation is done. Its error becomes a thrown one, with `code` of the operation as the reason.
 * https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/operations
 */
export async function waitSqlOperation(
  google: Google,
  args: { project: string; started: SqlOperation; what: string } & WaitOptions,
): Promise<void> {
  const api = await google.apis.sqladmin();
  const start = google.clock.now();
  let operation = args.started;
  let first = true;
  await poll(google, {
    what: args.what,
    timeoutMs: args.timeoutMs ?? 15 * 60_000,
    async attempt() {
      if (!first)
        operation = (await api.operations.get({ project: args.project, operation: args.started.name ?? '' }))
          .data as SqlOperation;
      first = false;
      if (operation.status === 'DONE') return operation;
      args.onPoll?.({ elapsedMs: google.clock.now() - start, metadata: { operationType: operation.operationType } });
      return undefined;
    },
  });
  const failure = operation.error?.errors?.[0];
  if (failure)
    throw operationError({
      what: args.what,
      project: args.project,
      reason: failure.code ?? undefined,
      message: failure.message ?? '',
    });
}

/**
 * What Google said of the newest operation on the instance that failed, or undefined: the instance itself says only that it is FAILED.
 * https://docs.cloud.google.com/sql/docs/postgres/admin-api/rest/v1/operations/list
 */
export async function lastFailure(google: Google, args: { project: string; instance: string }): Promise<string | undefined> {
  const api = await google.apis.sqladmin();
  // The newest stand first.
  const { data } = await api.operations.list({ project: args.project, instance: args.instance, maxResults: 20 });
  const failures = ((data.items ?? []) as SqlOperation[]).map(({ error }) => error?.errors?.[0]?.message);
  return failures.find((message) => Boolean(message)) ?? undefined;
}

/**
 * Starts a change of an instance, or of a database or user in it, and waits for it. Google runs one operation an instance at a
 * time and answers 409 to the next; ours wait for each other here, those of others are waited for by asking again.
 */
export function changeInstance(
  google: Google,
  args: { project: string; instance: string } & WaitOptions,
  what: string,
  start: () => Promise<unknown>,
): Promise<void> {
  return google.serialise(`sql:${args.project}:${args.instance}`, async () => {
    const started = await retry(google, start, { when: isOperationInProgress, timeoutMs: BUSY_TIMEOUT_MS });
    await waitSqlOperation(google, { ...args, started: started as SqlOperation, what });
  });
}
