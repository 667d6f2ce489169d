import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { type Document, LineCounter, parseDocument, stringify } from 'yaml';
import type { z } from 'zod';
import { UsageError, UserError } from '../errors.ts';
import { type Config, configSchema } from './config-schema.ts';
import { readGivenFile, whyUnreadable } from './given-file.ts';

export const CONFIG_FILE = 'mlflow-gcp.yaml';

export interface ConfigFile {
  path: string;
  /** What the file says, defaults left out: the layer below flags and environment. */
  raw: Record<string, unknown>;
  config: Config;
}

/**
 * Looks for `mlflow-gcp.yaml` in `from` and the folders above, as far as the root of the git repository or the home folder.
 * Returns its absolute path, or undefined.
 */
export async function findConfig(from: string): Promise<string | undefined> {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, CONFIG_FILE);
    if (await exists(candidate)) return candidate;
    const last = (await exists(path.join(folder, '.git'))) || folder === homedir() || folder === path.dirname(folder);
    if (last) return undefined;
  }
}

/**
 * Reads and checks the file. Throws a {@link UsageError} that names line, column and what was expected; a file that cannot be
 * read is a {@link UserError}.
 */
export async function loadConfig(file: string): Promise<ConfigFile> {
  const text = await readConfigText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, logLevel: 'error' });
  const broken = document.errors[0];
  if (broken) {
    const at = lines.linePos(broken.pos[0]);
    throw invalid(file, at, `not valid YAML: ${broken.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')}`);
  }
  const raw = valuesOf(document, file);
  const checked = configSchema.safeParse(raw);
  if (!checked.success) {
    const issue = checked.error.issues[0] as z.core.$ZodIssue;
    const node = nodeRange(document, issue);
    throw invalid(file, lines.linePos(node), describe(issue, raw));
  }
  return { path: file, raw: raw as Record<string, unknown>, config: checked.data };
}

/** The document's values. Anchors that name themselves or nothing, or that multiply, come to light here. */
function valuesOf(document: Document.Parsed, file: string): unknown {
  try {
    const values: unknown = document.toJS() ?? {};
    // What refers to itself has no such text; what is small and says much has a long one.
    JSON.stringify(values);
    return values;
  } catch (error) {
    if (!(error instanceof ReferenceError || error instanceof TypeError)) throw error;
    throw invalid(file, { line: 1, col: 1 }, 'its anchors and aliases cannot be resolved, and it needs none');
  }
}

/** The text of a new `mlflow-gcp.yaml`: every value, so that the file tells what was decided. */
export function configText(config: Config): string {
  const head = [
    '# What this MLflow deployment is made of. Change a value and run `mlflow-gcp init` again to bring Google Cloud in line with it.',
    '# Flags and MLFLOW_GCP_… environment variables win over this file.',
  ];
  const { artifacts, credentials, ci, ...rest } = config;
  const plain = credentials.kind === 'keyless' && credentials.impersonators.length === 0;
  const values = {
    ...rest,
    ...(artifacts.bucket !== undefined && { artifacts }),
    ...(!plain && { credentials }),
    ...(ci.github !== undefined && { ci }),
  };
  // Through JSON, so that values left undefined leave no key behind.
  return `${head.join('\n')}\n${stringify(JSON.parse(JSON.stringify(values)))}`;
}

async function readConfigText(file: string): Promise<string> {
  try {
    return await readGivenFile(file);
  } catch (cause) {
    throw new UserError({
      code: 'CONFIG_UNREADABLE',
      message: `${file} cannot be read (${whyUnreadable(cause)}).`,
      hint: 'Name another file with --config, or make one with: mlflow-gcp init',
      cause,
    });
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** The character offset of what an issue is about: the unknown key itself, the value, or the nearest parent that is there. */
function nodeRange(document: ReturnType<typeof parseDocument>, issue: z.core.$ZodIssue): number {
  const keys = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : [...issue.path];
  for (let length = keys.length; length > 0; length--) {
    const node = document.getIn(keys.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

function describe(issue: z.core.$ZodIssue, raw: unknown): string {
  const place = issue.path.join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') return `unknown key ${[...issue.path, issue.keys[0]].join('.')}`;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], raw);
  const got = value === undefined ? 'it is missing' : `it is ${JSON.stringify(value)}`;
  return issue.code === 'invalid_format'
    ? `${place} must be ${issue.message}; ${got}`
    : `${place}: ${issue.message.replace(/^Invalid input: /, '')}; ${got}`;
}

function invalid(file: string, at: { line: number; col: number }, what: string): UsageError {
  return new UsageError({
    code: 'CONFIG_INVALID',
    message: `${file}:${at.line}:${at.col}: ${what}.`,
    hint: `Correct line ${at.line} of ${path.basename(file)}; docs/mlflow-gcp.schema.json of this package describes every key.`,
  });
}
