import path from 'node:path';
import type { Deps } from '../../deps.ts';
import { UsageError } from '../../errors.ts';
import { readGiven, whyUnreadable } from '../../project/given-file.ts';
import type { Context } from '../command.ts';
import type { initOptions } from '../init.ts';
import { checkPassword } from './init-checks.ts';

/** The password of `--password-file`, one line break at its end left out; undefined where none was given. */
export async function givenPassword({
  deps,
  options,
}: Pick<Context<typeof initOptions>, 'deps' | 'options'>): Promise<string | undefined> {
  const { passwordFile } = options;
  if (passwordFile === undefined) return undefined;
  const text = await readPassword(deps, passwordFile);
  const password = text.replace(/\r?\n$/, '');
  const verdict = checkPassword(password);
  if (verdict === true) return password;
  throw new UsageError({
    code: 'INVALID_PASSWORD',
    message: `--password-file: ${verdict}.`,
    hint: 'Put the password alone into the file, or leave the flag out to have one made up.',
  });
}

async function readPassword(deps: Deps, given: string): Promise<string> {
  try {
    return await readGiven(deps, given);
  } catch (cause) {
    const file = given === '-' ? 'stdin' : path.resolve(deps.cwd, given);
    throw new UsageError({
      code: 'PASSWORD_FILE_UNREADABLE',
      message: `--password-file: ${file} cannot be read (${whyUnreadable(cause)}).`,
      hint: 'Name a file that you may read, or - to give the password on stdin.',
      cause,
    });
  }
}
