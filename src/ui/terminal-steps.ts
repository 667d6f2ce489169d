import stringWidth from 'fast-string-width';
import ora, { type Ora } from 'ora';
import type { Deps } from '../deps.ts';
import { sayDuration, sayUsual } from './duration.ts';
import type { ShowSteps } from './make-ui.ts';
import type { Paint } from './paint.ts';

interface Running {
  title: string;
  detail: string;
  started: number;
  usualSeconds: number | undefined;
}

/** A step this long shows its elapsed time. */
const PATIENCE_SECONDS = 2;
const TICK_MS = 500;
/** More lines than a window has could not be taken back. */
const MOST_LINES = 12;

/**
 * Steps on a terminal: those that run stand under one spinner with their elapsed time, and each leaves a line when it ends.
 * This module brings ora in: import it where a terminal is written to.
 */
export function terminalSteps(stderr: Deps['stderr'], paint: Paint, color: boolean): ShowSteps {
  const running: Running[] = [];
  // stdin stays as it is: Ctrl-C has to come as a signal, and a prompt may follow.
  const spinner = ora({
    stream: stderr as unknown as NodeJS.WritableStream,
    discardStdin: false,
    isEnabled: true,
    color: color ? 'cyan' : false,
  });
  let ticker: NodeJS.Timeout | undefined;

  const redraw = () => {
    const width = Math.max(20, stderr.columns || 80) - 2;
    const lines = running.slice(0, MOST_LINES).map((step) => describe(step, width));
    const more = running.length - lines.length;
    spinner.text = [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n  ');
  };
  const begin = (step: Running) => {
    running.push(step);
    redraw();
    if (running.length > 1) return;
    spinner.start();
    ticker = setInterval(redraw, TICK_MS);
  };
  const end = (step: Running, line: string) => {
    running.splice(running.indexOf(step), 1);
    redraw();
    if (running.length === 0) {
      clearInterval(ticker);
      spinner.stop();
      stderr.write(`${line}\n`);
    } else writeAbove(spinner, stderr, line);
  };

  return async (title, work, options) => {
    const step: Running = { title, detail: '', started: performance.now(), usualSeconds: options.usualSeconds };
    begin(step);
    try {
      const value = await work({
        progress: (detail) => {
          step.detail = detail.split('\n', 1)[0] ?? '';
          redraw();
        },
      });
      const outcome = options.outcome?.(value);
      end(step, `${paint.good('✔')} ${title}${outcome ? `: ${outcome}` : ''} ${paint.dim(`(${sayDuration(secondsOf(step))})`)}`);
      return value;
    } catch (error) {
      end(step, `${paint.bad('✖')} ${title}: failed ${paint.dim(`(${sayDuration(secondsOf(step))})`)}`);
      throw error;
    }
  };
}

function writeAbove(spinner: Ora, stderr: Deps['stderr'], line: string): void {
  spinner.clear();
  stderr.write(`${line}\n`);
  spinner.render();
}

function secondsOf(step: Running): number {
  return (performance.now() - step.started) / 1000;
}

/** One line, cut to the width: a wrapped one could not be taken back. */
function describe(step: Running, width: number): string {
  const seconds = secondsOf(step);
  const facts = [
    ...(seconds >= PATIENCE_SECONDS ? [sayDuration(Math.round(seconds))] : []),
    ...(step.usualSeconds === undefined ? [] : [sayUsual(step.usualSeconds)]),
    ...(step.detail === '' ? [] : [step.detail]),
  ];
  return cut(facts.length === 0 ? step.title : `${step.title} (${facts.join(', ')})`, width);
}

function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let short = text;
  while (stringWidth(short) > width - 1) short = short.slice(0, -1);
  return `${short}…`;
}
