import { chmodSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { UserError } from '../../errors.ts';

const SQLITE_BUSY = 5;

/**
 * Opens the database of a data folder for this process alone: the lock goes with the process, however it ends.
 * Throws a UserError when another process has it, or when the file is not a database.
 */
export async function openDatabase(file: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await importSqlite();
  const database = new DatabaseSync(file);
  try {
    chmodSync(file, 0o600);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec('BEGIN EXCLUSIVE; COMMIT;');
    return database;
  } catch (error) {
    database.close();
    throw refusal(file, error);
  }
}

function refusal(file: string, cause: unknown): unknown {
  const code = (cause as { errcode?: number }).errcode;
  if (code === undefined) return cause;
  if ((code & 0xff) === SQLITE_BUSY) {
    return new UserError({
      code: 'SIMULATOR_DATA_IN_USE',
      message: `Another simulator is using ${file}.`,
      hint: 'Stop it, or give this one a folder of its own with --data DIR.',
      cause,
    });
  }
  return new UserError({
    code: 'SIMULATOR_DATA_UNREADABLE',
    message: `${file} cannot be read as the simulator's database.`,
    hint: 'Delete the folder if nothing in it is needed, or give another one with --data DIR.',
    cause,
  });
}

/** Node 22 calls its SQLite experimental on stderr at each start, which a user can do nothing about: that one warning is left out. */
async function importSqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).startsWith('SQLite is an experimental feature')) Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
