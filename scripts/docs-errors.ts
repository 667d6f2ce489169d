import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const CODE = /'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)'/g;
/** What Node.js, OpenSSL and Google call things, and what commander's own codes become. */
const FOREIGN = /^(?:E[A-Z]+|UND_ERR_.*|POSTGRES_.*)$/;
/** Simulated services answer with Google's codes, which are not the program's. */
const SKIPPED = /^(?:local\/simulator|templates)\//;
const STATUS: Record<string, number> = { UsageError: 2, AccessError: 3, InterruptedError: 130 };

export interface DocumentedError {
  code: string;
  status: number;
  /** What to do, where it is the same each time; values that differ stand as `…`. */
  hint: string;
  /** Files below src/ that it comes from. */
  files: string[];
}

/** What commander refuses; src/cli.ts makes codes of its names. */
const FROM_THE_COMMAND_LINE: Array<[string, string]> = [
  ['UNKNOWN_COMMAND', 'The nearest command, where one is near; else `mlflow-gcp --help`'],
  ['UNKNOWN_OPTION', 'The nearest option, where one is near; else `--help` after the command'],
  ['OPTION_MISSING_ARGUMENT', '`--help` after the command tells what the option takes'],
  ['MISSING_ARGUMENT', '`--help` after the command tells what it takes'],
  ['EXCESS_ARGUMENTS', '`--help` after the command tells what it takes'],
];

/** Every code that the program can end with, by name. Read from the source: `code:` literals, and the nearest hint and class. */
export function documentedErrors(): DocumentedError[] {
  const found = new Map<string, DocumentedError>();
  const add = (one: DocumentedError): void => {
    const known = found.get(one.code);
    if (known === undefined) found.set(one.code, one);
    else {
      known.files = [...new Set([...known.files, ...one.files])];
      // Two places that say different things say them about different things.
      if (known.hint !== one.hint) known.hint = '';
    }
  };
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => name.endsWith('.ts') && !SKIPPED.test(name))
    .sort();
  for (const file of files) for (const one of inFile(file)) add(one);
  for (const [code, hint] of FROM_THE_COMMAND_LINE) add({ code, status: 2, hint, files: ['cli.ts'] });
  return [...found.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

function inFile(file: string): DocumentedError[] {
  const lines = readFileSync(path.join(root, 'src', file), 'utf8').split('\n');
  const listed = lines.flatMap((line, at) => {
    const fact = /(?:^|[{ ])code: (.*)$/.exec(line)?.[1];
    if (fact === undefined || line.trimStart().startsWith('*')) return [];
    const codes = [...fact.split(', hint')[0]!.matchAll(CODE)].map((match) => match[1] ?? '');
    return codes
      .filter((code) => !FOREIGN.test(code))
      .map((code) => ({ code, status: statusOf(lines, at), hint: hintOf(lines, at), files: [file] }));
  });
  return file === 'project/model-errors.ts' ? [...listed, ...modelErrors(lines, file)] : listed;
}

/** The model program's own codes are the keys of a table, with MODEL_ put before. */
function modelErrors(lines: string[], file: string): DocumentedError[] {
  return lines.flatMap((line) => {
    const key = /^ {2}([a-z_]+): \(/.exec(line)?.[1];
    return key === undefined ? [] : [{ code: `MODEL_${key.toUpperCase()}`, status: 1, hint: '', files: [file] }];
  });
}

/** By the class that is thrown with these facts, or by `access` beside them. */
function statusOf(lines: string[], at: number): number {
  const around = lines.slice(Math.max(0, at - 3), at + 1).join('\n');
  const classes = [...around.matchAll(/new ([A-Za-z]*Error)\(|: ([A-Za-z]*Error) \{/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const named = classes.at(-1);
  if (named !== undefined && STATUS[named] !== undefined) return STATUS[named];
  if (lines.slice(at, at + 4).some((line) => line.includes("'INTERRUPTED'"))) return 130;
  const facts = lines.slice(Math.max(0, at - 2), at + 4).join('\n');
  return /access: true/.test(facts) ? 3 : 1;
}

/** The hint that follows, if it is one literal; of a template, the values are left open. */
function hintOf(lines: string[], at: number): string {
  const text = lines.slice(at, at + 14).join('\n');
  const next = text.indexOf('code: ', text.indexOf('code: ') + 6);
  const here = next === -1 ? text : text.slice(0, next);
  const literal = /\bhint:\s*(?:\([^)]*\) => )?\s*(?:'((?:[^'\\]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/.exec(here);
  const words = (literal?.[1] ?? literal?.[2] ?? '').replaceAll(/\\(.)/g, (_whole, sign) => (sign === 'n' ? ' ' : sign));
  // A value that is worked out on the spot cannot be read off.
  return /\$\{[^}]*(?:`|$)/.test(words) ? '' : words.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…').replaceAll('\n', ' ');
}
