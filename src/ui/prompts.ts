import { confirm, input, password, search, select } from '@inquirer/prompts';
import type { Deps } from '../deps.ts';
import type { Prompter } from './ask.ts';
import { renderBlocks } from './blocks.ts';
import { GoBack } from './go-back.ts';
import { columnsOf } from './make-ui.ts';
import { makePaint } from './paint.ts';
import type { Choice } from './ui.ts';

/**
 * Prompts on stderr, so that stdout holds the result alone. This module brings Inquirer in: import it when a question is asked.
 * `color`: whether stderr gets colours; Inquirer itself knows nothing of `--no-color`.
 */
export function makePrompter(deps: Deps, color: boolean): Prompter {
  const paint = makePaint(color);
  const draw = drawOn(deps);
  const fold = folder(deps.stderr);
  const themeOf = (why: string | undefined) => {
    // In the lines above the question, as a part of the prompt: they go from the screen with it.
    const above = why === undefined ? '' : `${fold(why)}\n`;
    const prefix = { idle: `${above}${paint.bold('?')}`, done: `${above}${paint.good('✔')}` };
    return color ? { prefix } : { prefix, style: COLOURLESS, spinner: { interval: 80, frames: ['⠋', '⠙', '⠹', '⠸'] } };
  };
  const rowOf = ({ value, label, description }: Choice): Row => {
    return { value, name: label, short: label, ...(description ? { description: fold(description) } : {}) };
  };
  return {
    text: async ({ message, why, default: fallback, validate = notEmpty }, { back }) => {
      const config = { message, theme: themeOf(why), validate: (text: string) => validate(text.trim()), ...defaultOf(fallback) };
      return (await draw(back, (context) => input(config, context))).trim();
    },
    secret: ({ message, why, validate = notEmpty }, { back }) =>
      draw(back, (context) => password({ message, theme: themeOf(why), mask: true, validate }, context)),
    select: ({ message, why, choices, default: fallback }, { back }) => {
      const config = { message, theme: themeOf(why), choices: choices.map(rowOf), ...defaultOf(fallback) };
      return draw(back, (context) => select(config, context));
    },
    search: ({ message, why, choices, default: fallback, validate = notEmpty }, { back }) => {
      const listed = withValue(choices, fallback);
      const source = (term: string | undefined) => {
        const { found, further } = matching(listed, term?.trim() ?? '', validate);
        return [...found.map(rowOf), ...further];
      };
      const config = { message, theme: themeOf(why), source, pageSize: 8, ...defaultOf(fallback) };
      return draw(back, (context) => search(config, context));
    },
    confirm: ({ message, why, default: fallback }, { back }) =>
      draw(back, (context) => confirm({ message, theme: themeOf(why), default: fallback ?? false }, context)),
  };
}

const asItIs = (text: string) => text;
/** Inquirer's styles without their colours. */
const COLOURLESS = {
  answer: asItIs,
  message: asItIs,
  error: (text: string) => `> ${text}`,
  defaultAnswer: (text: string) => `(${text})`,
  help: asItIs,
  highlight: asItIs,
  key: (text: string) => `<${text}>`,
  disabled: (text: string) => `- ${text}`,
  description: asItIs,
  searchTerm: asItIs,
  keysHelpTip: (keys: Array<[string, string]>) => keys.map(([key, action]) => `${key} ${action}`).join(' • '),
};

interface Row {
  value: string;
  name: string;
  short: string;
  description?: string;
  disabled?: string;
}

interface PromptContext {
  input: Deps['stdin'];
  output: Deps['stderr'];
  signal: AbortSignal;
  clearPromptOnDone: boolean;
}

/** Draws prompts until they are answered; with `back`, Esc takes the prompt from the screen and is a {@link GoBack}. */
function drawOn({ stdin, stderr, signal }: Deps) {
  return async <T>(back: boolean, prompt: (context: PromptContext) => Promise<T>): Promise<T> => {
    const context = { input: stdin, output: stderr, signal, clearPromptOnDone: false };
    if (!back) return prompt(context);
    const leave = new AbortController();
    // Readline tells a lone Esc from the beginning of an arrow key by what follows within half a second.
    const onKey = (_text: string | undefined, key: { name?: string } | undefined): void => {
      if (key?.name !== 'escape') return;
      context.clearPromptOnDone = true;
      leave.abort();
    };
    context.signal = AbortSignal.any([signal, leave.signal]);
    stdin.on('keypress', onKey);
    try {
      return await prompt(context);
    } catch (error) {
      throw leave.signal.aborted && !signal.aborted ? new GoBack() : error;
    } finally {
      stdin.off('keypress', onKey);
    }
  };
}

function notEmpty(text: string): true | string {
  return text !== '' || 'an answer is needed';
}

/** Breaks texts between words, so that they fit; Inquirer would break them within. */
function folder(stderr: Deps['stderr']): (text: string) => string {
  const paint = makePaint(false);
  return (text) => renderBlocks([{ kind: 'text', text }], { columns: columnsOf(stderr), paint }).trimEnd();
}

function defaultOf(fallback: string | undefined): { default?: string } {
  return fallback === undefined ? {} : { default: fallback };
}

/** An answer that was typed before, and is the default now, belongs into the list. */
function withValue(choices: Choice[], value: string | undefined): Choice[] {
  const known = value === undefined || choices.some((choice) => choice.value === value);
  return known ? choices : [{ value, label: value }, ...choices];
}

/** The choices that hold the term, and the term itself where it can be an answer; where nothing is left, why not. */
function matching(
  choices: Choice[],
  term: string,
  validate: (text: string) => true | string,
): { found: Choice[]; further: Row[] } {
  const words = term.toLowerCase();
  const found = choices.filter(({ value, label }) => `${value} ${label}`.toLowerCase().includes(words));
  // Enter takes the first: what was typed whole stands before what holds it as a part.
  found.sort((one, other) => Number(other.value === term) - Number(one.value === term));
  if (term === '' || choices.some(({ value }) => value === term)) return { found, further: [] };
  const verdict = validate(term);
  if (verdict === true) return { found, further: [{ value: term, name: `${term} (not in the list)`, short: term }] };
  return { found, further: found.length > 0 ? [] : [{ value: term, name: term, short: term, disabled: `(${verdict})` }] };
}
