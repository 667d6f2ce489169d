import type { Deps } from '../../deps.ts';
import { UsageError } from '../../errors.ts';
import { readGiven, whyUnreadable } from '../../project/given-file.ts';
import type { Context } from '../command.ts';
import type { setOptions } from '../secrets.ts';

/** Longer than any value of ours; Secret Manager takes 64 KiB. */
const LONGEST = 8192;

/**
 * The value from `--from-file`, from stdin where that is no terminal, or from a hidden question; one line break at its end left out.
 * `check` says true or what is expected. Throws a {@link UsageError} that never repeats the value.
 */
export async function readValue(
  { deps, ui, options }: Context<typeof setOptions>,
  secret: string,
  check: (value: string) => true | string,
): Promise<string> {
  const { fromFile } = options;
  if (fromFile === undefined && (deps.stdin.isTTY === true || ui.interactive)) {
    const message = `New value of ${secret}`;
    return ui.ask.secret({ flag: '--from-file', message, why: 'What is typed is not shown.', validate: check });
  }
  const given = await readText(deps, fromFile ?? '-');
  const value = given.replace(/\r?\n$/, '');
  const verdict = value === '' ? 'nothing was given' : value.length > LONGEST ? 'it is too long' : check(value);
  if (verdict === true) return value;
  throw new UsageError({
    code: 'INVALID_SECRET',
    message: `The value for ${secret} was refused: ${verdict}.`,
    hint: 'Give the value alone on stdin, or name a file with --from-file; in a terminal it is asked for.',
  });
}

async function readText(deps: Deps, file: string): Promise<string> {
  try {
    return await readGiven(deps, file);
  } catch (cause) {
    throw new UsageError({
      code: 'SECRET_FILE_UNREADABLE',
      message: `--from-file: ${file === '-' ? 'stdin' : file} cannot be read (${whyUnreadable(cause)}).`,
      hint: 'Name a file that you may read, or - to give the value on stdin.',
      cause,
    });
  }
}
