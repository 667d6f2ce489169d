import type { Writable } from 'node:stream';
import type { Deps } from '../deps.ts';
import { renderBlocks } from './blocks.ts';
import type { Failure } from './failure.ts';
import { columnsOf } from './make-ui.ts';
import type { Modes } from './modes.ts';
import { makePaint } from './paint.ts';
import { readable, readableJson } from './readable.ts';
import type { CommandResult } from './ui.ts';

/** Prints what a command returned: the blocks for people, or the one JSON document. A failure in the result goes after the blocks. */
export async function reportResult(result: CommandResult, failure: Failure | undefined, deps: Deps, modes: Modes): Promise<void> {
  if (modes.json) {
    const ok = failure === undefined;
    const error = ok ? {} : { error: errorDocument(failure) };
    return write(deps.stdout, `${readableJson(Object.assign({ ok }, result.data, { ok, ...error }))}\n`);
  }
  await write(deps.stdout, renderBlocks(result.show, { columns: columnsOf(deps.stdout), paint: makePaint(modes.color.stdout) }));
  if (failure !== undefined) await write(deps.stderr, failureText(failure, modes));
}

/** Prints a failure: on stderr for people, as the one JSON document on stdout with `--json`. The stack comes with `--verbose` alone. */
export async function reportFailure(failure: Failure, deps: Deps, modes: Modes): Promise<void> {
  if (!modes.json) return write(deps.stderr, failureText(failure, modes));
  if (modes.verbose) await write(deps.stderr, stacks(failure.thrown));
  await write(deps.stdout, `${readableJson({ ok: false, error: errorDocument(failure) })}\n`);
}

function errorDocument({ code, message, hint, docs }: Failure): Record<string, unknown> {
  return { code, message, hint, docs: docs ?? null };
}

function failureText(failure: Failure, modes: Modes): string {
  const paint = makePaint(modes.color.stderr);
  const lines = [
    `${paint.bad(`Error (${failure.code}):`)} ${failure.message}`,
    `${paint.bold('Next:')} ${failure.hint}`,
    ...(failure.docs === undefined || failure.hint.includes(failure.docs) ? [] : [`${paint.bold('More:')} ${failure.docs}`]),
  ];
  // Laid out without a width: hints hold command lines to paste, which a line break would cut in two.
  return (modes.verbose ? stacks(failure.thrown) : '') + `${lines.join('\n')}\n`;
}

/** The stacks of an error and of what caused it. Only stacks: other properties of a network error may hold credentials. */
function stacks(thrown: unknown): string {
  const texts: string[] = [];
  for (let link = thrown, depth = 0; link instanceof Error && depth < 8; link = link.cause, depth++) {
    texts.push(`${depth === 0 ? '' : 'Caused by: '}${readable(link.stack ?? link.message)}\n`);
  }
  return texts.join('');
}

/** Resolves when the text has left the process; rejects when it could not (a full disk). A reader that went away is no error. */
export function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (text === '') return resolve();
    stream.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}
