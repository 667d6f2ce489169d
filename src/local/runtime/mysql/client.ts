/** How the operator signs in: by an option file, so that no password stands in a process's arguments. */
export interface MysqlAccess {
  client: string;
  optionFile: string;
}

/** What the server refused, in its own words: `ERROR 1396 (HY000) …`. Never holds the statement. */
export class MysqlError extends Error {
  override readonly name = 'MysqlError';
}

const PATIENCE_MS = 60_000;

/**
 * Runs these statements one after the other as the operator, until one is refused. Resolves with the rows of all of them, columns split.
 * They go through the client's standard input: a password in them is in no argument list. Throws {@link MysqlError}.
 */
export async function runSql(access: MysqlAccess, statements: string[]): Promise<string[][]> {
  const { execa } = await import('execa');
  const result = await execa(
    access.client,
    [`--defaults-file=${access.optionFile}`, '--batch', '--skip-column-names', '--binary-mode'],
    {
      input: statements.map((statement) => `${statement};\n`).join(''),
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', MYSQL_HISTFILE: '/dev/null' },
      extendEnv: false,
      cwd: '/',
      reject: false,
      timeout: PATIENCE_MS,
    },
  );
  if (result.failed) throw new MysqlError(wordsOf(result.stderr) || 'the client gave no answer');
  return result.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
}

/** What the server said last; a piece of the statement that it may repeat is left out. */
function wordsOf(output: string): string {
  return (output.trim().split('\n').at(-1) ?? '').replace(/ near '.*/, '');
}

/** Whether the server takes connections. */
export async function answers(access: MysqlAccess): Promise<boolean> {
  try {
    await runSql(access, ['SELECT 1']);
    return true;
  } catch (error) {
    if (error instanceof MysqlError) return false;
    throw error;
  }
}

/** The client's option file. The password is one of ours, which needs no quoting. */
export function clientOptions(socket: string, user: string, password: string): string {
  const lines = { user, password, socket, protocol: 'socket', 'default-character-set': 'utf8mb4', 'connect-timeout': '5' };
  return `[client]\n${Object.entries(lines)
    .map(([name, value]) => `${name} = "${value}"\n`)
    .join('')}`;
}
