import type { Writable } from 'node:stream';
import { sayDuration, sayUsual } from './duration.ts';
import type { ShowSteps } from './make-ui.ts';

/** A line now and then tells whoever reads a CI log that a long step still runs, and keeps CI systems from ending a silent job. */
const STILL_RUNNING_MS = 60_000;

/** Steps as lines without control codes: one at the start, one at the end with the duration, and one a minute between. */
export function plainSteps(stderr: Writable): ShowSteps {
  return async (title, work, options) => {
    const started = performance.now();
    const elapsed = () => sayDuration((performance.now() - started) / 1000);
    let detail = '';
    stderr.write(`start  ${title}${options.usualSeconds === undefined ? '' : ` (${sayUsual(options.usualSeconds)})`}\n`);
    const timer = setInterval(() => stderr.write(`wait   ${title} (${elapsed()}${detail && `, ${detail}`})\n`), STILL_RUNNING_MS);
    timer.unref();
    try {
      const value = await work({
        progress: (word) => {
          detail = word;
        },
      });
      const outcome = options.outcome?.(value);
      stderr.write(`done   ${title}${outcome ? `: ${outcome}` : ''} (${elapsed()})\n`);
      return value;
    } catch (error) {
      stderr.write(`failed ${title} (${elapsed()})\n`);
      throw error;
    } finally {
      clearInterval(timer);
    }
  };
}

/** Steps that are run and not shown, for `--json` and `--quiet`. */
export const silentSteps: ShowSteps = (_title, work) => work({ progress: () => undefined });
