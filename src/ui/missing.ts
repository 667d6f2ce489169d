import { UsageError } from '../errors.ts';
import { shellWord } from './shell-word.ts';

/** A question that got no answer. */
export interface Missing {
  flag: string;
  message: string;
  choices?: Array<{ value: string }>;
}

/**
 * The one error for all answers that are missing where nobody can be asked. Its hint ends with the whole command line, the
 * missing flags added; `commandLine` is what was typed, from the program's name on.
 */
export function missingAnswers(missing: Missing[], commandLine: string[]): UsageError {
  const distinct = missing.filter((one, index) => missing.findIndex((other) => other.flag === one.flag) === index);
  const width = Math.max(...distinct.map((one) => one.flag.length));
  const lines = distinct.map((one) => `  ${one.flag.padEnd(width)}  ${one.message}${choicesOf(one)}`);
  const additions = distinct.flatMap((one) => (one.flag === '--yes' ? ['--yes'] : [one.flag, placeholder(one)]));
  return new UsageError({
    code: 'MISSING_ANSWER',
    message: `${distinct.length === 1 ? 'An answer is' : `${distinct.length} answers are`} missing, and nobody can be asked here:\n${lines.join('\n')}`,
    hint: `Give ${distinct.length === 1 ? 'it' : 'them'} on the command line:\n  ${[...commandLine.map(shellWord), ...additions].join(' ')}`,
  });
}

function choicesOf({ choices }: Missing): string {
  return choices ? ` (${choices.map((choice) => choice.value).join(', ')})` : '';
}

/** A word that a shell takes as it is, so that the line can be pasted before it is filled in. */
function placeholder({ flag, choices }: Missing): string {
  return choices?.[0]?.value ?? flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase();
}
