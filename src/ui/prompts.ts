import { confirm, input, password, select } from '@inquirer/prompts';
import type { Deps } from '../deps.ts';
import type { Prompter } from './ask.ts';

/** Prompts on stderr, so that stdout holds the result alone. This module brings Inquirer in: import it when a question is asked. */
export function makePrompter({ stdin, stderr, signal }: Deps): Prompter {
  const context = { input: stdin, output: stderr, signal };
  const explain = (why: string | undefined) => {
    if (why !== undefined) stderr.write(`${why}\n`);
  };
  return {
    text: async ({ message, why, default: fallback, validate }) => {
      explain(why);
      const check = validate ?? ((text: string) => text !== '' || 'an answer is needed');
      const rest = fallback === undefined ? {} : { default: fallback };
      return (await input({ message, validate: (text) => check(text.trim()), ...rest }, context)).trim();
    },
    secret: ({ message, why, validate }) => {
      explain(why);
      return password({ message, mask: true, validate: validate ?? ((text) => text !== '' || 'an answer is needed') }, context);
    },
    select: ({ message, why, choices, default: fallback }) => {
      explain(why);
      const rows = choices.map(({ value, label, description }) => ({
        value,
        name: label,
        ...(description ? { description } : {}),
      }));
      return select({ message, choices: rows, ...(fallback === undefined ? {} : { default: fallback }) }, context);
    },
    confirm: ({ message, why, default: fallback }) => {
      explain(why);
      return confirm({ message, default: fallback ?? false }, context);
    },
  };
}
