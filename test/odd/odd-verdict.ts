import { stripVTControlCharacters } from 'node:util';
import type { Outcome } from '../support/program.ts';
import type { OddRun } from './odd-doors.ts';

/** As much as a person reads. */
const LONGEST_OUTPUT = 12_000;
/** Shorter values stand in any text. */
const SECRET_ENOUGH = 6;
/** What moves the cursor, colours, or turns the direction of writing round. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** What is wrong with how a run with an odd value ended; nothing where it was taken, or refused as it should be. */
export function wrongWith(raw: Outcome, run: OddRun, secrets: string[]): string[] {
  // Colours may be asked for; they are no value's.
  const outcome =
    run.door === 'FORCE_COLOR'
      ? { ...raw, stdout: stripVTControlCharacters(raw.stdout), stderr: stripVTControlCharacters(raw.stderr) }
      : raw;
  const { status, stdout, stderr } = outcome;
  const shown = stdout + stderr;
  // Stacks, which repeat the message, are what it is for.
  const verbose = run.args.includes('--verbose') || run.door.includes('VERBOSE');
  const faults: string[] = [];
  if (![0, 1, 2, 3].includes(status)) faults.push(`ended with ${status}`);
  if (!verbose && /^\s+at .*:\d+:\d+\)?$/m.test(shown)) faults.push(`shows a stack: ${shown.slice(0, 400)}`);
  const control = CONTROL.exec(shown);
  if (control) faults.push(`writes control characters: ${JSON.stringify(around(shown, control.index))}`);
  if (status !== 0) faults.push(...wrongRefusal(outcome, verbose));
  const hidden = [...secrets, ...(run.secret === undefined ? [] : [run.secret.trim()])];
  // Nor is a word of the program's own one that could be kept from anybody.
  for (const secret of hidden.filter((one) => one.length >= SECRET_ENOUGH && !'mlflow-gcp'.includes(one)))
    if (!run.args.includes(secret) && shown.includes(secret))
      faults.push(`shows a secret: ${JSON.stringify(secret.slice(0, 60))}`);
  return faults;
}

function wrongRefusal({ status, stdout, stderr }: Outcome, verbose: boolean): string[] {
  const faults: string[] = [];
  const document = errorDocument(stdout);
  const code = document?.code ?? /^Error \(([A-Z_]+)\): \S/m.exec(stderr)?.[1];
  const hint = document?.hint ?? /^Next: (\S.*)/m.exec(stderr)?.[1];
  if (code === undefined) faults.push(`no code (${status}): ${(stdout + stderr).slice(0, 400)}`);
  if (code === 'INTERNAL') faults.push(`a fault of the program: ${(stdout + stderr).slice(0, 1500)}`);
  if (!/\S/.test(hint ?? '')) faults.push(`${code} without a hint`);
  const said = document?.message ?? stderr;
  if (!verbose && said.length > LONGEST_OUTPUT) faults.push(`says ${said.length} characters: ${said.slice(0, 200)}…`);
  return faults;
}

/** The error of the one document on stdout; undefined where the form is another. */
function errorDocument(stdout: string): { code: string; message: string; hint: string } | undefined {
  return stdout.startsWith('{"ok":') ? JSON.parse(stdout).error : undefined;
}

function around(text: string, index: number): string {
  return text.slice(Math.max(0, index - 80), index + 40);
}
