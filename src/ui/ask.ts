import { InterruptedError, UsageError, UserError } from '../errors.ts';
import { type Missing, missingAnswers } from './missing.ts';
import type { Modes } from './modes.ts';
import type { Answers, Ask, ConfirmQuestion, SearchQuestion, SelectQuestion, TextQuestion, WizardQuestion } from './ui.ts';
import { walk } from './wizard.ts';

/** Whether Esc leaves the prompt, which then throws a GoBack. */
export interface PromptOptions {
  back: boolean;
}

/** What draws the prompts; it is loaded when the first question is asked. */
export interface Prompter {
  text(question: TextQuestion, options: PromptOptions): Promise<string>;
  secret(question: TextQuestion, options: PromptOptions): Promise<string>;
  select(question: SelectQuestion, options: PromptOptions): Promise<string>;
  search(question: SearchQuestion, options: PromptOptions): Promise<string>;
  confirm(question: ConfirmQuestion, options: PromptOptions): Promise<boolean>;
}

export interface AskParts {
  modes: Modes;
  /** The command line as it was given, from the program's name on. */
  commandLine: string[];
  prompter(): Promise<Prompter>;
  /** Writes a line for people. */
  say(text: string): void;
}

type DataQuestion = Exclude<WizardQuestion, { kind: 'confirm' }>;
const LAST_STAND: PromptOptions = { back: false };

/** The asking part of a Ui: decides for each question whether a person, a default or nobody answers it. */
export function makeAsk({ modes, commandLine, prompter, say }: AskParts): Ask {
  const { interactive, yes } = modes;
  const fail = (missing: Missing[]) => missingAnswers(missing, commandLine);
  const prompt = async <T>(question: WizardQuestion, draw: (prompter: Prompter) => Promise<T>): Promise<T> => {
    try {
      return await draw(await prompter());
    } catch (error) {
      throw asInterruption(error, question.interruption);
    }
  };

  /** The answer of a data question: its default without asking anybody, or what a person says. */
  async function data(question: DataQuestion, options: PromptOptions): Promise<string> {
    const answer = yes || !interactive ? question.default : undefined;
    if (answer !== undefined) return valid(question, answer);
    if (!interactive) throw fail([question.kind === 'search' ? { flag: question.flag, message: question.message } : question]);
    return prompt(question, (drawn) => {
      if (question.kind === 'select') return drawn.select(question, options);
      // A list of nothing is a line to type on.
      if (question.kind === 'search' && question.choices.length > 0) return drawn.search(question, options);
      return question.kind === 'secret' ? drawn.secret(question, options) : drawn.text(question, options);
    });
  }
  async function confirm(question: ConfirmQuestion, options: PromptOptions): Promise<boolean> {
    if (!interactive && question.unattended !== undefined) return question.unattended;
    if (yes) return true;
    if (!interactive) throw fail([{ flag: '--yes', message: question.message }]);
    return prompt({ kind: 'confirm', ...question }, (drawn) => drawn.confirm(question, options));
  }

  return {
    text: (question) => data({ kind: 'text', ...question }, LAST_STAND),
    secret: (question) => data({ kind: 'secret', ...question }, LAST_STAND),
    select: (question) => data({ kind: 'select', ...question }, LAST_STAND),
    confirm: (question) => confirm(question, { back: question.back === true }),
    agree: async (question) => {
      if (!(await confirm(question, { back: question.back === true }))) throw declined();
    },
    all: async (questions, options = {}) => {
      const unagreed = options.agreesLater && !interactive && !yes && !modes.dryRun;
      const { answers, missing } = await walk(
        questions,
        {
          person: interactive && !yes,
          one: (question, how) => (question.kind === 'confirm' ? confirm(question, how) : data(question, how)),
          check: valid,
          say,
          commandLine,
        },
        options,
      );
      const all = unagreed ? [...missing, { flag: '--yes', message: 'Agree to the plan' }] : missing;
      if (all.length > 0) throw fail(all);
      return { ...answers } as Answers<typeof questions>;
    },
  };
}

/** The same check for an answer that was given by flag as for one that was typed. */
function valid(question: WizardQuestion, answer: string): string {
  const wrong =
    question.kind === 'select' ? checkChoice(question, answer) : 'validate' in question ? question.validate?.(answer) : true;
  if (wrong === undefined || wrong === true) return answer;
  throw new UsageError({
    code: 'INVALID_VALUE',
    message: `${question.flag} is ${JSON.stringify(answer)}: ${wrong}.`,
    hint: `Give ${question.flag} another value, or leave it out to be asked.`,
  });
}

function checkChoice(question: SelectQuestion, answer: string): true | string {
  if (question.choices.some(({ value }) => value === answer)) return true;
  const flagged = question.choices.filter(({ unflagged }) => !unflagged);
  return `expected one of ${flagged.map(({ value }) => value).join(', ')}`;
}

function declined(): UserError {
  return new UserError({
    code: 'DECLINED',
    message: 'Nothing was done, because the answer was no.',
    hint: 'Run the command again to decide anew; --dry-run shows what would be done.',
  });
}

/** Inquirer's own names for Ctrl-C and for an aborted signal (https://github.com/SBoudrias/Inquirer.js#handling-ctrlc-gracefully). */
function asInterruption(error: unknown, told: { message: string; hint: string } | undefined): unknown {
  if (!(error instanceof Error) || !['ExitPromptError', 'AbortPromptError', 'CancelPromptError'].includes(error.name))
    return error;
  const usual = {
    message: 'Interrupted at a question.',
    hint: 'Run the same command again to start over; answers can also be given as flags.',
  };
  return new InterruptedError({ ...usual, ...told, cause: error });
}
