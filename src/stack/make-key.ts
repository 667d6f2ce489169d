import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../errors.ts';
import type { Google } from '../gcp/google.ts';
import { isTransient, retry } from '../gcp/retry.ts';
import { createKey, deleteKey, listKeys, type ServiceAccountKey } from '../gcp/service-account-keys.ts';
import { getServiceAccount, type ServiceAccountArgs } from '../gcp/service-accounts.ts';
import { readKeyFile, writeKeyFile } from '../project/key-file.ts';
import { awaitOtherRun, beginJournal, endJournal, type KeyJournal, readJournal } from '../project/key-journal.ts';

/** A key may take as long until all of Google knows of it. https://docs.cloud.google.com/iam/docs/access-change-propagation */
const SPREADS_MS = 5 * 60_000;

/** How it stands with the key of an account on this machine. */
export interface KeyState {
  /**
   * none: the account has no key · works: the file's is one of the account's · gone: the file's is not · lost: the account has keys, and the file
   * is not there · unfinished: a run ended while it was making one.
   */
  kind: 'none' | 'works' | 'gone' | 'lost' | 'unfinished';
  /** The file's key, where there is one. */
  id?: string;
  disabled?: boolean;
  keys: ServiceAccountKey[];
}

/** Looks at file and account. Throws KEY_FILE_TAKEN where the file is of another kind or another account. `mine`: the journal is this run's. */
export async function readKeyState(google: Google, args: ServiceAccountArgs, file: string, mine = false): Promise<KeyState> {
  const [found, journal] = [await readKeyFile(file), mine ? undefined : await readJournal(file)];
  if (found !== undefined && found.email !== args.email) throw otherAccount(file, found.email, args.email);
  // Of an account that is not there Google may say that its keys may not be listed.
  if ((await getServiceAccount(google, args)) === undefined)
    return found === undefined ? { kind: 'none', keys: [] } : { kind: 'gone', id: found.id, keys: [] };
  const now = google.clock.now();
  const keys = (await listKeys(google, args)).filter(({ validBefore }) => !(Date.parse(validBefore) <= now));
  if (journal !== undefined) return { kind: 'unfinished', keys, ...(found && { id: found.id }) };
  if (found === undefined) return { kind: keys.length === 0 ? 'none' : 'lost', keys };
  const own = keys.find(({ id }) => id === found.id);
  const known = own !== undefined || now - found.writtenAt < SPREADS_MS;
  return { kind: known ? 'works' : 'gone', id: found.id, keys, ...(own?.disabled && { disabled: true }) };
}

/**
 * Sees to it that the file holds a key that works: makes one where there is none, and, with `renew`, a new one in any case, whose
 * predecessors are deleted once it is in its file. What a killed run left undone is made good first. Returns whether a key was made.
 */
export async function ensureKey(
  google: Google,
  args: ServiceAccountArgs,
  { file, renew }: { file: string; renew: boolean },
): Promise<boolean> {
  for (;;) {
    await awaitOtherRun(file, google.signal);
    await makeGood(google, args, file);
    const state = await readKeyState(google, args, file);
    if (!renew && (state.kind === 'works' || state.kind === 'lost')) return false;
    const drop = state.id !== undefined ? [state.id] : renew ? state.keys.map(({ id }) => id) : [];
    const journal: KeyJournal = { pid: process.pid, before: state.keys.map(({ id }) => id), drop };
    // Another run that begins at the same moment is waited for.
    if (!(await beginJournal(file, journal))) continue;
    // It may have ended between the look and the journal.
    if (!isDeepStrictEqual(await readKeyState(google, args, file, true), state)) {
      await endJournal(file);
      continue;
    }
    await makeKey(google, args, file, journal);
    return true;
  }
}

async function makeKey(google: Google, args: ServiceAccountArgs, file: string, journal: KeyJournal): Promise<void> {
  let text: string;
  try {
    text = await retry(google, async () => {
      try {
        return await createKey(google, args);
      } catch (error) {
        // A key whose answer was lost is held by nobody: it goes before another is made.
        if (isTransient(error)) await dropUnknown(google, args, journal);
        throw error;
      }
    });
  } catch (error) {
    if (!isTransient(error) && !google.signal.aborted) await endJournal(file);
    throw forbidden(error);
  }
  await writeKeyFile(file, text);
  for (const id of journal.drop) await deleteKey(google, { ...args, id });
  await endJournal(file);
}

/** Ends what a run began that was killed: a key that never got into a file goes, and so do those that the new one replaced. */
async function makeGood(google: Google, args: ServiceAccountArgs, file: string): Promise<void> {
  const journal = await readJournal(file);
  if (journal === undefined) return endJournal(file);
  const held = (await readKeyFile(file))?.id;
  const keys = await listKeys(google, args);
  // Another run that makes it good at the same time may have gone on to a key of its own.
  if ((await readJournal(file))?.pid !== journal.pid) return;
  for (const { id } of keys) if (id !== held && !journal.before.includes(id)) await deleteKey(google, { ...args, id });
  const written = held !== undefined && !journal.before.includes(held);
  if (written) for (const id of journal.drop) await deleteKey(google, { ...args, id });
  if ((await readJournal(file))?.pid === journal.pid) await endJournal(file);
}

async function dropUnknown(google: Google, args: ServiceAccountArgs, { before }: KeyJournal): Promise<void> {
  for (const { id } of await listKeys(google, args)) if (!before.includes(id)) await deleteKey(google, { ...args, id });
}

/** New organisations forbid keys. https://docs.cloud.google.com/resource-manager/docs/secure-by-default-organizations */
function forbidden(error: unknown): unknown {
  if (!(error instanceof UserError) || error.code !== 'ORG_POLICY') return error;
  return new UserError({
    code: 'KEY_FORBIDDEN',
    message: `No key was made. ${error.message}`,
    hint: 'Go without a key: mlflow-gcp init --credentials keyless --impersonator user:YOUR_EMAIL',
    docs: 'https://docs.cloud.google.com/resource-manager/docs/organization-policy/restricting-service-accounts',
    cause: error,
  });
}

function otherAccount(file: string, is: string, should: string): UserError {
  return new UserError({
    code: 'KEY_FILE_TAKEN',
    message: `${file} holds a key of ${is}, and not of ${should}; it was left alone.`,
    hint: 'Name another file with --key-file.',
  });
}
