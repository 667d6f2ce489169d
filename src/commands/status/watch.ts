import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../errors.ts';
import type { Deployment } from '../../stack/deployment.ts';
import { renderBlocks } from '../../ui/blocks.ts';
import { columnsOf } from '../../ui/make-ui.ts';
import { makePaint } from '../../ui/paint.ts';
import { write } from '../../ui/report.ts';
import type { Context } from '../command.ts';
import type { Look } from './look.ts';
import { statusBlocks } from './report.ts';

const HOME = '\u001b[H';
const CLEAR = '\u001b[2J';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export interface Watch {
  deployment: Deployment;
  look(): Promise<Look>;
  /** Whether this look is the last. */
  isLast(look: Look): boolean;
  seconds: number;
  /** Nothing is shown: `--json` prints one document at the end. */
  silent: boolean;
}

/**
 * Looks again and again: on a terminal one picture drawn anew, elsewhere the first look and then a line for each thing that changed. A
 * look that fails for want of an answer is told, and the next one comes. Returns the last look; Ctrl-C throws what the signal says.
 */
export async function watch({ deps, settings }: Pick<Context, 'deps' | 'settings'>, watched: Watch): Promise<Look> {
  const { stdout, signal } = deps;
  const screen = stdout.isTTY === true && !settings.quiet;
  if (screen && !watched.silent) await write(stdout, CLEAR);
  let before: Look | undefined;
  for (;;) {
    signal.throwIfAborted();
    const now = await lookOrError(watched);
    if (!watched.silent) await write(stdout, screen ? picture(deps, watched, now) : changes(deps, watched, before, now));
    if (!(now instanceof UserError)) {
      if (watched.isLast(now)) return now;
      before = now;
    }
    await delay(watched.seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function lookOrError({ look }: Watch): Promise<Look | UserError> {
  try {
    return await look();
  } catch (error) {
    // Who may not look will not be let in the next time either.
    if (error instanceof UserError && error.exitStatus === 1) return error;
    throw error;
  }
}

function picture(deps: Context['deps'], { deployment, seconds }: Watch, now: Look | UserError): string {
  const columns = columnsOf(deps.stdout);
  const text =
    now instanceof UserError
      ? `${now.message}\n`
      : renderBlocks(statusBlocks(deployment, now), { columns, paint: makePaint(false) });
  const foot = `${clock(deps)}, again every ${seconds} s. Ctrl-C ends it.`;
  const lines = `${text}\n${foot}`.split('\n').map((line) => `${line}${CLEAR_LINE}`);
  return `${HOME}${lines.join('\n')}\n${CLEAR_BELOW}`;
}

function changes(deps: Context['deps'], { deployment }: Watch, before: Look | undefined, now: Look | UserError): string {
  if (now instanceof UserError) return `${clock(deps)}  ${now.message.split('\n')[0]}\n`;
  if (before === undefined) return renderBlocks(statusBlocks(deployment, now), { columns: undefined, paint: makePaint(false) });
  const old = factsOf(before);
  return Object.entries(factsOf(now))
    .filter(([what, state]) => old[what] !== state)
    .map(([what, state]) => `${clock(deps)}  ${what}: ${old[what] ?? 'missing'} → ${state}\n`)
    .join('');
}

function factsOf({ resources, server }: Look): Record<string, string> {
  const facts = resources.map(({ title, state, differences, note }) => {
    const more = [...differences, note ?? []].flat().join('; ');
    return [title, more === '' ? state : `${state} (${more})`];
  });
  return { ...Object.fromEntries(facts), Server: server.state };
}

function clock({ now }: Context['deps']): string {
  return now().toLocaleTimeString('en-GB', { hour12: false });
}
